"""What the daily assets have in common: their specification, their dates, and what they show."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import duckdb

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Column, Table, quoted
from analytics_pipeline.markdown_text import described_image
from analytics_pipeline.partitions import daily, dates_of
from analytics_pipeline.settings import current_settings

SINGLE_RUN = dg.BackfillPolicy.single_run()


def table_schema(columns: Iterable[Column]) -> dg.TableSchema:
    """The Dagster schema of a table with these columns, as the UI shows it."""
    return dg.TableSchema(
        [
            dg.TableColumn(
                column.name,
                column.type,
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, other=_constraints(column)
                ),
            )
            for column in columns
        ]
    )


def _constraints(column: Column) -> list[str]:
    constraints = [f"in {column.unit}"] if column.unit else []
    if column.minimum is not None:
        constraints.append(f"at least {column.minimum:g}")
    if column.maximum is not None:
        constraints.append(f"at most {column.maximum:g}")
    if column.accepted:
        constraints.append("one of " + ", ".join(column.accepted))
    return constraints


def daily_spec(
    table: Table,
    *,
    group: str,
    deps: Iterable[dg.AssetKey | str | dg.AssetDep] = (),
    kinds: Iterable[str] = ("duckdb", "parquet"),
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetSpec:
    """The asset of a daily table, with its owner, kinds, schema and place in the graph."""
    return dg.AssetSpec(
        table.name,
        deps=list(deps),
        description=table.description,
        group_name=group,
        kinds=set(kinds),
        owners=[current_settings().owner],
        partitions_def=daily,
        metadata={"dagster/column_schema": table_schema(table.columns), **(metadata or {})},
    )


def lake_of_process() -> Lake:
    """The lake that the settings of this process name."""
    return Lake.of(current_settings())


def requested_dates(context: dg.AssetExecutionContext) -> list[date]:
    """The event dates that this run was asked for, ascending."""
    return dates_of(context.partition_keys)


def describe_partition(
    context: dg.AssetExecutionContext, table: Table, day: date, rows: int, **metadata: Any
) -> None:
    """Attach the row count, the path and further metadata to one partition of an asset."""
    context.add_asset_metadata(
        {**described_partition(table, day, rows), **metadata},
        asset_key=table.name,
        partition_key=day.isoformat(),
    )


def described_partition(table: Table, day: date, rows: int) -> dict[str, Any]:
    """The row count and the path of one partition of a table, as metadata."""
    return {
        "dagster/partition_row_count": rows,
        "path": dg.MetadataValue.path(str(lake_of_process().partition_file(table, day))),
    }


def first_rows(
    lake: Lake, connection: duckdb.DuckDBPyConnection, table: Table, day: date, limit: int = 10
) -> dict[str, dg.MetadataValue[Any]]:
    """The first rows of a table on a day, as metadata; nothing where it has none."""
    return first_rows_by_day(lake, connection, table, [day], limit).get(day, {})


def first_rows_by_day(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    days: Sequence[date],
    limit: int = 10,
) -> dict[date, dict[str, dg.MetadataValue[Any]]]:
    """The first rows of a table on each day that has some, as metadata."""
    columns = ", ".join(quoted(name) for name in table.column_names)
    order = ", ".join(quoted(name) for name in table.order_by)
    found = connection.execute(
        f"SELECT event_date, {columns} FROM {lake.scan(table, days)} QUALIFY row_number() OVER "
        f"(PARTITION BY event_date ORDER BY {order}) <= {limit} ORDER BY event_date, {order}"
    ).fetchall()
    rows: dict[date, list[dict[str, Any]]] = {}
    for day, *values in found:
        rows.setdefault(day, []).append(dict(zip(table.column_names, values, strict=True)))
    return {day: {"first rows": table_metadata(of_day)} for day, of_day in rows.items()}


def describe_looking_back(
    context: dg.AssetExecutionContext,
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rows: Mapping[date, int],
) -> None:
    """Attach row counts, paths and first rows to all dates of an asset that were written.

    A date that was not asked for, but whose rows are made from one that was, is materialized too.
    """
    asked = set(requested_dates(context))
    shown = first_rows_by_day(lake, connection, table, [day for day in rows if rows[day]])
    for day, count in sorted(rows.items()):
        metadata = {**described_partition(table, day, count), **shown.get(day, {})}
        if day in asked:
            context.add_asset_metadata(metadata, table.name, day.isoformat())
        else:
            context.log_event(
                dg.AssetMaterialization(table.name, partition=day.isoformat(), metadata=metadata)
            )


def table_metadata(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """At least one row as a table of the UI."""
    records = [dg.TableRecord({name: _plain(v) for name, v in row.items()}) for row in rows]
    schema = dg.TableSchema([dg.TableColumn(name) for name in rows[0]])
    return dg.MetadataValue.table(records, schema)


def _plain(value: object) -> str | int | float | bool | None:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def as_markdown(image: bytes, description: str, kind: str = "png") -> str:
    """Markdown that shows an image without another file, as the metadata of an asset does."""
    encoded = base64.b64encode(image).decode("ascii")
    return described_image(description, f"data:image/{kind};base64,{encoded}")
