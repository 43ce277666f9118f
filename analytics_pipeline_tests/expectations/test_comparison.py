"""What counts as usual, and what is compared with it."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from analytics_pipeline.expectations.comparison import compared
from analytics_pipeline.expectations.profile import profile_days
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline_tests.expectations.events import (
    Event,
    log_entry,
    ordinary_day,
    query,
    write_events,
)

DAY = date(2024, 3, 1)
LATER = date(2024, 4, 1)


def back(days: int) -> date:
    return DAY - timedelta(days=days)


def frame_of(lake: Lake, events: dict[date, list[Event]], today: date = LATER) -> pd.DataFrame:
    write_events(lake, events)
    with lake.engine() as connection:
        profile_days(lake, connection, sorted(events))
        return compared(lake, connection, [DAY], today)[DAY].set_index(["event_type", "field"])


def value(frame: pd.DataFrame, row: tuple[str, str], column: str) -> float | None:
    found = float(frame.at[row, column])  # type: ignore[arg-type]
    return None if pd.isna(found) else found


def queries(count: int) -> Callable[[date], list[Event]]:
    return lambda day: [query(day, number, count) for number in range(count)]


def history(*sizes: tuple[int, int]) -> dict[date, list[Event]]:
    """Days with queries alone, each given as days back and number of queries."""
    return {back(days): queries(count)(back(days)) for days, count in sizes}


@pytest.mark.parametrize(
    ("past", "usual"),
    [
        # the same weekday, where three of four have events
        (((7, 10), (14, 20), (21, 40), (1, 1), (2, 1), (3, 1)), 20),
        (((7, 10), (14, 20), (21, 40), (28, 60)), 30),
        # else the seven days before; the day of a week ago is among them
        (((1, 10), (2, 30), (7, 50), (14, 1)), 30),
        # else nothing: too few days, days too far back, days without events
        (((1, 10), (2, 30)), None),
        (((8, 10), (9, 30), (10, 50)), None),
        (((29, 10), (35, 30), (42, 50)), None),
        (((1, 10), (2, 30), (3, 0)), None),
        ((), None),
    ],
)
def test_the_usual_is_the_median_of_comparable_days(
    tmp_path: Path, past: tuple[tuple[int, int], ...], usual: float | None
) -> None:
    frame = frame_of(Lake(tmp_path), {**history(*past), DAY: queries(60)(DAY)})
    for row in (("*", "*"), ("cache_query", "*")):
        ratio = value(frame, row, "events_to_usual")
        assert ratio == (None if usual is None else 60 / usual)
    assert value(frame, ("*", "*"), "all_events") == 60
    assert frame["all_events"].notna().sum() == 1


def test_every_measure_against_three_ordinary_days(tmp_path: Path) -> None:
    past = {back(days): ordinary_day(back(days)) for days in (7, 14, 21)}
    of_day = [
        query(
            DAY,
            number,
            320,
            response_time=None if number % 2 else 0.29,
            model=None if number == 0 else "large model",
        )
        for number in range(160)  # of 320 places: the day falls silent at noon
    ]
    of_day += [log_entry(DAY, number, timestamp=f"{DAY} 09:00:00") for number in range(5)]
    frame = frame_of(Lake(tmp_path), {**past, DAY: of_day})

    assert value(frame, ("cache_query", "*"), "events_to_usual") == pytest.approx(2)
    assert value(frame, ("log_entry", "*"), "events_to_usual") == pytest.approx(5 / 40)
    response_time = ("cache_query", "response_time")
    assert value(frame, response_time, "null_share_rise") == pytest.approx(0.5)
    assert value(frame, response_time, "mean_to_usual") == pytest.approx(0.29 / 0.145)
    model = ("cache_query", "model")
    assert value(frame, model, "null_share_rise") == pytest.approx(1 / 160)
    lengthened = len("large model") / len("small")
    assert value(frame, model, "mean_to_usual") == pytest.approx(lengthened)
    assert value(frame, ("cache_query", "cache_hit"), "required_null_share") == 0
    assert value(frame, ("cache_query", "cache_hit"), "null_share_rise") is None
    assert value(frame, ("cache_query", "match_type"), "null_share_rise") == 0
    rise = 24 * 79 / 80 - 24 * 159 / 320  # hours of the last query on a usual day and on this one
    assert value(frame, ("*", "*"), "quiet_hours_rise") == pytest.approx(rise, abs=1e-3)
    # five log entries are too few to judge their fields
    assert frame.loc["log_entry"]["mean_to_usual"].isna().all()
    assert frame.loc["log_entry"]["null_share_rise"].isna().all()


def test_an_event_type_that_stays_away_is_seen(tmp_path: Path) -> None:
    past = {back(days): ordinary_day(back(days)) for days in (1, 2, 3)}
    frame = frame_of(Lake(tmp_path), {**past, DAY: queries(80)(DAY)})
    assert value(frame, ("log_entry", "*"), "events_to_usual") == 0
    assert value(frame, ("cache_query", "*"), "events_to_usual") == 1
    assert set(frame.loc["log_entry"].index) == {"*"}


def test_an_event_type_of_few_days_is_not_missed(tmp_path: Path) -> None:
    past = {back(days): queries(80)(back(days)) for days in (1, 2, 3)}
    past[back(2)] = ordinary_day(back(2))
    frame = frame_of(Lake(tmp_path), {**past, DAY: queries(80)(DAY)})
    assert value(frame, ("log_entry", "*"), "events_to_usual") is None


def test_a_day_that_is_not_over_is_not_held_against_whole_days(tmp_path: Path) -> None:
    past = {back(days): ordinary_day(back(days)) for days in (1, 2, 3)}
    frame = frame_of(Lake(tmp_path), {**past, DAY: queries(40)(DAY)}, today=DAY)
    assert frame["events_to_usual"].isna().all()
    assert frame["quiet_hours_rise"].isna().all()
    assert value(frame, ("cache_query", "response_time"), "mean_to_usual") == pytest.approx(1)


def test_values_beyond_their_limits_are_counted(tmp_path: Path) -> None:
    of_day = [query(DAY, number, 4, response_time=number - 1) for number in range(4)]
    frame = frame_of(Lake(tmp_path), {DAY: of_day})
    assert value(frame, ("cache_query", "response_time"), "outside_share") == 0.25


def test_a_day_without_events_is_all_that_there_is(tmp_path: Path) -> None:
    past = {back(days): ordinary_day(back(days)) for days in (1, 2, 3)}
    frame = frame_of(Lake(tmp_path), {**past, DAY: []})
    assert value(frame, ("*", "*"), "all_events") == 0
    assert frame["events_to_usual"].tolist() == [0, 0, 0]


def test_many_days_at_once_agree_with_each_alone(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    events = {back(days): ordinary_day(back(days), 40 + days) for days in range(12)}
    write_events(lake, events)
    with lake.engine() as connection:
        profile_days(lake, connection, sorted(events))
        at_once = compared(lake, connection, sorted(events), LATER)
        for day in events:
            alone = compared(lake, connection, [day], LATER)[day]
            pd.testing.assert_frame_equal(at_once[day], alone)
