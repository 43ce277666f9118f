"""Plain text logs: how the lines of well-known loggers become log entries.

To add one, add its pattern. It must tell its lines from those of every other format and from JSON
and CSV: the first of the presets that most lines match is taken. The groups that no field takes
are kept in extra.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from analytics_pipeline.ingestion.formats.declaration import EventMapping, Format
from analytics_pipeline.ingestion.formats.expressions import Restated
from analytics_pipeline.ingestion.formats.log_levels import (
    LEVEL_NOTE,
    SEVERITY_NOTE,
    STATUS_NOTE,
    level_of,
    level_of_status,
    severity_of,
)
from analytics_pipeline.ingestion.formats.log_times import parsed_time, written_time, yearless_time

HEAD_LINES = 100
UTF8_MARK = "\ufeff"
LEVEL = r"(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL|AUDIT)"
DATE_TIME = r"(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)"
QUOTED = r'(?:[^"\\]|\\.)*'
CONTINUATION = re.compile(r"\s|Traceback \(most recent call last\):|Caused by: |\.\.\. \d+ more")


def log_format(
    name: str,
    description: str,
    pattern: str,
    fields: Mapping[str, str],
    notes: Mapping[str, str] | None = None,
    personal: tuple[str, ...] = (),
) -> Format:
    """Declare the format of a text log whose records are log entries.

    ``pattern`` matches a line from its beginning; in it a point matches a line feed too. The
    fields are those of log_entry; each that is not named is the text of the group of its name.
    """
    groups = re.compile(pattern).groupindex
    usual = {
        "time": ("timestamp", written_time("time")),
        "level": ("level", "$(level)"),
        "message": ("message", Restated("coalesce($(message), '')")),
        "component": ("component", "$(component)"),
    }
    own = dict(field for group, field in usual.items() if group in groups)
    mapping = EventMapping("log_entry", own | dict(fields), notes=notes or {})
    return Format(name, description, (mapping,), pattern=f"(?s)^{pattern}", personal=personal)


PYTHON_LOGGING = log_format(
    "python_logging",
    "Python's logging as its documentation formats it: time - name - level - message.",
    rf"{DATE_TIME} - (?P<component>[^\s{{}}]+) - {LEVEL} - (?P<message>.*)",
    {},
)
PYTHON_LOGGING_BASIC = log_format(
    "python_logging_basic",
    "Python's logging in the format of its basicConfig: level:name:message.",
    rf"{LEVEL}:(?P<component>[\w.\-]+):(?P<message>.*)",
    {"timestamp": "$(file_time)"},
    {"timestamp": "when the file was last written, since the lines have no time"},
)
PYTHON_LOGGING_MODULE = log_format(
    "python_logging_module",
    "Python's logging as the documentation of Flask formats it: [time] level in module: message.",
    rf"\[{DATE_TIME}\] {LEVEL} in (?P<component>[\w.\-]+): (?P<message>.*)",
    {},
)
LOG4J = log_format(
    "log4j",
    "Log4j as ZooKeeper sets it up: time - level [thread:class@line] - message.",
    rf"{DATE_TIME} (?:\[myid:(?P<myid>\d*)\] )?- {LEVEL} +"
    r"\[(?P<thread>.+?)(?::(?P<component>[^\s:@\[\]]+)@(?P<code_line>\d+))?\] - (?P<message>.*)",
    {},
)
LOG4J_THREAD = log_format(
    "log4j_thread",
    "Log4j and Logback as Hadoop and others set them up: time level [thread] class: message.",
    rf"{DATE_TIME} +{LEVEL} +\[(?P<thread>[^\]]+)\] (?P<component>[\w.$]+)(?: -|:) (?P<message>.*)",
    {},
)
OPENSTACK = log_format(
    "openstack",
    "OpenStack's oslo.log: time process level name [request] message, also after a file's name.",
    r"(?:(?P<file>[\w.\-]+\.log\S*) )?"
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) (?P<process>\d+) "
    rf"{LEVEL} (?P<component>[\w.\-]+) \[(?P<request>[^\]]*)\] (?P<message>.*)",
    {},
)
HDFS = log_format(
    "hdfs",
    "Log4j as HDFS sets it up: date and time in digits, process, level, class: message.",
    rf"(?P<time>\d{{6}} \d{{6}}) (?P<process>\d+) {LEVEL} "
    r"(?P<component>[\w.$]+): (?P<message>.*)",
    {"timestamp": parsed_time("time", "%y%m%d %H%M%S")},
)
ACCESS_LOG = log_format(
    "access_log",
    "Requests to nginx or Apache, in the combined or the common format.",
    r"(?:(?P<virtual_host>[\w.\-]+:\d+) )?(?P<client>[\w.:%\-]+) (?P<ident>\S+) (?P<user>.+?) "
    r"\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    rf'"(?P<request>{QUOTED})" (?P<status>\d{{3}}) (?P<size>\d+|-)'
    rf'(?: "(?P<referrer>{QUOTED})" "(?P<agent>{QUOTED})")?(?P<rest>(?: .*)?)$',
    {
        "timestamp": parsed_time("time", "%d/%b/%Y:%H:%M:%S %z"),
        "user_id": Restated("nullif($(user), '-')"),
        "level": level_of_status("status"),
        "message": "$(request) || ' ' || $(status)",
    },
    {"level": STATUS_NOTE, "message": "the request with its status", "user_id": "unless it is -"},
    personal=("client", "ident"),
)
NGINX_ERROR = log_format(
    "nginx_error",
    "The error log of nginx.",
    r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>[a-z]+)\] "
    r"(?P<process>\d+)#(?P<thread>\d+): (?:\*(?P<connection>\d+) )?(?P<message>.*)",
    {"timestamp": parsed_time("time", "%Y/%m/%d %H:%M:%S"), "level": level_of("level")},
    {"level": LEVEL_NOTE},
)
APACHE_ERROR = log_format(
    "apache_error",
    "The error log of Apache.",
    r"\[(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4})\] "
    r"\[(?:(?P<component>\w*):)?(?P<level>[a-z]+\d?)\] (?:\[pid (?P<process>\d+)"
    r"(?::tid (?P<thread>\d+))?\] )?(?:\[client (?P<client>[^\]]+)\] )?(?P<message>.*)",
    {
        "timestamp": parsed_time("time", "%a %b %d %H:%M:%S.%f %Y", "%a %b %d %H:%M:%S %Y"),
        "level": level_of("level"),
    },
    {"level": LEVEL_NOTE},
    personal=("client",),
)
# A tag is one word; old daemons put a version after it, login a dash before it.
SYSLOG_TAG = r"(?P<component>(?:-- )?[^\s:\[\]]+(?: \d[\d.]*)?)(?:\[(?P<process>\d+)\])?: ?"
SYSLOG = log_format(
    "syslog",
    "Syslog as RFC 3164 and rsyslog's files have it: time host tag[process]: message.",
    r"(?:<(?P<priority>\d{1,3})>)?(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) "
    rf"(?P<host>[\w.:%\-]+) +(?:{SYSLOG_TAG})?(?P<message>.*)",
    {"timestamp": yearless_time("time"), "level": severity_of("priority")},
    {
        "level": SEVERITY_NOTE,
        "timestamp": "of the latest year in which it is at most a day after the file changed last",
    },
)
SYSLOG_RFC5424 = log_format(
    "syslog_rfc5424",
    "Syslog as RFC 5424 has it.",
    r"<(?P<priority>\d{1,3})>1 (?P<time>\d{4}-\d\d-\d\dT\S+|-) (?P<host>\S+) (?P<component>\S+) "
    r"(?P<process>\S+) (?P<message_id>\S+) (?P<structured_data>-|(?:\[(?:[^\]\\]|\\.)*\])+)"
    rf"(?: +{UTF8_MARK}?(?P<message>.*))?$",
    {
        "timestamp": Restated("nullif($(time), '-')"),
        "level": severity_of("priority"),
        "component": Restated("nullif($(component), '-')"),
    },
    {"level": SEVERITY_NOTE},
)
LOGFMT_VALUE = rf'(?:"{QUOTED}"|[^\s"]*)'


def _pair(*keys: str) -> str:
    """SQL of the first value of some keys of a logfmt record; what is quoted has JSON's escapes."""
    value = rf'(?:^|\s)(?:{"|".join(keys)})=(?:("{QUOTED}")|([^\s"]+))'
    quoted, plain = (f"regexp_extract($(pairs), '{value}', {group})" for group in (1, 2))
    unescaped = "CASE WHEN json_valid(q) THEN json_extract_string(q, '$') ELSE q END"
    return (
        f"coalesce(list_transform([nullif({quoted}, '')], lambda q: {unescaped})[1], "
        f"nullif({plain}, ''))"
    )


LOGFMT = log_format(
    "logfmt",
    "Pairs of key=value with a level, as Go's loggers and Heroku write them.",
    rf"(?P<pairs>(?:[\w.@/\-]+={LOGFMT_VALUE}\s+)*?(?:level|lvl|severity)={LOGFMT_VALUE}(?:\s.*)?)$",
    {
        "timestamp": _pair("time", "timestamp", "ts", "t", "@timestamp"),
        "level": f"upper({_pair('level', 'lvl', 'severity')})",
        "message": f"coalesce({_pair('msg', 'message', 'event')}, $(pairs))",
        "component": _pair("component", "logger", "module", "caller"),
    },
    {
        "timestamp": "time, timestamp, ts, t or @timestamp",
        "level": "level, lvl or severity",
        "message": "msg, message or event; the whole line where there is none",
        "component": "component, logger, module or caller",
    },
)

TEXT_LOGS = (
    PYTHON_LOGGING, PYTHON_LOGGING_BASIC, PYTHON_LOGGING_MODULE, LOG4J, LOG4J_THREAD, OPENSTACK,
    HDFS, ACCESS_LOG, NGINX_ERROR, APACHE_ERROR, SYSLOG_RFC5424, SYSLOG, LOGFMT,
)  # fmt: skip
# Their writers escape line feeds: a line that does not match is damaged, and continues nothing.
SINGLE_LINE = frozenset(each.name for each in (ACCESS_LOG, SYSLOG_RFC5424, SYSLOG, LOGFMT))


def recognized_text_format(
    head_lines: Iterable[str], formats: Iterable[Format] = TEXT_LOGS
) -> Format | None:
    """The format that most of the first lines are of, if at least half of them are.

    Blank lines do not count, nor those that look like the inside of a stack trace.
    """
    counted = (line for line in head_lines if line.strip() and not CONTINUATION.match(line))
    lines = list(islice(counted, HEAD_LINES))
    text = pa.array(lines, pa.string())
    matches = [(_matches(text, each.pattern), each) for each in formats if each.pattern is not None]
    count, best = max(matches, key=lambda match: match[0], default=(0, None))
    return best if lines and 2 * count >= len(lines) else None


def _matches(text: pa.Array, pattern: str) -> int:
    return pc.sum(pc.match_substring_regex(text, pattern)).as_py() or 0
