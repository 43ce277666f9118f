"""What becomes of quarantined lines that are judged again."""

from collections.abc import Sequence
from datetime import date

import duckdb

from analytics_pipeline.ingestion.release_log import COLUMNS
from analytics_pipeline.ingestion.sources import source_of
from analytics_pipeline.ingestion.tables import RAW_EVENTS
from analytics_pipeline.ingestion.validation import judge, refused_lines
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import literal
from analytics_pipeline.settings import Settings

EVENT = "event"
MENDED = (EVENT, "blank", "opted_out")


def judge_again(connection: duckdb.DuckDBPyConnection, lake: Lake, settings: Settings) -> None:
    """Make ``verdict``: what each candidate becomes.

    Under a contract that refuses whole files, the other lines of the file decide as well, and
    so do the candidates that no fix mends.
    """
    connection.execute(
        "CREATE TABLE verdict AS "
        f"SELECT number, '{EVENT}' AS outcome, NULL::VARCHAR AS message FROM placed"
    )
    frozen = _frozen_paths(connection, settings)
    while True:
        before = _number_of_mended(connection)
        if not before:
            return
        with connection.cursor() as judging:
            judging.execute("SET TimeZone = 'UTC'")
            lines = f"SELECT {COLUMNS}, event_date FROM ({mended('placed.*')})"
            if frozen:
                lines += f" UNION ALL {_others(connection, lake, frozen)}"
            judge(judging, settings, f"({lines})")
            judging.execute(
                f"""
                UPDATE verdict SET outcome = found.outcome, message = found.message
                FROM (
                    SELECT
                        placed.number, refused.message,
                        coalesce(refused.reason, parsed.problem, '{EVENT}') AS outcome
                    FROM placed JOIN parsed USING (path, line_number)
                        LEFT JOIN ({refused_lines()}) AS refused USING (path, line_number)
                    WHERE parsed.stands_under = placed.event_date
                ) AS found
                WHERE verdict.number = found.number AND verdict.outcome IN {MENDED}
                """
            )
        if not frozen or _number_of_mended(connection) == before:
            return


def _frozen_paths(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    paths = connection.execute("SELECT path FROM zone").fetchall()
    return [path for (path,) in paths if source_of(path, settings).schema_contract == "freeze"]


def _others(connection: duckdb.DuckDBPyConnection, lake: Lake, paths: Sequence[str]) -> str:
    """SQL of the other lines of some files under the dates of the candidates."""
    days = dates_of(connection, "true")
    listed = ", ".join(map(literal, paths))
    return f"""
        SELECT {COLUMNS}, event_date FROM {lake.scan(RAW_EVENTS, days)}
        ANTI JOIN ({mended("placed.*")}) USING (path, line_number)
        WHERE path IN ({listed})
    """


def _number_of_mended(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(f"SELECT count(*) FROM verdict WHERE outcome IN {MENDED}").fetchone()
    return int(row[0]) if row else 0


def dates_of(connection: duckdb.DuckDBPyConnection, condition: str) -> list[date]:
    """The dates from which and to which candidates move, for a condition on their verdict."""
    rows = connection.execute(
        "SELECT DISTINCT unnest([event_date, from_date]) "
        f"FROM placed JOIN verdict USING (number) WHERE {condition}"
    ).fetchall()
    return sorted(day for (day,) in rows)


def mended(columns: str) -> str:
    """SQL query of the candidates that leave the quarantine."""
    return f"SELECT {columns} FROM placed JOIN verdict USING (number) WHERE outcome IN {MENDED}"
