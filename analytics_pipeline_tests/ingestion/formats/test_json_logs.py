"""Loggers that write JSON: what the real ones write, and the documented form of the others."""

import io
import json
import logging
from typing import Any

import pytest
import structlog
from pythonjsonlogger.json import JsonFormatter

from analytics_pipeline.ingestion.formats.json_logs import JSON_LOG, is_log_record
from analytics_pipeline_tests.ingestion.formats.mapping import mapped
from analytics_pipeline_tests.ingestion.formats.reading_samples import FORMATS, json_objects

NODE_LEVELS = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR", 60: "FATAL"}


@pytest.mark.parametrize("name", ["pino", "bunyan", "winston"])
def test_samples(name: str) -> None:
    path = FORMATS / "json_logs" / f"{name}.jsonl"
    records = list(json_objects(path))
    assert all(map(is_log_record, records))
    entries = mapped(JSON_LOG, path.read_text(encoding="utf-8").splitlines())
    for record, entry in zip(records, entries, strict=True):
        level = record["level"]
        assert entry.event_type == "log_entry"
        expected = {
            "timestamp": str(record.get("time", record.get("timestamp"))),
            "level": NODE_LEVELS[level] if isinstance(level, int) else level.upper(),
            "message": record.get("msg", record.get("message")),
        }
        if "name" in record:
            expected["component"] = record["name"]
        assert entry.fields == expected
        taken = {"time", "timestamp", "level", "msg", "message", "name"}
        left = {key: value for key, value in record.items() if key not in taken}
        assert json.loads(entry.unmapped or "{}") == left


def entry_of(record: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    assert is_log_record(record)
    (entry,) = mapped(JSON_LOG, [json.dumps(record)])
    assert entry.event_type == "log_entry"
    return entry.fields, json.loads(entry.unmapped or "{}")


def test_structlog() -> None:
    stream = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
    try:
        int("x")
    except ValueError:
        logger.exception("it failed", user=7)
    record = json.loads(stream.getvalue())
    fields, left = entry_of(record)
    assert fields == {
        "timestamp": record["timestamp"], "level": "ERROR", "message": "it failed",
    }  # fmt: skip
    assert left == {"user": 7, "exception": record["exception"]}


@pytest.mark.parametrize(
    ("style", "time"), [("%(asctime)s %(levelname)s %(name)s %(message)s", "asctime"),
                        ("%(levelname)s %(name)s %(message)s", "timestamp")],
)  # fmt: skip
def test_python_json_logger(style: str, time: str) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(style, timestamp=time == "timestamp"))
    logger = logging.Logger("shop.cart")
    logger.addHandler(handler)
    logger.critical("it failed", extra={"user": 7})
    record = json.loads(stream.getvalue())
    fields, left = entry_of(record)
    assert fields == {
        "timestamp": record[time].replace(",", "."), "level": "CRITICAL",
        "message": "it failed", "component": "shop.cart",
    }  # fmt: skip
    assert left == {"user": 7}


# Written by hand after the documentation of each: these do not run in a test.
DOCUMENTED: list[tuple[dict[str, Any], tuple[str, str, str, str | None]]] = [
    (
        {"level": "info", "ts": 1763000000.25, "logger": "db", "caller": "a.go:1", "msg": "up"},
        ("1763000000.25", "INFO", "up", "db"),
    ),
    (
        {"level": "warning", "msg": "slow", "time": "2026-11-10T12:00:00+01:00", "n": 1},
        ("2026-11-10T12:00:00+01:00", "WARNING", "slow", None),
    ),
    (
        {"level": "error", "time": 1763000000, "message": "zerolog"},
        ("1763000000", "ERROR", "zerolog", None),
    ),
    (
        {"@timestamp": "2026-11-10T12:00:00Z", "log.level": "WARN", "message": "ecs",
         "log.logger": "org.App", "ecs.version": "1.2.0"},
        ("2026-11-10T12:00:00Z", "WARN", "ecs", "org.App"),
    ),
    (
        {"@timestamp": "2026-11-10T12:00:00Z", "log": {"level": "err", "logger": "a"},
         "message": "nested"},
        ("2026-11-10T12:00:00Z", "ERROR", "nested", "a"),
    ),
    (
        {"@timestamp": "2026-11-10T12:00:00Z", "@version": "1", "level": "ERROR",
         "message": "logstash", "logger_name": "org.App"},
        ("2026-11-10T12:00:00Z", "ERROR", "logstash", "org.App"),
    ),
    (
        {"timestamp": "2026-11-10T12:00:00.123456789Z", "severity": "ALERT",
         "jsonPayload": {"message": "gcp", "n": 1}, "logName": "projects/p/logs/l"},
        ("2026-11-10T12:00:00.123456789Z", "ALERT", "gcp", "projects/p/logs/l"),
    ),
    (
        {"timestamp": "2026-11-10T12:00:00Z", "severity": "DEFAULT", "textPayload": "t"},
        ("2026-11-10T12:00:00Z", "DEFAULT", "t", None),
    ),
    (
        {"log": "hello\n", "stream": "stderr", "time": "2026-11-10T12:00:00.1Z"},
        ("2026-11-10T12:00:00.1Z", "UNKNOWN", "hello", None),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("record", "read"), DOCUMENTED, ids=lambda each: str(each)[:40])
def test_documented_records(record: dict[str, Any], read: tuple[str, str, str, str | None]) -> None:
    fields, _ = entry_of(record)
    names = ("timestamp", "level", "message", "component")
    assert tuple(fields.get(name) for name in names) == read


def test_what_is_no_field_is_kept() -> None:
    _, left = entry_of(DOCUMENTED[6][0])
    assert left == {"jsonPayload": {"n": 1}}
    _, left = entry_of(DOCUMENTED[8][0])
    assert left == {"stream": "stderr"}


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"event_type": "log_entry", "timestamp": "t", "level": "INFO", "message": "native"},
        {"timestamp": "t", "message": "no level"},
        {"timestamp": "t", "level": {"a": 1}, "message": "no word"},
        {"timestamp": "t", "level": None, "message": "no word"},
        {"time": "t", "log": {"level": "x"}, "message": "no text"},
        {"time": "t", "log": "no stream"},
        {"operation_type": "exact_hit", "timestamp": "t", "level": "x", "message": "m"},
    ],
)
def test_other_records_are_not_recognized(record: dict[str, Any]) -> None:
    assert not is_log_record(record)
