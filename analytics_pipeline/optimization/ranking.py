"""The order of recommendations, and the rows of their table."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from analytics_pipeline.optimization.recommendation import Recommendation
from analytics_pipeline.optimization.tables import KINDS, WINDOW_DAYS

Judged = tuple[str, Recommendation, int, int]
"""A recommendation with its kind, window_days and days_observed."""


def ranked(judged: Iterable[Judged], subjects_per_kind: int) -> list[Judged]:
    """The recommendations of a day by expected value, so many of each kind at most.

    Money comes before time: they are ordered by usd_per_day, then by seconds_per_day, where null
    counts as 0, then in the order of KINDS and by subject.
    """
    kept: dict[str, int] = {}
    found = []
    for each in sorted(judged, key=_place):
        kept[each[0]] = kept.get(each[0], 0) + 1
        if kept[each[0]] <= subjects_per_kind:
            found.append(each)
    return found


def _place(judged: Judged) -> tuple[float, float, int, int, str]:
    kind, recommendation, _, days_observed = judged
    return (
        -(recommendation.usd_per_day or 0.0),
        -(recommendation.seconds_per_day or 0.0),
        KINDS.index(kind),
        -days_observed,
        _json(recommendation.labels),
    )


def rows(day: date, judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """The rows of the table recommendations of a day, with event_date."""
    return [
        {
            "event_date": day,
            "rank": rank,
            "kind": kind,
            "subject": each.subject,
            "labels": _json(each.labels),
            "recommendation": each.text,
            "usd_per_day": each.usd_per_day,
            "seconds_per_day": each.seconds_per_day,
            "reason": each.reason,
            "counterfactual": each.counterfactual,
            "assumption": each.assumption,
            "evidence": _json([vars(evidence) for evidence in each.evidence]),
            "window_first": day - timedelta(days=WINDOW_DAYS - 1),
            "window_days": window_days,
            "days_observed": days_observed,
        }
        for rank, (kind, each, window_days, days_observed) in enumerate(judged, start=1)
    ]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
