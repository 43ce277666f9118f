"""The floor: what a bare DuckDB script takes to read typed JSON, write Parquet and compute."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from analytics_pipeline.events.tables import all_fields


def bare_script(landing: Path, destination: Path, threads: int, *, metrics: bool = True) -> None:
    """Read the files as typed JSON, write Parquet by date and, with ``metrics``, compute them.

    No line numbers, no validation, no quarantine, no duplicates, no raw events, no atomicity.
    """
    query = f"""
        SELECT *, coalesce(timestamp, started_at)::DATE AS event_date
        FROM {typed_json(landing / "*/*.jsonl", "ignore_errors = true")}
    """
    with bare_engine(threads) as connection:
        write_parquet(connection, query, destination)
        if metrics:
            connection.execute(f"CREATE VIEW events AS FROM '{destination}/*/*.parquet'")
            for metric in METRICS:
                connection.execute(metric).fetchall()


@contextmanager
def bare_engine(threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB as it comes, with the threads that the pipeline has."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = ?", [threads])
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        yield connection


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, destination: Path) -> None:
    """Write the rows of a query, which have an event_date, as Parquet by date."""
    shutil.rmtree(destination, ignore_errors=True)
    connection.execute(
        f"COPY ({query}) TO '{destination}' (FORMAT parquet, PARTITION_BY (event_date))"
    )


def flat_columns() -> dict[str, str]:
    """The DuckDB type of every field of an event, by its path."""
    return {field.path: field.type.duckdb for field in all_fields().values()}


def typed_columns() -> str:
    """The columns of a native event as DuckDB's readers take them, with context as a struct."""
    columns = {path: kind for path, kind in flat_columns().items() if "." not in path}
    inside = [(path, kind) for path, kind in flat_columns().items() if "." in path]
    members = ", ".join(f"{path.split('.')[1]} {kind}" for path, kind in inside)
    columns["context"] = f"STRUCT({members})"
    return ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())


def typed_json(files: Path, *options: str, form: str = "newline_delimited") -> str:
    """SQL of native events read as typed JSON."""
    listed = ", ".join((f"format = '{form}'", *options, f"columns = {{{typed_columns()}}}"))
    return f"read_json('{files}', {listed})"


METRICS = (
    """
    SELECT
        event_date, count(*), count(*) FILTER (cache_hit), avg(cache_hit::INT), avg(response_time),
        quantile_cont(response_time, [0.5, 0.95, 0.99])
    FROM events WHERE event_type = 'cache_query' GROUP BY event_date
    """,
    """
    SELECT
        event_date, count(DISTINCT user_id),
        count(*) FILTER (event_type = 'ui_interaction'),
        count(*) FILTER (event_type = 'ui_interaction') / count(DISTINCT user_id)
    FROM events WHERE event_type IN ('cache_query', 'cache_store', 'ui_interaction')
    GROUP BY event_date
    """,
    """
    SELECT event_date, metric_name, avg(value), quantile_cont(value, 0.95), max(value)
    FROM events WHERE event_type = 'system_metric' GROUP BY ALL
    """,
    """
    SELECT event_date, count(*), avg((level IN ('ERROR', 'CRITICAL', 'FATAL'))::INT)
    FROM events WHERE event_type = 'log_entry' GROUP BY event_date
    """,
)
