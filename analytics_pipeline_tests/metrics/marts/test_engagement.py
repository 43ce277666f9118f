"""The marts of users and what they do, against pandas and plain Python on raw events."""

from collections import Counter
from datetime import timedelta
from statistics import fmean, median

import pandas as pd

from analytics_pipeline_tests.metrics.marts.engagement import (
    USER_EVENTS,
    active_dates,
    compare,
    events_of_users,
    first_dates,
    growth,
    ratio,
)
from analytics_pipeline_tests.metrics.raw_files import RawLake


def test_daily_engagement_metrics(raw: RawLake) -> None:
    events = events_of_users(raw)
    activity = active_dates(events)
    firsts = first_dates(activity, 365)
    interactions = Counter(raw.of_type("ui_interaction").event_date)
    expected = []
    for day in raw.days:
        today = events[events.event_date == day]
        active = today.user_id.nunique() or None
        kinds = Counter(today.event_type)
        durations = session_durations(today)
        over_days = growth(activity, day, firsts)
        expected.append(
            {
                "event_date": day,
                "active_users": active,
                "total_interactions": interactions[day] or None,
                "interactions_per_user": ratio(kinds["ui_interaction"] or None, active),
                "queries_per_user": ratio(kinds["cache_query"] or None, active),
                **over_days,
                "stickiness": ratio(active, over_days["monthly_active_users"]),
                "sessions": len(durations) or None,
                "sessions_per_user": ratio(len(durations), active),
                "average_session_duration": fmean(durations) if durations else None,
                "p50_session_duration": median(durations) if durations else None,
            }
        )
    compare(raw, "daily_engagement_metrics", expected, ["event_date"])


def session_durations(events: pd.DataFrame) -> list[float]:
    """Seconds of each session, by a walk along the times of each user."""
    durations = []
    for _, times in events.groupby("user_id").timestamp:
        start = last = None
        for time in sorted(times):
            if last is None or time - last >= timedelta(minutes=30):
                if start is not None:
                    durations.append((last - start).total_seconds())
                start = time
            last = time
        durations.append((last - start).total_seconds())
    return durations


def test_int_user_days_and_recency(raw: RawLake) -> None:
    events = events_of_users(raw)
    activity = active_dates(events)
    days, recency = [], []
    for (day, user), own in events.groupby(["event_date", "user_id"]):
        kinds, teams = Counter(own.event_type), Counter(own.team.dropna())
        most = max(teams.values(), default=0)
        key = {"event_date": day, "user_id": user}
        days.append(
            {
                **key,
                "team": min((t for t, n in teams.items() if n == most), default=None),
                "queries": kinds["cache_query"],
                "stores": kinds["cache_store"],
                "interactions": kinds["ui_interaction"],
                "events": len(own),
            }
        )
        earlier = [other for other in activity[user] if other < day]
        recency.append({**key, "previous_active_date": str(max(earlier)) if earlier else None})
    compare(raw, "int_user_days", days, ["event_date", "user_id"])
    compare(raw, "int_user_recency", recency, ["event_date", "user_id"])


def test_daily_engagement_metrics_by_slice(raw: RawLake) -> None:
    events = raw.of_type(*USER_EVENTS)
    expected = []
    for dimension in ("team", "language", "framework"):
        names = events.reindex(columns=[dimension])[dimension].astype(object).fillna("(none)")
        for (day, value), own in events.groupby(["event_date", names]):
            kinds = Counter(own.event_type)
            expected.append(
                {
                    "event_date": day,
                    "dimension": dimension,
                    "value": value,
                    "active_users": own.user_id.nunique() or None,
                    "queries": kinds["cache_query"],
                    "stores": kinds["cache_store"],
                    "interactions": kinds["ui_interaction"],
                }
            )
    compare(
        raw, "daily_engagement_metrics_by_slice", expected, ["event_date", "dimension", "value"]
    )


def test_daily_feature_usage(raw: RawLake) -> None:
    active = events_of_users(raw).groupby("event_date").user_id.nunique()
    interactions = raw.of_type("ui_interaction").fillna({"page": "(none)", "element": "(none)"})
    keys = ["event_date", "page", "element", "action"]
    expected = []
    for key, own in interactions.groupby(keys):
        users = own.user_id.nunique() or None
        expected.append(
            {
                **dict(zip(keys, key, strict=True)),
                "interactions": len(own),
                "users": users,
                "share_of_active_users": ratio(users, active.get(key[0])),
            }
        )
    compare(raw, "daily_feature_usage", expected, keys)
