"""Engagement by plain Python on raw events: who was active when, and what follows from it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from analytics_pipeline_tests.metrics.raw_files import RawLake, assert_same_rows

USER_EVENTS = ("cache_query", "cache_store", "ui_interaction")
DAY = timedelta(days=1)
Activity = Mapping[str, set[date]]


def events_of_users(raw: RawLake) -> pd.DataFrame:
    events = raw.of_type(*USER_EVENTS)
    return events[events.user_id.notna()]


def active_dates(events: pd.DataFrame) -> Activity:
    return {user: set(days) for user, days in events.groupby("user_id").event_date}


def ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def span(last: date, length: int) -> set[date]:
    """The days to the last one, so many."""
    return {last - n * DAY for n in range(length)}


def first_dates(activity: Activity, horizon: int) -> Activity:
    """The dates on which a user counts as new: active, and on none of so many days before."""
    return {
        user: {day for day in dates if not dates & span(day - DAY, horizon)}
        for user, dates in activity.items()
    }


def growth(activity: Activity, day: date, firsts: Activity) -> dict[str, float | None]:
    """The counts over several days, user by user; ``firsts`` as first_dates gives them."""
    week, before, month = span(day, 7), span(day - 7 * DAY, 7), span(day, 28)
    counts: Counter[str] = Counter()
    for user, dates in activity.items():
        counts["monthly_active_users"] += bool(dates & month)
        counts["weekly_active_users"] += bool(dates & week)
        if dates & week and dates & before:
            counts["returning_users"] += 1
        elif dates & week:
            new = min(dates & week) in firsts[user]
            counts["new_users" if new else "resurrected_users"] += 1
        counts["churned_users"] += bool(dates & before) and not dates & week
    names = ("weekly_active_users", "monthly_active_users", "new_users", "returning_users",
             "resurrected_users", "churned_users")  # fmt: skip
    if not counts["monthly_active_users"]:
        return dict.fromkeys([*names, "churn_rate"])
    before_count = sum(bool(dates & before) for dates in activity.values())
    return {
        **{name: counts[name] for name in names},
        "churn_rate": ratio(counts["churned_users"], before_count),
    }


def cohort_rows(activity: Activity, day: date, firsts: Activity) -> Iterator[dict[str, Any]]:
    """The cohorts of the 13 weeks to the one of the day, user by user; ``firsts`` likewise."""
    monday = day - day.weekday() * DAY
    begun = {user: {first for first in days if first <= day} for user, days in firsts.items()}
    for weeks in range(13):
        cohort = monday - 7 * weeks * DAY
        first_days = span(cohort + 6 * DAY, 7)
        users = [user for user in activity if begun[user] & first_days]
        retained = [
            user
            for user in users
            if max(begun[user]) in first_days
            and any(monday <= other <= day for other in activity[user])
        ]
        if users:
            yield {
                "event_date": day,
                "cohort_week": pd.Timestamp(cohort),
                "weeks_since": weeks,
                "is_complete_week": day.weekday() == 6,
                "cohort_users": len(users),
                "retained_users": len(retained),
                "retention_rate": len(retained) / len(users),
            }


def compare(
    raw: RawLake, name: str, expected: Sequence[Mapping[str, Any]], keys: Sequence[str]
) -> None:
    """A mart has the expected rows, and no column beside those that are expected."""
    mart = raw.mart(name)
    if "previous_active_date" in mart:
        mart["previous_active_date"] = mart.previous_active_date.dt.strftime("%Y-%m-%d")
    columns = [column.name for column in raw.project.marts[name].table.columns]
    frame = pd.DataFrame(expected, columns=["event_date", *columns], dtype=object)
    if expected:
        assert set(expected[0]) == {"event_date", *columns}
    assert_same_rows(mart, frame, keys, [column for column in columns if column not in keys])
