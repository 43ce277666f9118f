"""Loggers that write a JSON object a line: recognized by their keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analytics_pipeline.ingestion.formats.declaration import EventMapping, Format
from analytics_pipeline.ingestion.formats.expressions import Restated
from analytics_pipeline.ingestion.formats.log_levels import LEVEL_NOTE, UNKNOWN, level_of
from analytics_pipeline.ingestion.formats.log_times import written_time
from analytics_pipeline.lake.table import literal


@dataclass(frozen=True)
class Logger:
    """The paths at which a logger writes the time, the level, the message and the component.

    Without a level it is unknown. A path is written as in ``$(path)``.
    """

    name: str
    time: str
    level: str | None
    message: str
    component: str | None

    def keys(self) -> tuple[str, ...]:
        """The paths that each of its records has."""
        return tuple(path for path in (self.time, self.level, self.message) if path is not None)

    def mapping(self) -> EventMapping:
        """Its records as log entries."""
        fields = {
            "timestamp": written_time(self.time),
            "level": level_of(self.level) if self.level else literal(UNKNOWN),
            "message": Restated(f"rtrim($({self.message}), chr(10))"),
        }
        if self.component:
            fields["component"] = f"$({self.component})"
        return EventMapping(
            "log_entry",
            fields,
            " AND ".join(f"$({path}) IS NOT NULL" for path in self.keys()),
            {
                "level": LEVEL_NOTE if self.level else f"{UNKNOWN}: {self.name} does not keep it",
                "message": "without line feeds at its end",
            },
            records=self.name,
        )


# The first whose keys a record has reads it.
LOGGERS = (
    Logger("ECS", '"@timestamp"', '"log.level"', "message", '"log.logger"'),
    Logger("ECS, nested", '"@timestamp"', "log.level", "message", "log.logger"),
    Logger("Logstash", '"@timestamp"', "level", "message", "logger_name"),
    Logger("Google Cloud, text", "timestamp", "severity", "textPayload", "logName"),
    Logger("Google Cloud, JSON", "timestamp", "severity", "jsonPayload.message", "logName"),
    Logger("Google Cloud, agent", "time", "severity", "message", "component"),
    Logger("Google Cloud, library", "timestamp", "severity", "message", "logger"),
    Logger("python-json-logger", "asctime", "levelname", "message", "name"),
    Logger("python-json-logger", "timestamp", "levelname", "message", "name"),
    Logger("structlog", "timestamp", "level", "event", "logger"),
    Logger("pino, bunyan, logrus", "time", "level", "msg", "name"),
    Logger("zap", "ts", "level", "msg", "logger"),
    Logger("winston", "timestamp", "level", "message", "logger"),
    Logger("zerolog", "time", "level", "message", "component"),
    Logger("others", "ts", "level", "message", "logger"),
    Logger("others", "timestamp", "level", "msg", "logger"),
    Logger("Docker", "time", None, "log", None),
)
# Events of this project, and operations of aicache, have a type of their own.
FOREIGN_KEYS = ("event_type", "operation_type")


def is_log_record(record: Mapping[str, Any]) -> bool:
    """Whether an object has the keys of a logger."""
    return not any(key in record for key in FOREIGN_KEYS) and any(
        all(_has(record, path) for path in logger.keys())  # noqa: SIM118
        and (logger.level is not None or {"log", "stream"} <= record.keys())
        for logger in LOGGERS
    )


def _has(record: Mapping[str, Any], path: str) -> bool:
    """Whether a record has a text or a number at a path."""
    keys = [path.strip('"')] if path.startswith('"') else path.split(".")
    value: Any = record
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return isinstance(value, str | int | float) and not isinstance(value, bool)


JSON_LOG = Format(
    "json_log",
    "Loggers that write JSON: pino, bunyan, winston, zap, zerolog, logrus, structlog, "
    "python-json-logger, Logstash, ECS, Google Cloud and Docker.",
    tuple(logger.mapping() for logger in LOGGERS),
    recognizes=is_log_record,
    recognized_by="texts or numbers at the time, the level and the message of one of the loggers "
    "below (for Docker, `time`, `log` and `stream`), and neither `event_type` nor `operation_type`",
)
