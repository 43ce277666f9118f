"""The headline metrics that are far from what is expected of them on a day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

import numpy as np

from analytics_pipeline.insights.headlines import Headline
from analytics_pipeline.insights.seasonal_baseline import (
    WEEK,
    Floats,
    seasonal_baseline,
)

HISTORY_WEEKS = 8
HISTORY_DAYS = HISTORY_WEEKS * WEEK
MIN_DAYS, MIN_WEEKS = 21, 3


@dataclass(frozen=True)
class Observed:
    """A headline metric of some days, with the number of cases behind each value if it has one."""

    values: Mapping[date, float]
    evidence: Mapping[date, float]


@dataclass(frozen=True)
class Anomaly:
    """A metric that deviates notably on a day.

    ``expected`` is its median on ``references``, the same weekday of the weeks before, as far as
    these have a value. ``robust_z`` is the deviation in robust standard deviations, null where
    the days before did not vary.
    """

    headline: Headline
    day: date
    value: float
    expected: float
    robust_z: float | None
    references: tuple[date, ...]

    @property
    def change(self) -> float:
        """value - expected."""
        return self.value - self.expected


def references(day: date) -> list[date]:
    """The same weekday of the weeks before that a day is compared with, ascending."""
    return [day - timedelta(days=WEEK * back) for back in range(HISTORY_WEEKS, 0, -1)]


def anomalies(
    observed: Mapping[Headline, Observed], days: Iterable[date], min_z: float, min_change: float
) -> list[Anomaly]:
    """The metrics that deviate notably, by day and in the order of the headlines.

    A value deviates notably where it is at least ``min_z`` robust standard deviations away from
    what is expected, and at least ``min_change`` of that. A day has an expectation where at least
    21 of the 56 days before have a value, 3 of them on the same weekday.
    """
    wanted = sorted(set(days))
    found = []
    for headline, values in observed.items():
        for day in wanted:
            anomaly = _anomaly(headline, values, day, min_z, min_change)
            if anomaly:
                found.append(anomaly)
    places = {headline: place for place, headline in enumerate(observed)}
    return sorted(found, key=lambda each: (each.day, places[each.headline]))


def _anomaly(
    headline: Headline, observed: Observed, day: date, min_z: float, min_change: float
) -> Anomaly | None:
    value = observed.values.get(day)
    known = tuple(before for before in references(day) if before in observed.values)
    if value is None or len(known) < MIN_WEEKS:
        return None
    expected = median(observed.values[each] for each in known)
    deviation = abs(value - expected)
    if deviation == 0 or deviation < min_change * abs(expected):
        return None
    before = [day - timedelta(days=back) for back in range(HISTORY_DAYS, 0, -1)]
    history = _column(observed.values, before)
    if np.isfinite(history).sum() < MIN_DAYS:
        return None
    spread, tail = _spread(headline, observed, day, before, history)
    # Where one day in twenty is far off, others will be as well.
    if deviation < max(min_z * spread, min_z / 2 * tail):
        return None
    z = (value - expected) / spread if spread > 0 else None
    return Anomaly(headline, day, value, expected, z, known)


def _spread(
    headline: Headline, observed: Observed, day: date, before: Sequence[date], history: Floats
) -> tuple[float, float]:
    """The robust standard deviation of a metric around what is expected of it on a day.

    And what one day in twenty deviates by, of a metric that deviates in proportion; else 0.
    """
    is_share = headline.behaviour == "share"
    cases = observed.evidence.get(day)
    evidence = _column(observed.evidence, before) if cases else None
    baseline = seasonal_baseline(
        history,
        relative=not is_share,
        evidence=evidence,
        evidence_of_day=np.array([cases]) if cases else None,
    )
    expected, spread = float(baseline.expected[0]), float(baseline.spread[0])
    if is_share and cases:
        # The sampling error of a share, drawn to a half so that it is never 0.
        share = (expected * cases + 0.5) / (cases + 1)
        spread = max(spread, float(np.sqrt(share * (1 - share) / cases)))
    if headline.behaviour == "count":
        spread = max(spread, float(np.sqrt(max(expected, 1.0))))
    return spread, 0.0 if is_share else float(baseline.tail[0])


def _column(values: Mapping[date, float], days: Sequence[date]) -> Floats:
    return np.array([[values.get(day, np.nan)] for day in days], dtype=np.float64)
