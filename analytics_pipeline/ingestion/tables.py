"""The tables of ingestion beside the validated events, which the event declarations give."""

from analytics_pipeline.lake.table import Column, Table

REASONS = {
    "not_utf8": "the bytes of the line are not UTF-8",
    "line_too_long": "the line is longer than ingestion.max_line_bytes",
    "not_json": "the line is not valid JSON, or a row that does not fit its header",
    "not_an_object": "the line is JSON, but not an object",
    "no_match": "the line does not match the pattern of its log format",
    "unmapped_record": "the record is of no kind that its format maps to an event type",
    "unknown_event_type": "event_type names no declared type",
    "missing_field": "a required field is absent or null",
    "bad_timestamp": "a time is neither ISO 8601 nor seconds, ms, us or ns since the epoch",
    "bad_type": "a value is not of the declared type",
    "undeclared_field": "the contract of the source (discard_row) allows no undeclared field",
    "frozen_schema": "the contract of the source (freeze) allows no file with an undeclared field",
    "out_of_range": "a value lies outside its declared limits",
    "future_timestamp": "the event lies ahead of the clock when the file was taken",
    "too_old": "the event lies before first_event_date",
}

# What can become of a line, and what is counted of a file.
OUTCOMES = ("validated", "duplicate", "quarantined", "blank", "opted_out")
COUNTS = ("lines", *OUTCOMES)

PATH = Column(
    "path", "VARCHAR", "File the line came from, relative to the landing zone.", nullable=False
)
LINE_NUMBER = Column(
    "line_number", "BIGINT", "Number of the line (or record) in its file, from 1.",
    nullable=False, minimum=1,
)  # fmt: skip
FORMAT = Column("format", "VARCHAR", "Format in which the file was read.", nullable=False)
LINE = Column("line", "VARCHAR", "The line or record as it came, without its line end, after what "
              "privacy removes; null if not UTF-8.")  # fmt: skip
BYTES = Column("bytes", "BLOB", "The bytes of a line that is not UTF-8.")

RAW_EVENTS = Table(
    "raw_events",
    "Every line of every file as it came. A line without a usable time stands under the latest "
    "event date of its file, or else under the date of the file. Of an event whose user opted out "
    "there is nothing but a row without content.",
    (
        PATH,
        LINE_NUMBER,
        Column("taken_at", "TIMESTAMP", "When this version of the file was taken (UTC).",
               nullable=False),
        FORMAT,
        Column("event_type", "VARCHAR", "Event type of the line, known or not; null where it names "
               "none."),
        Column("event_time", "TIMESTAMP", "Time of the event (UTC); null where it has none that "
               "can be read."),
        Column("time_zone", "VARCHAR", "Zone of the times that bring none; UTC where null."),
        LINE,
        BYTES,
    ),
    order_by=(),
    key=("path", "line_number"),
    row_group_rows=30_720,
    row_group_bytes=32_000_000,
)  # fmt: skip

QUARANTINED_LINES = Table(
    "quarantined_lines",
    "Lines that could not become validated events, with the reason.",
    (
        PATH,
        LINE_NUMBER,
        FORMAT,
        Column("reason", "VARCHAR", "Machine-readable reason.", nullable=False,
               accepted=tuple(REASONS)),
        Column("message", "VARCHAR", "What is wrong, for people.", nullable=False),
        LINE,
        BYTES,
    ),
    order_by=("path", "line_number"),
    key=("path", "line_number"),
)  # fmt: skip


def _count(name: str, description: str) -> Column:
    return Column(name, "BIGINT", description, nullable=False, unit="lines", minimum=0)


FILE_LINE_COUNTS = Table(
    "file_line_counts",
    "What became of the lines of each file that stand under a date: "
    "lines = validated + duplicate + quarantined + blank + opted_out.",
    (
        PATH,
        _count("lines", "Lines of the file under this date."),
        _count("validated", "Lines that are validated events."),
        _count("duplicate", "Lines whose event_id another line brought already."),
        _count("quarantined", "Lines that were refused."),
        _count("blank", "Lines with nothing but white space."),
        _count("opted_out", "Lines of users who opted out, of which nothing is stored."),
    ),
    order_by=("path",),
    key=("path",),
)
