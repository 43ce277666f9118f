"""How a time is read from a line: the one SQL that dates lines and validates events."""

TIME_PATHS = ("timestamp", "started_at")


def time_text(document: str) -> str:
    """SQL of the text of an event's time, from the SQL of a JSON document."""
    texts = ", ".join(f"json_extract_string({document}, '$.{path}')" for path in TIME_PATHS)
    return f"coalesce({texts})"


def utc(text: str) -> str:
    """SQL of a TIMESTAMP in UTC from the SQL of an ISO 8601 text; null where it is none.

    A text without an offset is UTC. The engine must work in UTC. Texts that do not begin with a
    digit are refused, since DuckDB would also accept words such as 'epoch' and 'infinity'. Only a
    text with another offset than Z needs the cast by calendar, which is many times slower; the
    plain cast would pass over its offset.
    """
    return (
        f"CASE WHEN {text} BETWEEN '0' AND ':' THEN CASE WHEN ends_with({text}, 'Z') "
        f"THEN TRY_CAST({text} AS TIMESTAMP) "
        f"ELSE TRY_CAST({text} AS TIMESTAMPTZ)::TIMESTAMP END END"
    )
