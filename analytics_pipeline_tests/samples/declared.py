"""Judges a line by the declarations of the event types alone, one field after the other."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from analytics_pipeline.events.catalog import EVENT_TYPES
from analytics_pipeline.events.declaration import Case, Field, FieldType
from analytics_pipeline.events.tables import fields_of

FIELDS = {event_type.name: fields_of(event_type) for event_type in EVENT_TYPES}
FIRST_DATE = date(2005, 1, 1)

FITS: dict[FieldType, Callable[[Any], bool]] = {
    FieldType.TEXT: lambda value: isinstance(value, str),
    FieldType.INTEGER: lambda value: isinstance(value, int) and not isinstance(value, bool),
    FieldType.NUMBER: lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    FieldType.BOOLEAN: lambda value: isinstance(value, bool),
    FieldType.TIMESTAMP: lambda value: isinstance(value, str),
}


def value_at(event: dict[str, Any], path: str) -> Any:
    value: Any = event
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def moment(event: dict[str, Any]) -> datetime:
    text = event.get("timestamp") or event["started_at"]
    return datetime.fromisoformat(text).astimezone(UTC)


def reason_of(line: bytes) -> str | None:  # noqa: PLR0911 - one return a reason
    """The reason for which a line is refused; None for a valid event."""
    try:
        event = json.loads(line.decode())
    except UnicodeDecodeError:
        return "not_utf8"
    except json.JSONDecodeError:
        return "not_json"
    if not isinstance(event, dict):
        return "not_an_object"
    if event.get("event_type") not in FIELDS:
        return "unknown_event_type"
    reasons = (_reason_of_field(event, field) for field in FIELDS[event["event_type"]])
    if reason := next((reason for reason in reasons if reason), None):
        return reason
    if moment(event) > datetime.now(UTC):
        return "future_timestamp"
    return "too_old" if moment(event).date() < FIRST_DATE else None


def _reason_of_field(  # noqa: PLR0911 - one return a reason
    event: dict[str, Any], field: Field
) -> str | None:
    value = value_at(event, field.path)
    if value is None:
        stands_in = field.name == "timestamp" and event.get("started_at")
        return "missing_field" if field.required and not stands_in else None
    if not FITS[field.type](value):
        return "bad_type"
    if field.type is FieldType.TIMESTAMP:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return "bad_timestamp"
    if field.minimum is not None and value < field.minimum:
        return "out_of_range"
    if field.maximum is not None and value > field.maximum:
        return "out_of_range"
    if field.accepted:
        cased = value.upper() if field.case is Case.UPPER else value.lower()
        return None if cased in field.accepted else "out_of_range"
    return None


def lines_of(folder: Path, pattern: str) -> Iterator[bytes]:
    for file in sorted(folder.rglob(pattern)):
        yield from file.read_bytes().split(b"\n")[:-1]
