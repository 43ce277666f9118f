"""Formats of text logs that the settings define by a pattern."""

import re

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.ingestion.formats.declaration import Format
from analytics_pipeline.ingestion.formats.log_levels import LEVEL_NOTE, UNKNOWN, level_of
from analytics_pipeline.ingestion.formats.log_times import parsed_time, yearless_time
from analytics_pipeline.ingestion.formats.text_logs import log_format
from analytics_pipeline.lake.table import literal

YEAR = re.compile(r"%[YyGxcs]")


class LogPatternError(PipelineError):
    """The pattern or the time format of a text log cannot be used; the message says why."""


def custom_log_format(
    name: str, pattern: str, time_format: str | None = None, level: str | None = None
) -> Format:
    """Build the format of a text log from a pattern that a record's first line matches.

    The pattern is one of RE2, counts from the beginning of the line, and has named groups:
    ``message``, and as far as there are any ``time``, ``level`` and ``component``; all others are
    kept in extra. ``time_format`` is a format of strptime for times that are not ISO 8601; without
    a year in it, the year is found as for syslog. A log without times takes the time at which its
    file was last written. ``level`` is that of all records of a log that has none, UNKNOWN where
    unset. Raises LogPatternError.
    """
    groups = _checked_groups(name, pattern)
    fields: dict[str, str] = {}
    if "time" not in groups:
        fields["timestamp"] = "$(file_time)"
    elif time_format is not None:
        _check_time_format(name, time_format)
        has_year = YEAR.search(time_format) is not None
        fields["timestamp"] = (parsed_time if has_year else yearless_time)("time", time_format)
    notes = {"level": LEVEL_NOTE}
    if "level" in groups and level is not None:
        raise LogPatternError(
            f"Log format {name}: the pattern has a group level, and a level is set besides. "
            "Leave out one of them."
        )
    if "level" in groups:
        fields["level"] = level_of("level")
    else:
        fields["level"] = literal(level or UNKNOWN)
        notes = {"level": "the same for all records"}
    return log_format(name, "A text log that the settings define.", pattern, fields, notes)


def _checked_groups(name: str, pattern: str) -> set[str]:
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
        compiled = re.compile(pattern)
    except (pa.ArrowInvalid, re.error) as error:
        reason = str(error).removeprefix("Invalid regular expression: ")
        raise LogPatternError(
            f"Log format {name}: the pattern is no regular expression that RE2 knows: {reason}."
        ) from error
    if compiled.groups > len(compiled.groupindex):
        raise LogPatternError(
            f"Log format {name}: each group of the pattern must have a name, as in "
            "(?P<time>...); write (?:...) for one that only holds things together."
        )
    if "message" not in compiled.groupindex:
        raise LogPatternError(
            f"Log format {name}: the pattern has no group (?P<message>...), "
            "and an entry of a log must have a message."
        )
    if compiled.match(""):
        raise LogPatternError(
            f"Log format {name}: the pattern matches an empty line, so that every line would "
            "begin a record. Let it begin with what only the first line of a record has."
        )
    return set(compiled.groupindex)


def _check_time_format(name: str, time_format: str) -> None:
    try:
        duckdb.execute("SELECT try_strptime('', ?)", [time_format])
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        raise LogPatternError(
            f"Log format {name}: the time format {time_format!r} is not one of strptime: {reason}"
        ) from error
