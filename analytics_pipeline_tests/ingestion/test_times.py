"""Times as sources write them, against Python's own reading where it has one."""

import itertools
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.ingestion.times import utc
from analytics_pipeline.lake.table import literal

NOON = "2026-11-10 12:00:00"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

READ = {
    "2026-11-10T12:00:00Z": NOON,
    "2026-11-10t12:00:00z": NOON,
    "2026-11-10 12:00:00Z": NOON,
    "2026-11-10 12:00:00": NOON,
    "2026-11-10 12:00": NOON,
    "2026-11-10T12Z": NOON,
    " 2026-11-10T12:00:00 UTC ": NOON,
    "2026-11-10T14:00:00+02": NOON,
    "2026-11-10T14:00:00+0200": NOON,
    "2026-11-10T14:00:00+02:00": NOON,
    "2026-11-10 14:00:00 +0200": NOON,
    "2026-11-10T12:00:00+00:00": NOON,
    "2026-11-10T12:00:00-00:00": NOON,
    "2026-11-10T06:30:00-05:30": NOON,
    "2026-11-10T14:00:30+02:00:30": NOON,
    "2026-11-11T00:30:00+12:30": NOON,
    "20261110T120000Z": NOON,
    "20261110T140000+0200": NOON,
    "2026-W46-2T12:00:00Z": NOON,
    "2026W462T120000Z": NOON,
    "2026-314T12:00:00Z": NOON,
    "2026314T120000Z": NOON,
    "2026-11-10": "2026-11-10 00:00:00",
    "2026-W46-2": "2026-11-10 00:00:00",
    "2026-314": "2026-11-10 00:00:00",
    "2026-W53-7": "2027-01-03 00:00:00",
    "2024-366": "2024-12-31 00:00:00",
    "2026-11-10T12:00:00.1Z": f"{NOON}.1",
    "2026-11-10T12:00:00,123Z": f"{NOON}.123",
    "2026-11-10 12:00:00,123": f"{NOON}.123",
    "2026-11-10T12:00:00.999999999999999999999Z": f"{NOON}.999999",
    "2026-11-10T12:00:00,999999999999999999999+00:00": f"{NOON}.999999",
    "2026-11-10T24:00:00Z": "2026-11-11 00:00:00",
    "2026-11-10T24:00": "2026-11-11 00:00:00",
    "2026-12-31t24:00:00.000z": "2027-01-01 00:00:00",
    "2016-12-31T23:59:60Z": "2017-01-01 00:00:00",
    "2016-12-31T23:59:60.25Z": "2017-01-01 00:00:00.25",
    "2017-01-01T08:59:60+09:00": "2017-01-01 00:00:00",
    "0001-01-01T00:00:00Z": "0001-01-01 00:00:00",
    "9999-12-31T23:59:59.999999Z": "9999-12-31 23:59:59.999999",
    "1763000000": "2025-11-13 02:13:20",
    "1763000000.0": "2025-11-13 02:13:20",
    "1.763e9": "2025-11-13 02:13:20",
    "1.763E+09": "2025-11-13 02:13:20",
    "1763000000123.9999": "2025-11-13 02:13:20.123999",
    "1.763000000123456789e18": "2025-11-13 02:13:20.123456",
    "1763000000.12345699999999999999999999999999": "2025-11-13 02:13:20.123456",
    "0": "1970-01-01 00:00:00",
    "-1.5": "1969-12-31 23:59:58.5",
    "99999999999": "5138-11-16 09:46:39",
    "100000000000": "1973-03-03 09:46:40",
    "99999999999999": "5138-11-16 09:46:39.999",
    "100000000000000": "1973-03-03 09:46:40",
    "99999999999999999": "5138-11-16 09:46:39.999999",
    "100000000000000000": "1973-03-03 09:46:40",
    "253402300799999999999": "9999-12-31 23:59:59.999999",
}  # fmt: skip
REFUSED = [
    "", " ", "epoch", "infinity", "-infinity", "today", "now", "nan", "null", "Z", "-", "e9",
    "1e", "1_000", "0x10", "1e400", "-1e400", "1e99999", "253402300800000000000", "2026-11",
    "2026-W46", "20261110T", "2026-02-29", "2026-13-01", "2026-00-10", "2026-11-00", "2026-366",
    "2026-000", "2025-W53-1", "2026-W00-1", "2026-11-10T24:00:01Z", "2026-11-10T25:00:00Z",
    "2026-11-10T12:60:00Z", "2026-11-10T12:00:61Z", "2016-12-31T22:59:60Z",
    "2017-01-01T23:59:60+09:00", "2026-11-10T12:00:00+25:00", "2026-11-10T12:00:00+02:60",
    "2026-11-10T12:00:00 BST", "2026-11-10T12:00:00 Europe/Berlin", "2026-11-10 (BC)",
    "2026-11-10T12:00:00+", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01",
    "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "9999-12-31 24:00:00Z",
    "9999-12-31T23:59:59-01:00", "10 Nov 2026", "11/10/2026", "٢٠٢٦-11-10T12:00:00Z",
]  # fmt: skip


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@pytest.fixture
def engine() -> duckdb.DuckDBPyConnection:
    return _engine()


def read(
    engine: duckdb.DuckDBPyConnection, texts: list[str], zone: str = "UTC"
) -> dict[str, str | None]:
    rows = engine.execute(
        f"SELECT t, ({utc('t', literal(zone))})::VARCHAR FROM (SELECT unnest(?::VARCHAR[]) AS t)",
        [texts],
    ).fetchall()
    return dict(rows)


def written(moment: datetime) -> str:
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return text.rstrip("0") if "." in text else text


def test_each_notation_is_read(engine: duckdb.DuckDBPyConnection) -> None:
    assert read(engine, list(READ)) == READ


def test_a_time_that_says_where_it_is_does_not_depend_on_the_zone(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    texts = [text for text in READ if re.search(r"[Tt ]\d.*([zZC+]|-\d\d:)", text)]
    assert len(texts) > 30
    assert read(engine, texts, "Asia/Kolkata") == {text: READ[text] for text in texts}


def test_anything_else_is_no_time(engine: duckdb.DuckDBPyConnection) -> None:
    assert read(engine, REFUSED) == dict.fromkeys(REFUSED)
    assert read(engine, REFUSED, "Europe/Berlin") == dict.fromkeys(REFUSED)


@given(st.lists(st.text(max_size=30) | st.from_regex(r"[-+0-9TZzW:., e]{1,30}", fullmatch=True)))
@settings(max_examples=40, deadline=None)
def test_no_text_is_an_error(texts: list[str]) -> None:
    read(_engine(), [text for text in texts if "\0" not in text], "America/New_York")


offsets = st.integers(-86_399, 86_399).map(lambda s: timezone(timedelta(seconds=s)))
moments = st.datetimes(timezones=st.just(UTC) | offsets).filter(
    lambda moment: 1 < moment.toordinal() < date.max.toordinal()
)


def _basic(moment: datetime) -> str:
    return moment.strftime(f"{moment.year:04}%m%dT%H%M%S.%f%z")


def _week_date(moment: datetime) -> str:
    year, week, day = moment.isocalendar()
    return f"{year:04}-W{week:02}-{day}{moment.isoformat()[10:]}"


def _ordinal_date(moment: datetime) -> str:
    return f"{moment.year:04}-{moment.timetuple().tm_yday:03}{moment.isoformat()[10:]}"


@given(
    st.lists(
        st.tuples(
            moments,
            st.sampled_from(
                [datetime.isoformat, str, _basic, _week_date, _ordinal_date,
                 lambda moment: moment.isoformat().replace(".", ","),
                 lambda moment: re.sub(r"\+00:00$", "Z", moment.isoformat())],
            ),
        ),
        min_size=1,
        max_size=50,
    )
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_iso_8601_is_read_as_python_reads_it(cases: list) -> None:
    texts = {write(moment): moment for moment, write in cases}
    assert read(_engine(), list(texts)) == {text: written(texts[text]) for text in texts}


@given(
    st.lists(
        st.tuples(
            st.integers(100_000_000, 99_999_999_999), st.integers(0, 10**9 - 1), st.integers(0, 3)
        ),
        min_size=1,
    )
)
@settings(max_examples=40, deadline=None)
def test_epochs_are_exact_to_the_microsecond(cases: list[tuple[int, int, int]]) -> None:
    texts = {}
    for seconds, nanoseconds, unit in cases:
        moment = EPOCH + timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
        number = Decimal(seconds).scaleb(3 * unit) + Decimal(nanoseconds).scaleb(3 * unit - 9)
        texts[str(number)] = written(moment)
    assert read(_engine(), list(texts)) == texts


ZONES = [
    "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata",
    "Africa/Casablanca", "Pacific/Apia", "America/Caracas", "Antarctica/Troll", "Asia/Tehran",
]  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_local_times_are_read_as_the_first_that_the_clocks_showed(
    engine: duckdb.DuckDBPyConnection, zone: str
) -> None:
    """Every half hour around each change of the clocks in 30 years, and every day between."""
    place = ZoneInfo(zone)
    hours = [datetime(1995, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(30 * 8766)]
    changes = [
        hour.replace(tzinfo=None)
        for hour, following in itertools.pairwise(hours)
        if hour.astimezone(place).utcoffset() != following.astimezone(place).utcoffset()
    ]
    local = {change + timedelta(minutes=30 * n) for change in changes for n in range(-80, 80)}
    local |= {hour.replace(tzinfo=None) for hour in hours[::24]}
    expected = {str(each): written(each.replace(tzinfo=place)) for each in local}
    assert read(engine, list(expected), zone) == expected


def test_gaps_and_overlaps(engine: duckdb.DuckDBPyConnection) -> None:
    times = {
        "2026-03-29 02:30:00": "2026-03-29 01:30:00",  # passed over: shown as 03:30
        "2026-10-25 02:30:00": "2026-10-25 00:30:00",  # shown twice
        "2026-10-25T02:30": "2026-10-25 00:30:00",
        "20261025T023000": "2026-10-25 00:30:00",
        "2026-10-25 03:00:00": "2026-10-25 02:00:00",
    }
    assert read(engine, list(times), "Europe/Berlin") == times
