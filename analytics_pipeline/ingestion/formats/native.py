"""The native format: records that are events already, as docs/events.md describes them."""

from analytics_pipeline.ingestion.formats.declaration import Format

NATIVE = Format(
    "native",
    "Events as docs/events.md describes them, as newline-delimited JSON, a JSON array, CSV with a "
    "header, or Parquet.",
    (),
    recognizes=lambda record: "event_type" in record,
    recognized_by="a member `event_type`",
)
