"""Which event a parsed line is: its identity, and which of several lines of one event counts."""

from collections.abc import Sequence

import duckdb

from analytics_pipeline.ingestion import parsing
from analytics_pipeline.ingestion.kinds import Kind
from analytics_pipeline.lake.table import literal


def number_likes(connection: duckdb.DuckDBPyConnection, kinds: Sequence[Kind]) -> None:
    """Tell apart the events of one file that bring no event_id and are alike in all they say.

    The event_id of each is its content, and which of its likes it is.
    """
    if not kinds:
        return
    connection.execute(
        """
        CREATE OR REPLACE TABLE repetition AS
        SELECT kind, parsed_row, row_number() OVER likes AS occurrence
        FROM recognized
        WHERE lacks_id AND problem IS NULL
        WINDOW likes AS (PARTITION BY format, event_type, path, event_id ORDER BY line_number)
        QUALIFY occurrence > 1
        """
    )
    for number, kind in enumerate(kinds):
        connection.execute(
            f"""
            UPDATE {kind.table} AS parsed
            SET event_id = regexp_replace(event_id, '[0-9]+$', occurrence::VARCHAR)
            FROM repetition
            WHERE kind = {number} AND parsed.rowid = parsed_row
            """
        )


def mark_duplicates(connection: duckdb.DuckDBPyConnection, kinds: Sequence[Kind]) -> None:
    """Make the problem of a line 'duplicate' where another line is the event.

    Of the lines with one event_id on a date the first is the event: the one with the earliest
    time, then the smallest content, which do not depend on where it came from; among equal ones
    the one that was taken first.
    """
    if not kinds:
        return
    contents = " ".join(
        f"WHEN {literal(name)} THEN {parsing.content(each)}"
        for name, each in {kind.event_type.name: kind.event_type for kind in kinds}.items()
    )
    connection.execute(
        f"""
        CREATE TABLE duplicate AS
        WITH repeated AS (
            SELECT stands_under, event_id
            FROM recognized
            WHERE problem IS NULL
            GROUP BY ALL
            HAVING count(*) > 1
        ),
        ranked AS (
            SELECT
                kind, parsed_row,
                row_number() OVER (
                    PARTITION BY stands_under, event_id
                    ORDER BY
                        timestamp, CASE event_type {contents} END, taken_at, path, line_number
                ) AS rank
            FROM recognized SEMI JOIN repeated USING (stands_under, event_id)
            WHERE problem IS NULL
        )
        SELECT kind, parsed_row FROM ranked WHERE rank > 1
        """
    )
    for number, kind in enumerate(kinds):
        connection.execute(
            f"""
            UPDATE {kind.table} SET problem = 'duplicate'
            WHERE rowid IN (SELECT parsed_row FROM duplicate WHERE kind = {number})
            """
        )
