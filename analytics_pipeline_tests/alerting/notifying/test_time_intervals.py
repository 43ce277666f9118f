"""Recurring times, across midnight, weekends and the changes of a clock."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.alerting.notifying.entries import Digest
from analytics_pipeline.alerting.notifying.time_intervals import TimeInterval, contain, end_of

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = TimeInterval.model_validate({"times": "22:00-07:00", "zone": "Europe/Berlin"})


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-11-26 21:59", None),
        ("2026-11-26 22:00", "2026-11-27 07:00"),
        ("2026-11-27 06:59", "2026-11-27 07:00"),
        ("2026-11-27 07:00", None),
        # The clock goes forward at 02:00, and back at 03:00.
        ("2026-03-28 23:00", "2026-03-29 07:00"),
        ("2026-03-29 03:30", "2026-03-29 07:00"),
        ("2026-10-24 23:00", "2026-10-25 07:00"),
    ],
)
def test_a_night_ends_in_the_morning(moment: str, end: str | None) -> None:
    at = berlin(moment)
    assert contain([NIGHTS], at) is (end is not None)
    assert end_of([NIGHTS], at) == berlin(end or moment)


def test_of_the_hour_that_the_clock_repeats_both_belong_to_the_night() -> None:
    short = TimeInterval.model_validate({"times": "02:00-02:30", "zone": "Europe/Berlin"})
    begin = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 02:00 for the first time
    assert contain([short], begin + timedelta(minutes=10))
    assert contain([short], begin + timedelta(minutes=70))
    assert end_of([short], begin) == begin + timedelta(minutes=90)


def test_an_hour_that_the_clock_leaves_out_is_no_trap() -> None:
    short = TimeInterval.model_validate({"times": "02:00-02:30", "zone": "Europe/Berlin"})
    at = berlin("2026-03-29 01:59")
    assert end_of([short], at) - at <= timedelta(hours=2)


def test_weekdays_run_over_the_week_and_touching_times_are_one() -> None:
    weekend = TimeInterval.model_validate({"weekdays": "sat-sun", "zone": "Europe/Berlin"})
    friday_night = TimeInterval.model_validate(
        {"weekdays": "fri", "times": "18:00-24:00", "zone": "Europe/Berlin"}
    )
    both = [weekend, friday_night]
    assert end_of(both, berlin("2026-11-27 19:00")) == berlin("2026-11-30 00:00")
    around = TimeInterval.model_validate({"weekdays": ["sun-mon", "wed"]})
    assert around.weekdays == {6, 0, 2}


def test_dates_are_holidays() -> None:
    holidays = TimeInterval.model_validate({"dates": ["2026-12-24/2026-12-26", "2027-01-01"]})
    assert contain([holidays], datetime(2026, 12, 26, 23, 59, tzinfo=UTC))
    assert not contain([holidays], datetime(2026, 12, 27, tzinfo=UTC))


@pytest.mark.parametrize(
    "wrong",
    [
        {"times": "22-7"}, {"times": "25:00-26:00"}, {"weekdays": "someday"},
        {"zone": "Berlin"}, {"dates": "2026-12-26/2026-12-24"},
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"is no|before the first"):
        TimeInterval.model_validate(wrong)


MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
TIMES = st.builds(
    lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59)
)
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Pacific/Apia"]
)


@given(MOMENTS, TIMES, TIMES, ZONES)
def test_after_the_end_it_has_ended(moment: datetime, begin: str, end: str, zone: str) -> None:
    interval = TimeInterval.model_validate({"times": f"{begin}-{end}", "zone": zone})
    ended = end_of([interval], moment)
    if begin != end:
        assert not contain([interval], ended)
        assert ended - moment <= timedelta(hours=26)
    assert (ended > moment) is contain([interval], moment)


@given(MOMENTS, TIMES, ZONES)
def test_a_digest_comes_every_local_day_once(moment: datetime, at: str, zone: str) -> None:
    digest = Digest.model_validate({"at": at, "zone": zone})
    times = [digest.next_after(moment)]
    for _ in range(4):
        times.append(digest.next_after(times[-1]))
    assert times[0] > moment
    days = [each.astimezone(ZoneInfo(zone)).date() for each in times]
    assert len(set(days)) == 5
    for former, later in pairwise(times):
        assert timedelta(hours=22) <= later - former <= timedelta(hours=26)
