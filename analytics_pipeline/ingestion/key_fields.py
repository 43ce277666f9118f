"""What is read from a line before it is parsed: the one SQL of its event type and its time."""

TIME_PATHS = ("timestamp", "started_at")


def key_fields(document: str) -> str:
    """SQL of a list from the SQL of a JSON document: its event type, then each time it may have."""
    paths = ", ".join(f"'$.{name}'" for name in ("event_type", *TIME_PATHS))
    return f"json_extract_string({document}, [{paths}])"


def event_type_of(found: str) -> str:
    """SQL of the event type, from the SQL of the list of ``key_fields``."""
    return f"{found}[1]"


def time_text_of(found: str) -> str:
    """SQL of the text of the event's time, from the SQL of the list of ``key_fields``."""
    return f"coalesce({', '.join(f'{found}[{2 + n}]' for n in range(len(TIME_PATHS)))})"


def utc(text: str, zone: str = "'UTC'") -> str:
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
