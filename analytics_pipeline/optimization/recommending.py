"""The table of recommendations for a range of days."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from analytics_pipeline.ingestion.quality_tables import QUARANTINE_REASONS
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table, quoted
from analytics_pipeline.optimization.catalog import RECOMMENDED
from analytics_pipeline.optimization.ranking import Judged, ranked, rows
from analytics_pipeline.optimization.recommendation import Context, Kind
from analytics_pipeline.optimization.tables import RECOMMENDATIONS, WINDOW_DAYS

if TYPE_CHECKING:
    import pandas as pd

INGESTED = {table.name: table for table in (FILE_LINE_COUNTS, QUARANTINE_REASONS)}


def supported(tables: Mapping[str, Table]) -> list[Kind]:
    """The kinds whose tables and columns are there; ``tables`` are those of the metrics."""
    known = {**tables, **INGESTED}
    return [
        kind
        for kind in RECOMMENDED.values()
        if all(
            name in known and set(columns) <= set(known[name].column_names)
            for name, columns in kind.reads.items()
        )
    ]


def recommendations(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Table],
    days: Iterable[date],
    context: Context,
) -> "pd.DataFrame":
    """The rows of recommendations of the days, with event_date.

    ``tables`` are those of the metrics by name. Each mart is read once for all days, and each kind
    is one query over all of their windows.
    """
    import pandas as pd

    wanted = sorted(set(days))
    kinds = supported(tables)
    relations = _bind(lake, connection, {**tables, **INGESTED}, kinds, wanted)
    judged: dict[date, list[Judged]] = {day: [] for day in wanted}
    for kind in kinds:
        for figures in _figures(connection, kind.query(relations, context)):
            found = kind.judge(figures, context)
            if found:
                of_day = judged[figures["event_date"]]
                of_day.append((kind.name, found, figures["window_days"], figures["days_observed"]))
    _drop(connection, relations)
    limit = context.settings.optimization.subjects_per_kind
    found_rows = [row for day in wanted for row in rows(day, ranked(judged[day], limit))]
    return pd.DataFrame(found_rows, columns=[*RECOMMENDATIONS.column_names, "event_date"])


def _bind(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Table],
    kinds: Iterable[Kind],
    days: list[date],
) -> dict[str, str]:
    """Read what the kinds need of all windows, and make the relation windows; all temporary."""
    windows = [(day, day - timedelta(days=back)) for day in days for back in range(WINDOW_DAYS)]
    connection.execute("CREATE OR REPLACE TEMP TABLE windows (event_date DATE, day DATE)")
    connection.execute(
        "INSERT INTO windows SELECT unnest($1::DATE[]), unnest($2::DATE[])",
        [[day for day, _ in windows], [other for _, other in windows]],
    )
    read_days = {other for _, other in windows}
    needed: dict[str, set[str]] = {}
    for kind in kinds:
        for name, columns in kind.reads.items():
            needed.setdefault(name, set()).update(columns)
    relations = {name: quoted(f"window_{name}") for name in needed}
    for name, names in needed.items():
        selected = ", ".join(quoted(column) for column in ("event_date", *sorted(names)))
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {relations[name]} AS "
            f"SELECT {selected} FROM {lake.scan(tables[name], read_days)}"
        )
    return relations


def _drop(connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str]) -> None:
    for relation in ("windows", *relations.values()):
        connection.execute(f"DROP TABLE IF EXISTS {relation}")


def _figures(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = connection.execute(query)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
