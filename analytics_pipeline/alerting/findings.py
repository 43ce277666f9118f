"""What the evaluation of an alert rule finds on a date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Severity = Literal["WARN", "ERROR"]


@dataclass(frozen=True)
class Finding:
    """One violation of a rule on a date: of the day as a whole, or of one of its slices.

    ``labels`` name the slice, such as ``{"model": "small"}``; empty for the day as a whole.
    ``lower`` and ``upper`` are the limits that the value was held against, in its own unit;
    ``expected`` is what it was compared with. ``message`` says all of it in one sentence.
    """

    message: str
    labels: Mapping[str, str] = field(default_factory=dict)
    value: float | None = None
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """The outcome of one rule on one event date.

    ``passed`` is None where the rule could not be evaluated, for want of data of its kind or of
    history; ``message`` says why then. ``findings`` are the violations, the worst first; there
    are some exactly where ``passed`` is False. ``value`` and ``limit`` are the numbers of the day
    as a whole, in the unit ``unit`` (a share is between 0 and 1, a time in seconds), null where
    the rule looks at slices only. ``metric`` is the definition TABLE.COLUMN of the value, where
    it is a metric of the catalog. ``history`` are the values of the days that led to the limit,
    for a chart.
    """

    name: str
    severity: Severity
    passed: bool | None
    value: float | None
    limit: float | None
    message: str
    asset: str = ""
    unit: str | None = None
    metric: str | None = None
    findings: tuple[Finding, ...] = ()
    history: Mapping[date, float] = field(default_factory=dict)
