"""Every workflow insight computed once more, by pandas and plain Python, from the same events."""

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pandas as pd

from analytics_pipeline.settings import InsightSettings

Rows = list[dict[str, Any]]


def by_day(insight: Callable[[pd.DataFrame, InsightSettings], Rows]) -> Callable[..., Rows]:
    def over_days(events: pd.DataFrame, settings: InsightSettings) -> Rows:
        return [
            {"event_date": day} | row
            for day in events["event_date"].unique()
            for row in insight(events[events["event_date"] == day], settings)
        ]

    return over_days


def _queries(events: pd.DataFrame) -> pd.DataFrame:
    return events[events["event_type"] == "cache_query"]


def _mean(values: pd.Series) -> float | None:
    present = values.dropna().astype(float)
    return None if present.empty else float(present.mean())


def _texts(events: pd.DataFrame) -> pd.DataFrame:
    queries = _queries(events)
    return queries[queries["query"].fillna("") != ""]


@by_day
def top_queries(events: pd.DataFrame, settings: InsightSettings) -> Rows:
    texts = _texts(events)
    counts = texts["query"].value_counts()
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = []
    for rank, (text, count) in enumerate(ranked[: settings.top_queries], start=1):
        of_text = texts[texts["query"] == text]
        hits = int(of_text["cache_hit"].sum())
        rows.append(
            {
                "rank": rank,
                "query": text,
                "queries": int(count),
                "hits": hits,
                "hit_rate": hits / int(count),
                "average_response_time": _mean(of_text["response_time"]),
            }
        )
    return rows


@by_day
def language_distribution(events: pd.DataFrame, settings: InsightSettings) -> Rows:
    queries = _queries(events)
    return [
        {
            "language": None if pd.isna(language) else language,
            "queries": len(group),
            "share": len(group) / len(queries),
            "hit_rate": float(group["cache_hit"].astype(float).mean()),
        }
        for language, group in queries.groupby("language", dropna=False)
    ]


@by_day
def query_length_classes(events: pd.DataFrame, settings: InsightSettings) -> Rows:
    texts = _texts(events)
    if texts.empty:
        return []
    lengths = texts["query"].map(len)
    masks = {
        "under_50": lengths < 50,
        "50_to_99": (lengths >= 50) & (lengths <= 99),
        "100_or_more": lengths >= 100,
    }
    return [
        {
            "length_class": name,
            "queries": int(mask.sum()),
            "share": int(mask.sum()) / len(texts),
            "hit_rate": _mean(texts.loc[mask, "cache_hit"]),
            "average_response_time": _mean(texts.loc[mask, "response_time"]),
        }
        for name, mask in masks.items()
    ]


@by_day
def sessions(events: pd.DataFrame, settings: InsightSettings) -> Rows:
    return [
        _session(kind, owner, session)
        for kind, owner, activity in _activities(events)
        for session in _split(activity, timedelta(minutes=settings.session_gap_minutes))
    ]


def _activities(events: pd.DataFrame) -> Iterator[tuple[str, str, Rows]]:
    groups: dict[tuple[str, str], Rows] = {}
    for event in events.to_dict("records"):
        if isinstance(event["user_id"], str):
            groups.setdefault(("user", event["user_id"]), []).append(event)
        elif isinstance(event["session_id"], str):
            groups.setdefault(("session", event["session_id"]), []).append(event)
    for (kind, owner), activity in groups.items():
        yield kind, owner, sorted(activity, key=lambda event: event["timestamp"])


def _split(activity: Rows, gap: timedelta) -> Iterator[Rows]:
    session: Rows = []
    for event in activity:
        if session and event["timestamp"] - session[-1]["timestamp"] >= gap:
            yield session
            session = []
        session.append(event)
    yield session


def _session(kind: str, owner: str, session: Rows) -> dict[str, Any]:
    started, ended = session[0]["timestamp"], session[-1]["timestamp"]
    queries = [event for event in session if event["event_type"] == "cache_query"]
    hits = sum(bool(event["cache_hit"]) for event in queries)
    text = str(started)
    start_text = text.rstrip("0") if "." in text else text
    return {
        "session_id": hashlib.md5(f"{kind}|{owner}|{start_text}".encode()).hexdigest(),
        "user_id": owner if kind == "user" else None,
        "started_at": started,
        "ended_at": ended,
        "duration": (ended - started).total_seconds(),
        "events": len(session),
        "queries": len(queries),
        "hit_rate": hits / len(queries) if queries else None,
    }


@by_day
def slow_queries(events: pd.DataFrame, settings: InsightSettings) -> Rows:
    queries = _queries(events)
    slow = queries[queries["response_time"].astype(float) > settings.slow_query_seconds]
    columns = ["event_id", "timestamp", "query", "model", "user_id", "cache_hit", "response_time"]
    return slow[columns].to_dict("records")


@by_day
def miss_rate_periods(events: pd.DataFrame, settings: InsightSettings) -> Rows:
    queries = _queries(events)
    midnight = events["event_date"].iloc[0]
    minutes = settings.period_minutes
    periods: dict[int, list[bool]] = {}
    for moment, hit in zip(queries["timestamp"], queries["cache_hit"], strict=True):
        number = int((moment - midnight) / timedelta(minutes=minutes))
        periods.setdefault(number, []).append(not hit)
    stretches: list[list[int]] = []
    for number in sorted(periods):
        misses = periods[number]
        enough = len(misses) >= settings.period_min_queries
        if not enough or sum(misses) / len(misses) <= settings.miss_rate:
            continue
        if stretches and stretches[-1][-1] == number - 1:
            stretches[-1].append(number)
        else:
            stretches.append([number])
    rows = []
    for stretch in stretches:
        misses = [miss for number in stretch for miss in periods[number]]
        end = midnight + timedelta(minutes=minutes) * (stretch[-1] + 1)
        rows.append(
            {
                "started_at": midnight + timedelta(minutes=minutes) * stretch[0],
                "ended_at": min(end, midnight + timedelta(days=1)),
                "queries": len(misses),
                "misses": sum(misses),
                "miss_rate": sum(misses) / len(misses),
            }
        )
    return rows


@by_day
def log_templates(events: pd.DataFrame, settings: InsightSettings) -> Rows:
    """Of messages that are made of words and numbers alone."""
    logs = events[events["event_type"] == "log_entry"]
    groups: dict[tuple[str, str | None, str], Rows] = {}
    for entry in logs.to_dict("records"):
        component = entry["component"] if isinstance(entry["component"], str) else None
        template = re.sub(r"\d+", "<number>", entry["message"])
        groups.setdefault((entry["level"], component, template), []).append(entry)
    return [
        {
            "level": level,
            "component": component,
            "template": template,
            "entries": len(entries),
            "example": min(entry["message"] for entry in entries),
            "first_hour": min(entry["timestamp"] for entry in entries).floor("h"),
        }
        for (level, component, template), entries in groups.items()
    ]


ORACLES: dict[str, Callable[[pd.DataFrame, InsightSettings], Rows]] = {
    "top_queries": top_queries,
    "language_distribution": language_distribution,
    "query_length_classes": query_length_classes,
    "sessions": sessions,
    "slow_queries": slow_queries,
    "miss_rate_periods": miss_rate_periods,
    "log_templates": log_templates,
}
