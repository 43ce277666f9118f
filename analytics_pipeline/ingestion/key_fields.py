"""What is read from a line before it is parsed: the one SQL of its event type and its time."""

from analytics_pipeline.ingestion.times import utc

__all__ = ["TIME_PATHS", "event_type_of", "key_fields", "time_text_of", "utc"]

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
