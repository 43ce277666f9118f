"""What a recommendation is, and what a kind of recommendations declares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from analytics_pipeline.settings import Settings

Figures = Mapping[str, Any]
"""A row of the query of a kind, by column: what was measured of one subject in one window."""


@dataclass(frozen=True)
class Evidence:
    """A figure that a recommendation follows from.

    ``metric`` is TABLE.COLUMN; ``aggregate`` tells how the days of the window were put together.
    """

    metric: str
    value: float | int | None
    unit: str | None
    aggregate: str = "sum"


@dataclass(frozen=True)
class Recommendation:
    """What to change for one subject, and what is expected of it.

    ``usd_per_day`` and ``seconds_per_day`` are not negative; where one is null, ``reason`` says
    why. The meaning of each field is that of its column in the table recommendations.
    """

    text: str
    counterfactual: str
    evidence: tuple[Evidence, ...]
    usd_per_day: float | None = None
    seconds_per_day: float | None = None
    reason: str | None = None
    assumption: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str | None:
        """What it is about, in words of the log; null for all of the traffic."""
        return " · ".join(self.labels.values()) or None


@dataclass(frozen=True)
class Context:
    """What the queries and sentences of the kinds depend on beside the figures.

    ``variables`` are those of the project of the metrics.
    """

    settings: Settings
    variables: Mapping[str, Any]


Relations = Mapping[str, str]
"""SQL relations by table: what it has of all days of the windows, with event_date. ``windows`` has
event_date and day: each requested date with each day of its window."""


@dataclass(frozen=True)
class Kind:
    """A kind of recommendations: a query for figures, and what follows from them.

    ``reads`` are the columns that the query needs, by table; where they are missing, as in a folder
    of metrics of one's own, there are no recommendations of the kind. The query gives a row for
    each event_date and subject, with ``window_days`` (days of the window with data of the kind) and
    ``days_observed`` (those on which the subject was found). ``judge`` gives None where nothing is
    worth a recommendation.
    """

    name: str
    reads: Mapping[str, tuple[str, ...]]
    query: Callable[[Relations, Context], str]
    judge: Callable[[Figures, Context], Recommendation | None]


def days_with_data(relation: str, condition: str) -> str:
    """SQL of the days of each window on which a relation has rows that meet a condition."""
    return f"""
        SELECT windows.event_date, count(DISTINCT windows.day) AS window_days
        FROM windows JOIN {relation} AS found ON found.event_date = windows.day
        WHERE {condition}
        GROUP BY windows.event_date
    """


def per_day(total: float | None, figures: Figures) -> float | None:
    """A total of the window per day with data; never below 0, null where it is null."""
    return None if total is None else max(total, 0.0) / int(figures["window_days"])


def joined(*reasons: str | None) -> str | None:
    """Reasons as one text; null where there is none."""
    return " ".join(reason for reason in reasons if reason) or None
