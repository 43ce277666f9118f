"""From the text of a time, in any of the notations that sources write, to an instant in UTC."""

import re

from analytics_pipeline.lake.table import literal

# An epoch is told by its magnitude: below the limit it counts the unit, of which so many powers
# of ten are a microsecond. Seconds reach to the year 5138; milliseconds begin in March 1973.
EPOCH_UNITS = ((10**11, 6), (10**14, 3), (10**17, 0))
NANOSECONDS = -3
FIRST_MICROSECOND, LAST_MICROSECOND = -62_135_596_800_000_000, 253_402_300_799_999_999
ZONES_OF_UTC = ("UTC", "Etc/UTC", "GMT", "Etc/GMT")
DAY = 86_400_000_000

LOCAL = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?"
WITH_OFFSET = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?[+-](?:[01]\d|2[0-3]):[0-5]\d"
# The digits cut off are below a microsecond, whatever the unit and the exponent it calls for.
NUMBER = r"^\s*(?P<digits>[+-]?\d+(?:\.\d{0,15})?)\d*(?:[eE](?P<exponent>[+-]?\d{1,3}))?\s*$"
ISO_8601 = (
    r"^\s*(?P<year>\d{4})"
    r"(?:-(?P<month>\d\d)-(?P<day>\d\d)|(?P<basic_month>\d\d)(?P<basic_day>\d\d)"
    r"|-?W(?P<week>\d\d)-?(?P<weekday>[1-7])|-?(?P<ordinal>\d{3}))"
    r"(?:(?:[Tt]|\s+)(?P<hour>[01]\d|2[0-4])(?::?(?P<minute>[0-5]\d)"
    r"(?::?(?P<second>[0-5]\d|60)(?:[.,](?P<fraction>\d+))?)?)?"
    r"\s*(?P<zone>[Zz]|UTC|GMT|(?P<sign>[+-])(?P<off_hour>[01]\d|2[0-3])"
    r"(?::?(?P<off_minute>[0-5]\d)(?::?(?P<off_second>[0-5]\d))?)?)?)?\s*$"
)
ISO_8601_PARTS = re.findall(r"\(\?P<(\w+)>", ISO_8601)


def utc(text: str, zone: str = "'UTC'") -> str:
    """SQL of a TIMESTAMP in UTC from the SQL of a text; null where it is no time.

    Read are ISO 8601 in all its notations of a date (calendar, week, ordinal; extended or basic)
    with an offset or without, and epochs as decimal numbers in s (below 1e11), ms (below 1e14),
    us (below 1e17) or ns. Whatever is finer than a microsecond is cut off. A number is always an
    epoch, also one that looks like 20261110. 24:00 is the start of the next day. A leap second,
    which exists only before midnight in UTC, is the first second of the next day, as in POSIX.
    Years are 1 to 9999.

    ``zone`` is SQL of the IANA name of the zone of times that have no offset; the engine refuses
    an unknown one. A time that its clocks passed over counts as if they had not been advanced yet
    (02:30 becomes what they show as 03:30), one that they showed twice is the first, as with
    fold=0 in Python. The engine must work in UTC.
    """
    usual = (
        f"CASE WHEN {text} BETWEEN '0001' AND '9999-12-31 24' AND {text} LIKE '____-%Z' "
        f"THEN TRY_CAST({text} AS TIMESTAMP) END"
    )
    with_offset = f"make_timestamp(epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)))"
    plain = (
        f"CASE WHEN {text} LIKE '____-%+00:00' THEN TRY_CAST({text} AS TIMESTAMP) "
        f"WHEN regexp_full_match({text}, {literal(WITH_OFFSET)}) THEN {with_offset} "
        f"WHEN regexp_full_match({text}, {literal(LOCAL)}) "
        f"THEN {_in_utc(f'TRY_CAST({text} AS TIMESTAMP)', zone)} END"
    )
    others = f"coalesce({plain}, {_epoch(text)}, {_iso_8601(text, zone)})"
    within = f"epoch_us(t) BETWEEN {FIRST_MICROSECOND} AND {LAST_MICROSECOND}"
    return f"coalesce({usual}, {_let('t', others, f'CASE WHEN {within} THEN t END')})"


def _let(name: str, value: str, expression: str) -> str:
    """SQL of an expression in which a name stands for a value, which is computed once."""
    return f"list_transform([{value}], lambda {name}: {expression})[1]"


def _in_utc(local: str, zone: str) -> str:
    """SQL of a TIMESTAMP in UTC from the SQL of one in a zone.

    The engine takes the later of two instants with the same local time. The earlier, where there
    is one, has the offset of the day before, since clocks are never set back by more than a day.
    """
    if zone in map(literal, ZONES_OF_UTC):
        return local
    day_before = f"(later - {DAY})"
    offset_before = f"epoch_us(timezone({zone}, make_timestamptz({day_before}))) - {day_before}"
    chosen = (
        f"CASE WHEN earlier = later OR timezone({zone}, make_timestamptz(earlier)) <> local "
        "THEN make_timestamp(later) ELSE make_timestamp(earlier) END"
    )
    chosen = _let("earlier", f"epoch_us(local) - ({offset_before})", chosen)
    return _let("local", local, _let("later", f"epoch_us(timezone({zone}, local))", chosen))


def _epoch(text: str) -> str:
    """SQL of the instant of an epoch; null where the text is no number.

    The unit moves the decimal point of the text, so that nothing is rounded.
    """
    found = f"regexp_extract({text}, {literal(NUMBER)}, ['digits', 'exponent'])"
    exponent = "coalesce(TRY_CAST(n.exponent AS INTEGER), 0)"
    units = " ".join(f"WHEN magnitude < {limit} THEN {power}" for limit, power in EPOCH_UNITS)
    shifted = f"concat(n.digits, 'e', {exponent} + CASE {units} ELSE {NANOSECONDS} END)"
    microseconds = f"floor(TRY_CAST({shifted} AS DECIMAL(38, 15)))"
    instant = (
        f"CASE WHEN us BETWEEN {FIRST_MICROSECOND} AND {LAST_MICROSECOND} "
        "THEN make_timestamp(us::BIGINT) END"
    )
    magnitude = f"abs(TRY_CAST(concat(n.digits, 'e', {exponent}) AS DECIMAL(38, 15)))"
    read = _let("magnitude", magnitude, _let("us", microseconds, instant))
    return _let("n", found, f"CASE WHEN n.digits <> '' THEN {read} END")


def _iso_8601(text: str, zone: str) -> str:
    """SQL of the instant of a text in any notation of ISO 8601; null where it is none."""
    found = f"regexp_extract({text}, {literal(ISO_8601)}, {ISO_8601_PARTS})"
    clock = f"{_seconds('hour', 'minute', 'second')} + rpad(p.fraction[:6], 6, '0')::BIGINT"
    offset = f"concat(p.sign, '1')::BIGINT * {_seconds('off_hour', 'off_minute', 'off_second')}"
    instant = (
        f"CASE WHEN p.zone <> '' THEN make_timestamp(epoch_us(d) + clock - {offset}) "
        f"ELSE {_in_utc('make_timestamp(epoch_us(d) + clock)', zone)} END"
    )
    leaps_rightly = "p.second <> '60' OR t::TIME < TIME '00:00:01'"
    instant = _let("t", instant, f"CASE WHEN {leaps_rightly} THEN t END")
    is_clock = f"p.hour < '24' OR clock = {DAY}"
    read = _let("d", _date(), _let("clock", clock, f"CASE WHEN {is_clock} THEN {instant} END"))
    return _let("p", found, f"CASE WHEN p.year > '0000' THEN {read} END")


def _date() -> str:
    """SQL of the date of the parts p; null where there is none, such as in a week 53 too many."""
    week_date = "try_strptime(concat_ws('-', p.year, p.week, p.weekday), '%G-%V-%u')::DATE"
    ordinal_date = "make_date(p.year::INTEGER, 1, 1) + (p.ordinal::INTEGER - 1)"
    return (
        f"CASE WHEN p.week <> '' THEN {_let('d', week_date, _of_year('isoyear'))} "
        f"WHEN p.ordinal <> '' THEN {_let('d', ordinal_date, _of_year('year'))} "
        "ELSE TRY_CAST(concat_ws('-', p.year, p.month || p.basic_month, p.day || p.basic_day) "
        "AS DATE) END"
    )


def _of_year(function: str) -> str:
    return f"CASE WHEN {function}(d) = p.year::INTEGER THEN d END"


def _seconds(*names: str) -> str:
    """SQL of the microseconds of parts that are hours, minutes and seconds, 0 where absent."""
    hour, minute, second = (f"('0' || p.{name})::BIGINT" for name in names)
    return f"((({hour} * 60 + {minute}) * 60 + {second}) * 1000000)"
