"""The floor: what a bare DuckDB script takes to read typed JSON, write Parquet and compute."""

import shutil
from pathlib import Path

import duckdb

from analytics_pipeline.events.tables import all_fields


def bare_script(landing: Path, destination: Path, threads: int) -> None:
    """Read the files as typed JSON, write Parquet by date, compute the daily metrics.

    No line numbers, no validation, no quarantine, no duplicates, no raw events, no atomicity.
    """
    shutil.rmtree(destination, ignore_errors=True)
    columns = {field.path: field.type.duckdb for field in all_fields().values()}
    nested = {path: kind for path, kind in columns.items() if "." in path}
    flat = {path: kind for path, kind in columns.items() if "." not in path}
    inside = ", ".join(f"{path.split('.')[1]} {kind}" for path, kind in nested.items())
    flat["context"] = f"STRUCT({inside})"
    schema = ", ".join(f"{name}: '{kind}'" for name, kind in flat.items())
    with duckdb.connect() as connection:
        connection.execute("SET threads = ?", [threads])
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            f"""
            COPY (
                SELECT *, coalesce(timestamp, started_at)::DATE AS event_date
                FROM read_json(
                    '{landing}/*/*.jsonl', format = 'newline_delimited', ignore_errors = true,
                    columns = {{{schema}}}
                )
            ) TO '{destination}' (FORMAT parquet, PARTITION_BY (event_date))
            """
        )
        connection.execute(f"CREATE VIEW events AS FROM '{destination}/*/*.parquet'")
        for query in METRICS:
            connection.execute(query).fetchall()


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
