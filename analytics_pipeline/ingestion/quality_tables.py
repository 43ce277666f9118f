"""The tables that tell how a day of a source differs from the days before."""

from analytics_pipeline.ingestion.tables import FORMAT, REASONS
from analytics_pipeline.lake.table import Column, Table

SOURCE = Column(
    "source", "VARCHAR", "Source: a configured name, or the outermost folder of the file.",
    nullable=False,
)  # fmt: skip
EVENT_TYPE = Column("event_type", "VARCHAR", "Event type of the records.", nullable=False)
FIELD = Column("field", "VARCHAR", "Path of the field; of an undeclared one within extra.",
               nullable=False)  # fmt: skip


def _records(name: str, description: str) -> Column:
    return Column(name, "BIGINT", description, nullable=False, unit="records", minimum=0)


SOURCE_FIELDS = Table(
    "source_fields",
    "Which fields the records of each source have on a day, and in which types they were written.",
    (
        SOURCE,
        FORMAT,
        EVENT_TYPE,
        FIELD,
        Column("types", "VARCHAR", "Types in which it was written, in alphabetical order.",
               nullable=False),
        _records("records", "Records that have it."),
        _records("of_records", "Records of this source, format and event type."),
    ),
    order_by=("source", "format", "event_type", "field"),
    key=("source", "format", "event_type", "field"),
)  # fmt: skip

SCHEMA_CHANGES = Table(
    "schema_changes",
    "Fields of a source that are new, have vanished or changed their type against the days before.",
    (
        SOURCE,
        FORMAT,
        EVENT_TYPE,
        FIELD,
        Column("change", "VARCHAR", "What happened to the field.", nullable=False,
               accepted=("new", "vanished", "type_changed")),
        Column("before", "VARCHAR", "Types on the days before; null for a new field."),
        Column("after", "VARCHAR", "Types on this day; null for a field that vanished."),
    ),
    order_by=("source", "format", "event_type", "field", "change"),
    key=("source", "format", "event_type", "field", "change"),
)  # fmt: skip

QUARANTINE_REASONS = Table(
    "quarantine_reasons",
    "Quarantined lines of a day by source and reason, and whether the reason is new to the source.",
    (
        SOURCE,
        Column("reason", "VARCHAR", "Machine-readable reason.", nullable=False,
               accepted=tuple(REASONS)),
        Column("lines", "BIGINT", "Quarantined lines.", nullable=False, unit="lines", minimum=1),
        Column("is_new", "BOOLEAN", "Whether the source had lines on the days before, and none for "
               "this reason.", nullable=False),
    ),
    order_by=("source", "reason"),
    key=("source", "reason"),
)  # fmt: skip
