"""The table of validated events, as it follows from the declarations of the event types."""

from analytics_pipeline.events.catalog import COMMON_FIELDS, EVENT_TYPES
from analytics_pipeline.events.declaration import EventType, Field
from analytics_pipeline.lake.table import Column, Table


class DeclarationError(Exception):
    """Two declarations of event types contradict each other."""


def fields_of(event_type: EventType) -> tuple[Field, ...]:
    """All fields of an event type, the common ones first."""
    return (*COMMON_FIELDS, *event_type.fields)


def all_fields() -> dict[str, Field]:
    """Every field by name, in the order of declaration.

    Raises DeclarationError where a name stands for two types or two places in the source.
    """
    fields: dict[str, Field] = {}
    for event_type in EVENT_TYPES:
        for field in fields_of(event_type):
            known = fields.setdefault(field.name, field)
            if (known.type, known.path) != (field.type, field.path):
                raise DeclarationError(
                    f"Field {field.name} of {event_type.name} is declared elsewhere with another "
                    "type or path; give it another name."
                )
    return fields


def _column(field: Field) -> Column:
    required = field.required and field in COMMON_FIELDS
    return Column(
        field.name,
        field.type.duckdb,
        field.description,
        nullable=not required and field.name != "event_id",
        unit=field.unit,
        minimum=field.minimum,
        maximum=field.maximum,
        accepted=field.accepted,
    )


EXTRA = Column(
    "extra", "VARCHAR", "Fields that no declaration names, as the JSON object they came in."
)

VALIDATED_EVENTS = Table(
    "validated_events",
    "Events that are typed, in UTC, of a known type, and unique by event_id.",
    (*(_column(field) for field in all_fields().values()), EXTRA),
    order_by=("event_type", "timestamp", "event_id"),
    key=("event_id",),
)


def columns_of(event_type: EventType) -> list[str]:
    """Names of the validated_events columns that an event type uses."""
    return [*(field.name for field in fields_of(event_type)), EXTRA.name]
