"""The trend marts computed once more: by pandas and scipy, from series of daily values."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analytics_pipeline.metrics.project import Project

Series = Mapping[date, float]
WINDOWS = (7, 28, 90)
TREND_KEYS = ["event_date", "metric", "window_days"]
TREND_COLUMNS = [
    "good_direction", "value", "days_with_value", "window_mean", "previous_days_with_value",
    "previous_window_mean", "change", "slope", "mann_kendall_s", "mann_kendall_z", "p_value",
    "direction", "reason",
]  # fmt: skip
WEEKDAY_KEYS = ["event_date", "metric"]
WEEKDAY_COLUMNS = [
    "good_direction", "value", "value_week_before", "change_to_week_before", "weeks_with_value",
    "four_weeks_mean", "change_to_four_weeks", "days_compared", "week_mean", "previous_week_mean",
    "change_of_week",
]  # fmt: skip


def headline_metrics(project: Project) -> list[Mapping[str, str]]:
    """The list of dbt_project.yml."""
    return list(project.variables["headline_metrics"])


def expected_trends(
    project: Project, series: Mapping[str, Series], days: Sequence[date]
) -> pd.DataFrame:
    """daily_trends for the values that each metric has by day; what has none is left out."""
    rows = [
        {"event_date": day, "metric": metric["name"], "window_days": window}
        | _trend(series.get(metric["name"], {}), day, window, metric.get("good_direction"))
        for metric in headline_metrics(project)
        for day in days
        for window in WINDOWS
    ]
    return _frame(rows, [*TREND_KEYS, *TREND_COLUMNS])


def expected_weekday_comparison(
    project: Project, series: Mapping[str, Series], days: Sequence[date]
) -> pd.DataFrame:
    """daily_weekday_comparison for such values."""
    rows = [
        {"event_date": day, "metric": metric["name"]}
        | {"good_direction": metric.get("good_direction")}
        | _weekdays(series.get(metric["name"], {}), day)
        for metric in headline_metrics(project)
        for day in days
    ]
    return _frame(rows, [*WEEKDAY_KEYS, *WEEKDAY_COLUMNS])


def mann_kendall(values: Sequence[float]) -> tuple[int, float, float]:
    """S, z and the two-sided p-value, from the matrix of all differences."""
    n = len(values)
    differences = np.subtract.outer(values, values)
    s = int(np.sign(np.tril(differences)).sum())
    _, ties = np.unique(values, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    z = 0.0 if s == 0 else math.copysign((abs(s) - 1) / math.sqrt(variance), s)
    return s, z, float(2 * stats.norm.sf(abs(z)))


def _trend(series: Series, day: date, window: int, good: str | None) -> dict[str, Any]:
    own, before = _last(series, day, window), _last(series, day - timedelta(window), window)
    enough = len(own) >= window / 2
    row = {
        "good_direction": good,
        "value": series.get(day),
        "days_with_value": len(own),
        "window_mean": _mean(own),
        "previous_days_with_value": len(before),
        "previous_window_mean": _mean(before),
        "change": _change(_mean(own), _mean(before)) if enough and 2 * len(before) >= window
        else None,
    }  # fmt: skip
    if len(own) < 5 or not enough:
        return row | {"direction": "no evidence", "reason": "not enough days"}
    values = list(own.values())
    s, z, p = mann_kendall(values)
    slope = float(stats.theilslopes(values, [each.toordinal() for each in own]).slope)
    row |= {"slope": slope, "mann_kendall_s": s, "mann_kendall_z": z, "p_value": p}
    if p >= 0.05:
        return row | {"direction": "no evidence", "reason": "not significant"}
    if good is None:
        return row | {"reason": "neither direction is good"}
    return row | {"direction": "improving" if (s > 0) == (good == "higher") else "worsening"}


def _weekdays(series: Series, day: date) -> dict[str, Any]:
    weeks = [series.get(day - timedelta(weeks=back)) for back in range(5)]
    earlier = {back: value for back, value in enumerate(weeks) if back and value is not None}
    this_week = _last(series, day, 7)
    pairs = {
        each: (value, series[each - timedelta(7)])
        for each, value in this_week.items()
        if each - timedelta(7) in series
    }
    now, then = (_mean({each: pair[n] for each, pair in pairs.items()}) for n in (0, 1))
    return {
        "value": weeks[0],
        "value_week_before": weeks[1],
        "change_to_week_before": _change(weeks[0], weeks[1]),
        "weeks_with_value": len(earlier),
        "four_weeks_mean": _mean(earlier),
        "change_to_four_weeks": _change(weeks[0], _mean(earlier)) if len(earlier) > 1 else None,
        "days_compared": len(pairs),
        "week_mean": now,
        "previous_week_mean": then,
        "change_of_week": _change(now, then) if len(pairs) > 3 else None,
    }


def _last(series: Series, day: date, count: int) -> dict[date, float]:
    days = [day - timedelta(back) for back in reversed(range(count))]
    return {each: series[each] for each in days if each in series}


def _mean(values: Mapping[Any, float]) -> float | None:
    return math.fsum(values.values()) / len(values) if values else None


def _change(value: float | None, earlier: float | None) -> float | None:
    return None if value is None or not earlier else (value - earlier) / abs(earlier)


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame([{name: row.get(name) for name in columns} for row in rows], dtype=object)
