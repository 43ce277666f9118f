"""The table of the event profiles, on which a day's expectations are tested."""

from analytics_pipeline.lake.table import Column, Table

ALL = "*"

EVENT_PROFILES = Table(
    "event_profiles",
    "What a day's validated events look like: for each event type its volume, for each of its "
    "fields how often it is missing and what its values are.",
    (
        Column("event_type", "VARCHAR", "The event type; * for all types together.",
               nullable=False),
        Column("field", "VARCHAR", "The field; * for the event type as a whole.", nullable=False),
        Column("events", "BIGINT", "Events of the type; 0 for all types on a day without events.",
               nullable=False, unit="events", minimum=0),
        Column("last_event", "TIMESTAMP", "Latest event of the type (UTC); of field * alone."),
        Column("present", "BIGINT", "Events in which the field is present.", unit="events",
               minimum=0),
        Column("null_share", "DOUBLE", "Share of the events in which the field is missing.",
               minimum=0, maximum=1),
        Column("outside", "BIGINT", "Values outside of the field's declared limits.",
               unit="values", minimum=0),
        Column("mean", "DOUBLE", "Mean of the values, of a number in its own unit; of a boolean "
               "the share that is true; of a text the length in characters; null for a time."),
    ),
    order_by=("event_type", "field"),
    key=("event_type", "field"),
)  # fmt: skip
