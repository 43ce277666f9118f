"""SQL of the level of a log's record, in words."""

from analytics_pipeline.ingestion.formats.expressions import Restated
from analytics_pipeline.lake.table import literal

UNKNOWN = "UNKNOWN"
LONG_NAMES = {
    "T": "TRACE", "D": "DEBUG", "I": "INFO", "W": "WARNING", "E": "ERROR", "C": "CRITICAL",
    "F": "FATAL", "ERR": "ERROR", "CRIT": "CRITICAL", "EMERG": "EMERGENCY",
}  # fmt: skip
# As pino and bunyan number them.
NUMBERS = {"10": "TRACE", "20": "DEBUG", "30": "INFO", "40": "WARN", "50": "ERROR", "60": "FATAL"}
# RFC 5424, section 6.2.1.
SEVERITIES = (
    "EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG",
)  # fmt: skip
LEVEL_NOTE = "in capitals; numbers and abbreviations (err, crit, E) as the word they stand for"
SEVERITY_NOTE = (
    f"the severity in the priority ({', '.join(SEVERITIES)}); {UNKNOWN} where a line has none"
)
STATUS_NOTE = "ERROR for a status of 500 and above, WARNING from 400, else INFO"


def level_of(path: str) -> Restated:
    """SQL of the level at a path."""
    level = f"upper($({path}))"
    words = " ".join(
        f"WHEN {literal(short)} THEN {literal(word)}"
        for short, word in (LONG_NAMES | NUMBERS).items()
    )
    return Restated(f"CASE {level} {words} ELSE {level} END")


def severity_of(path: str) -> str:
    """SQL of the level that the priority of a syslog message says; UNKNOWN without one."""
    severity = f"TRY_CAST($({path}) AS INTEGER) % {len(SEVERITIES)}"
    names = ", ".join(map(literal, SEVERITIES))
    return f"coalesce([{names}][1 + {severity}], {literal(UNKNOWN)})"


def level_of_status(path: str) -> str:
    """SQL of the level of a request that was answered with an HTTP status."""
    return (
        f"CASE WHEN $({path}) >= '500' THEN 'ERROR' WHEN $({path}) >= '400' THEN 'WARNING' "
        "ELSE 'INFO' END"
    )
