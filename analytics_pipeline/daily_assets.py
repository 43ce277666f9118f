"""What the daily assets have in common: their specification, their dates, and what they show."""

import base64
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import dagster as dg

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Column, Table
from analytics_pipeline.partitions import daily, dates_of
from analytics_pipeline.settings import current_settings

SINGLE_RUN = dg.BackfillPolicy.single_run()


def table_schema(table: Table) -> dg.TableSchema:
    """The Dagster schema of a table, as the UI shows it."""
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
            for column in table.columns
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
    deps: Iterable[dg.AssetKey | str] = (),
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
        metadata={"dagster/column_schema": table_schema(table), **(metadata or {})},
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
        {
            "dagster/partition_row_count": rows,
            "path": dg.MetadataValue.path(str(lake_of_process().partition_file(table, day))),
            **metadata,
        },
        asset_key=table.name,
        partition_key=day.isoformat(),
    )


def shown_rows(table: Table, rows: Iterable[Mapping[Any, Any]]) -> dg.MetadataValue:
    """Some rows of a table, as the UI shows them."""
    kinds = {"VARCHAR": "string", "BOOLEAN": "bool", "DOUBLE": "float", "BIGINT": "int"}
    schema = dg.TableSchema(
        [dg.TableColumn(column.name, kinds.get(column.type, "string")) for column in table.columns]
    )
    records = [dg.TableRecord({name: _shown(value) for name, value in row.items()}) for row in rows]
    return dg.MetadataValue.table(records, schema=schema)


def _shown(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return value.item() if hasattr(value, "item") else str(value)


def as_markdown(png: bytes, description: str) -> str:
    """Markdown that shows a PNG without another file, as the metadata of an asset does."""
    return f"![{description}](data:image/png;base64,{base64.b64encode(png).decode('ascii')})"
