"""Formats of text logs that the settings define."""

import json
import re
from datetime import datetime

import pandas as pd
import pytest

from analytics_pipeline.ingestion.formats.custom_logs import LogPatternError, custom_log_format
from analytics_pipeline_tests.ingestion.formats.log_mapping import FILE_TIME, log_entries


def test_a_pattern_makes_a_format() -> None:
    source = custom_log_format(
        "gateway",
        r"(?P<time>\d\d\.\d\d\.\d{4} \d\d:\d\d) (?P<level>\w+)\|(?P<shard>\d+)\|(?P<message>.*)",
        "%d.%m.%Y %H:%M",
    )
    entries = log_entries(source, ["10.11.2026 12:30 err|7|no\n  at x", "10.11.2026 12:31 I|7|yes"])
    assert entries.moment.tolist() == [
        pd.Timestamp("2026-11-10T12:30"), pd.Timestamp("2026-11-10T12:31"),
    ]  # fmt: skip
    assert entries.level.tolist() == ["ERROR", "INFO"]
    assert entries.message.tolist() == ["no\n  at x", "yes"]
    assert [json.loads(text) for text in entries.extra] == [{"shard": "7"}] * 2


def test_what_a_line_lacks() -> None:
    source = custom_log_format("plain", r"> (?P<message>.*)", level="INFO")
    entries = log_entries(source, ["> hello"])
    assert (entries.level[0], entries.moment[0]) == ("INFO", pd.Timestamp(FILE_TIME))
    without_level = custom_log_format("plain", r"> (?P<message>.*)")
    assert log_entries(without_level, ["> hello"]).level[0] == "UNKNOWN"


def test_times_are_iso_8601_where_no_format_is_set() -> None:
    source = custom_log_format("plain", r"(?P<time>\S+) (?P<message>.*)")
    entries = log_entries(source, ["2026-11-10T12:00:00,5+02:00 a", "1763000000 b", "soon c"])
    assert entries.moment.tolist()[:2] == [
        pd.Timestamp("2026-11-10T10:00:00.5"), pd.Timestamp("2025-11-13T02:13:20"),
    ]  # fmt: skip
    assert pd.isna(entries.moment[2])


def test_a_time_without_a_year_and_one_with_an_offset() -> None:
    yearless = custom_log_format("a", r"(?P<time>\d+/\d+) (?P<message>.*)", "%d/%m")
    entries = log_entries(yearless, ["12/11 x", "9/11 y"], datetime(2026, 11, 10))  # noqa: DTZ001
    assert entries.moment.tolist() == [pd.Timestamp("2025-11-12"), pd.Timestamp("2026-11-09")]
    offset = custom_log_format("b", r"(?P<time>\S+ \S+) (?P<message>.*)", "%H:%M/%d.%m.%Y %z")
    entries = log_entries(offset, ["12:00/10.11.2026 -0530 x"])
    assert entries.moment[0] == pd.Timestamp("2026-11-10T17:30")


@pytest.mark.parametrize(
    ("pattern", "time_format", "level", "said"),
    [
        ("(?P<message>[", None, None, "no regular expression that RE2 knows: missing ]"),
        ("(?P<message>.+)(?=x)", None, None, "no regular expression that RE2 knows"),
        (r"(a) (?P<message>.+)", None, None, "each group of the pattern must have a name"),
        (r"(?P<time>.+)", None, None, "has no group (?P<message>...)"),
        (r"(?P<message>.*)", None, None, "matches an empty line"),
        (r"(?P<time>\S+) (?P<message>.+)", "%Q", None, "'%Q' is not one of strptime"),
        (r"(?P<level>\S+) (?P<message>.+)", None, "INFO", "a level is set besides"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_explained(
    pattern: str, time_format: str | None, level: str | None, said: str
) -> None:
    with pytest.raises(LogPatternError, match=f"Log format mine: .*{re.escape(said)}"):
        custom_log_format("mine", pattern, time_format, level)
