"""Text logs as real programs write them: Python in the test, servers and syslog in the samples."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from datetime import date, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from analytics_pipeline.ingestion.formats.declaration import Format
from analytics_pipeline.ingestion.formats.text_logs import (
    ACCESS_LOG,
    APACHE_ERROR,
    LOG4J_THREAD,
    LOGFMT,
    NGINX_ERROR,
    PYTHON_LOGGING,
    PYTHON_LOGGING_BASIC,
    PYTHON_LOGGING_MODULE,
    SYSLOG,
    SYSLOG_RFC5424,
    TEXT_LOGS,
    recognized_text_format,
)
from analytics_pipeline.ingestion.reading.compression import Contents
from analytics_pipeline.ingestion.reading.lines import line_batches
from analytics_pipeline.ingestion.reading.log_records import joined
from analytics_pipeline_tests.ingestion.formats.log_mapping import log_entries
from analytics_pipeline_tests.ingestion.formats.reading_samples import FORMATS

SAMPLES = FORMATS / "text_logs"
SAMPLE_FORMATS = {
    "nginx_access.log": ACCESS_LOG, "apache_common.log": ACCESS_LOG,
    "apache_combined.log": ACCESS_LOG, "apache_vhost.log": ACCESS_LOG,
    "nginx_error.log": NGINX_ERROR, "apache_error.log": APACHE_ERROR,
    "syslog_traditional.log": SYSLOG, "syslog_iso.log": SYSLOG, "syslog_priority.log": SYSLOG,
    "syslog_rfc5424.log": SYSLOG_RFC5424,
}  # fmt: skip
SYSLOG_LEVELS = [
    "EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG",
    "INFO", "ERROR", "WARNING", "INFO",
]  # fmt: skip


def records_of(content: bytes, source: Format) -> list[str]:
    assert source.pattern is not None
    batches = joined(line_batches(Contents(io.BytesIO(content)).chunks()), source.pattern, 1 << 20)
    return [text for batch in batches for text in batch["line"].to_pylist()]


def sample(name: str) -> list[str]:
    return (SAMPLES / name).read_text(encoding="utf-8").splitlines()


def extras(entries: pd.DataFrame) -> list[dict]:
    return [json.loads(text) for text in entries.extra]


@pytest.mark.parametrize("name", sorted(SAMPLE_FORMATS))
def test_samples_are_recognized_and_read_line_by_line(name: str) -> None:
    source = SAMPLE_FORMATS[name]
    assert {path.name for path in SAMPLES.glob("*.log")} == SAMPLE_FORMATS.keys()
    assert recognized_text_format(sample(name)) is source
    assert records_of((SAMPLES / name).read_bytes(), source) == sample(name)
    entries = log_entries(source, sample(name))
    assert entries[["moment", "level", "message"]].notna().all(axis=None)
    # Without a year, the 25th is last year's: the file is said to be of the 10th.
    year = 2025 if name in ("syslog_traditional.log", "syslog_priority.log") else 2026
    assert set(entries.moment.dt.date) == {date(year, 11, 25)}


def test_requests_to_nginx() -> None:
    entries = log_entries(ACCESS_LOG, sample("nginx_access.log"))
    assert entries.message.tolist() == [
        "GET / HTTP/1.1 200", "GET /?q=1 HTTP/1.1 200", "GET /missing HTTP/1.1 404",
        "GET /api/x HTTP/1.1 502", "GET /broken HTTP/1.1 503", "GET /private/ HTTP/1.1 200",
        "GET /private/ HTTP/1.1 401", "GET /denied HTTP/1.1 404", "POST / HTTP/1.1 405",
        "GARBAGE 400", "HEAD / HTTP/1.1 200",
    ]  # fmt: skip
    statuses = entries.message.str[-3:]
    words = {"2": "INFO", "4": "WARNING", "5": "ERROR"}
    assert entries.level.tolist() == [words[status[0]] for status in statuses]
    assert entries.user_id.fillna("").tolist() == [""] * 5 + ["ann"] * 2 + [""] * 4
    assert entries.moment[0] == pd.Timestamp("2026-11-25T02:15:10")
    assert extras(entries)[1] == {
        "client": "127.0.0.1", "ident": "-", "request": "GET /?q=1 HTTP/1.1", "status": "200",
        "size": "6", "referrer": r"http://a.example/?q=\x22x\x22",
        "agent": r"agent \x22quoted\x22 \x5C \xC3\xA9",
    }  # fmt: skip


def test_requests_to_apache() -> None:
    common, combined, virtual = (
        log_entries(ACCESS_LOG, sample(f"apache_{name}.log"))
        for name in ("common", "combined", "vhost")
    )
    assert common.message.tolist() == combined.message.tolist() == virtual.message.tolist()
    assert "referrer" not in extras(common)[1]
    assert extras(combined)[1]["referrer"] == r"http://a.example/?q=\"x\""
    assert extras(virtual)[1]["virtual_host"] == "localhost:80"
    assert extras(common)[-1]["size"] == "-"


def test_an_offset_counts_and_lines_after_the_combined_format_are_kept() -> None:
    line = '1.2.3.4 - ann b [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 5 "-" "x" 0.003'
    entries = log_entries(ACCESS_LOG, [line])
    assert entries.moment[0] == pd.Timestamp("2000-10-10T20:55:36")
    assert entries.user_id[0] == "ann b"
    assert extras(entries)[0]["rest"] == " 0.003"


def test_error_logs() -> None:
    nginx = log_entries(NGINX_ERROR, sample("nginx_error.log"))
    assert set(nginx.level) == {"NOTICE", "INFO", "ERROR"}
    refused = nginx[nginx.message.str.startswith("connect() failed")].iloc[0]
    assert refused.level == "ERROR"
    assert json.loads(refused.extra)["connection"] == "4"
    apache = log_entries(APACHE_ERROR, sample("apache_error.log"))
    denied = apache[apache.message.str.contains("client denied")].iloc[0]
    assert (denied.level, denied.component) == ("ERROR", "authz_core")
    assert denied.moment == pd.Timestamp("2026-11-25T02:15:11.021967")
    assert json.loads(denied.extra)["client"] == "127.0.0.1:46458"


@pytest.mark.parametrize("name", ["priority", "rfc5424", "traditional", "iso"])
def test_syslog(name: str) -> None:
    source = SAMPLE_FORMATS[f"syslog_{name}.log"]
    entries = log_entries(
        source,
        sample(f"syslog_{name}.log"),
        file_time=datetime(2026, 11, 25, 2, 20),  # noqa: DTZ001
    )
    has_priority = name in ("priority", "rfc5424")
    assert entries.level.tolist() == (SYSLOG_LEVELS if has_priority else ["UNKNOWN"] * 12)
    assert entries.component.tolist()[:10] == ["sampled"] * 8 + ["app", "worker"]
    assert entries.message[8] == 'no process: "quoted" [bracketed] é'
    assert entries.message.str.strip()[11] == ""
    assert set(entries.moment.dt.floor("s")) == {pd.Timestamp("2026-11-25T02:15:16")}
    assert [extra.get("process") for extra in extras(entries)][7:10] == [
        "123", "-" if name == "rfc5424" else None, "7841",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "file_time", "read"),
    [
        ("Jun 14 15:16:01", "2026-06-14 15:16:02", "2026-06-14 15:16:01"),
        ("Jun 15 15:16:01", "2026-06-14 15:16:01", "2026-06-15 15:16:01"),
        ("Jun 15 15:16:02", "2026-06-14 15:16:01", "2025-06-15 15:16:02"),
        ("Jan  1 00:00:05", "2026-12-31 23:59:59", "2027-01-01 00:00:05"),
        ("Dec 31 23:59:59", "2027-01-01 00:00:05", "2026-12-31 23:59:59"),
        ("Feb 29 12:00:00", "2026-03-01 00:00:00", "2024-02-29 12:00:00"),
        ("Feb 29 12:00:00", "2028-02-29 00:00:00", "2028-02-29 12:00:00"),
        ("Feb 29 12:00:00", "2028-02-28 00:00:00", "2024-02-29 12:00:00"),
        ("Feb 29 12:00:00", "2103-03-01 00:00:00", "2096-02-29 12:00:00"),
        ("Feb 30 12:00:00", "2026-03-01 00:00:00", None),
    ],
)
def test_the_year_of_a_time_without_one(written: str, file_time: str, read: str | None) -> None:
    line = f"{written} host app: hello"
    entries = log_entries(SYSLOG, [line], datetime.fromisoformat(file_time))
    assert entries.moment.dropna().tolist() == ([pd.Timestamp(read)] if read else [])


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    logger = logging.getLogger("shop.cart")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield logger, stream
    logger.removeHandler(handler)


STYLES = [
    (PYTHON_LOGGING, "%(asctime)s - %(name)s - %(levelname)s - %(message)s"),
    (PYTHON_LOGGING_BASIC, logging.BASIC_FORMAT),
    (PYTHON_LOGGING_MODULE, "[%(asctime)s] %(levelname)s in %(name)s: %(message)s"),
    (LOG4J_THREAD, "%(asctime)s %(levelname)-5s [%(threadName)s] %(name)s: %(message)s"),
]


@pytest.mark.parametrize(("source", "style"), STYLES, ids=[source.name for source, _ in STYLES])
def test_python_writes_and_a_traceback_stays_in_its_event(
    source: Format, style: str, log: tuple[logging.Logger, io.StringIO]
) -> None:
    logger, stream = log
    logger.handlers[0].setFormatter(logging.Formatter(style))
    kept: list[logging.LogRecord] = []
    logger.addFilter(lambda record: kept.append(record) or True)
    for number in range(3):
        logger.debug("step %d", number)
        try:
            int(f"two lines:\n\n  of {number}")
        except ValueError:
            logger.exception("it failed: %s", {"a": [1]})
        logger.warning("first line\nsecond line")
        logger.critical("")
    records = records_of(stream.getvalue().encode(), source)
    assert recognized_text_format(stream.getvalue().splitlines()) is source
    entries = log_entries(source, records)
    assert entries.level.tolist() == [record.levelname for record in kept]
    assert entries.component.tolist() == ["shop.cart"] * 12
    expected = [
        f"{record.getMessage()}\n{record.exc_text}" if record.exc_text else record.getMessage()
        for record in kept
    ]
    assert entries.message.tolist() == expected
    if source is PYTHON_LOGGING_BASIC:
        assert entries.moment.unique().tolist() == [pd.Timestamp("2026-11-10T12:00:00")]
    else:
        formatter = logging.Formatter()
        written = [formatter.formatTime(record).replace(",", ".") for record in kept]
        assert entries.moment.tolist() == [pd.Timestamp(text) for text in written]


def test_logfmt() -> None:
    lines = [
        'time="2026-11-10T12:00:00Z" level=warning msg="a \\"quoted\\"\\nword" component=api n=1',
        'ts=2026-11-10T12:00:00.5Z lvl=ERROR caller=main.go:12 msg=failed err="no" flag=',
        "level=info took=12ms path=/a/b",
    ]
    assert recognized_text_format(lines) is LOGFMT
    entries = log_entries(LOGFMT, lines)
    assert entries.level.tolist() == ["WARNING", "ERROR", "INFO"]
    assert entries.message.tolist() == ['a "quoted"\nword', "failed", lines[2]]
    assert entries.component.fillna("").tolist() == ["api", "main.go:12", ""]
    assert entries.moment.tolist()[:2] == [
        pd.Timestamp("2026-11-10T12:00:00"), pd.Timestamp("2026-11-10T12:00:00.5"),
    ]  # fmt: skip
    assert extras(entries)[1] == {"pairs": lines[1]}


OTHERS = [
    '{"time": "2026-11-10T12:00:00Z", "level": "INFO", "msg": "level=info a - b - INFO - c"}',
    '["2026-11-10 12:00:00,123 - a - INFO - b"]',
    '"2026-11-10 12:00:00,123 - a - INFO - b"',
    "timestamp,level,message,component",
    "2026-11-10 12:00:00,INFO,hello,api",
    "2026-11-10T12:00:00Z,cache_query,level=info",
    "2026-11-10 12:00:00",
    "1,2,3",
    "INFO,root,hello",
    "# a comment: with a colon",
    "",
]


def test_json_csv_and_prose_are_no_text_logs() -> None:
    lines = pa.array([*OTHERS, *(f"  {line}" for line in OTHERS)])
    for source in TEXT_LOGS:
        matched = lines.filter(pc.match_substring_regex(lines, source.pattern))
        assert matched.to_pylist() == [], source.name
    assert recognized_text_format(OTHERS) is None
    assert recognized_text_format([]) is None
    assert recognized_text_format(["", "  "]) is None


def test_each_preset_knows_its_own_lines_alone() -> None:
    for name, source in SAMPLE_FORMATS.items():
        lines = pa.array(sample(name))
        for other in TEXT_LOGS:
            if other is source:
                continue
            matched = pc.match_substring_regex(lines, other.pattern)
            assert not pc.any(matched).as_py(), (name, other.name)


def test_at_least_half_of_the_lines_must_be_of_a_format() -> None:
    line = "2026-11-10 12:00:00,123 - a - INFO - b"
    assert recognized_text_format([line, "x", line, "x"]) is PYTHON_LOGGING
    assert recognized_text_format([line, "x", "x"]) is None
    assert recognized_text_format([line, "  at x", "\tat y", ""]) is PYTHON_LOGGING
