"""docs/events.md: the types of events and their fields."""

from analytics_pipeline.documentation.markdown import code, table
from analytics_pipeline.events.catalog import COMMON_FIELDS, EVENT_TYPES
from analytics_pipeline.events.declaration import Field


def events_document() -> str:
    """The reference of event types, in Markdown."""
    parts = [
        "# Events\n\nWhat every source becomes, and what a source may write itself: one JSON "
        "object an event, or a row of CSV or Parquet ([formats.md](formats.md)). Fields that no "
        "table here names are kept in the column `extra`. A required field that is absent "
        "or null, or a value that is not of its type or lies outside its limits, quarantines the "
        "line.\n",
        "## Common fields\n\n" + _field_table(COMMON_FIELDS),
    ]
    parts += [
        f"## {kind.name}\n\n{kind.description}\n\n{_field_table(kind.fields)}"
        for kind in EVENT_TYPES
    ]
    return "\n".join(parts)


def _field_table(fields: tuple[Field, ...]) -> str:
    return table(["field", "type", "required", "meaning"], map(_row, fields))


def _row(field: Field) -> list[str]:
    limits = [f"in {field.unit}"] if field.unit else []
    limits += [f"at least {field.minimum:g}"] if field.minimum is not None else []
    limits += [f"at most {field.maximum:g}"] if field.maximum is not None else []
    limits += [f"one of {', '.join(field.accepted)}"] if field.accepted else []
    limits += [f"column {code(field.name)}"] if field.path != field.name else []
    meaning = field.description + (f" ({'; '.join(limits)})" if limits else "")
    return [code(field.path), field.type.value, "yes" if field.required else "", meaning]
