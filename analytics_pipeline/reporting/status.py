"""The status of a day in words, with its reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.reporting.conservation import Conservation
from analytics_pipeline.reporting.wording import label

Level = Literal["good", "attention", "action", "no_data", "unknown"]


@dataclass(frozen=True)
class Status:
    """How a day stands: a level, one sentence, and what led to it."""

    level: Level
    sentence: str
    reasons: tuple[str, ...]


def status_of(
    alerts: Sequence[Evaluation], conservation: Conservation, not_over: str | None
) -> Status:
    """Judge a day by its alerts and its account of lines; ``not_over`` is said among the reasons.

    A violated rule of severity ERROR, or a line that is not accounted for, needs action.
    """
    violated = [alert for alert in alerts if alert.passed is False]
    unjudged = [alert for alert in alerts if alert.passed is None]
    found = [*conservation.problems, *(alert.message for alert in violated)]
    no_lines = conservation.totals["lines"].reason
    if no_lines:
        return Status("no_data", "There is no data for this day.", (no_lines, *found))
    reasons = (
        *found,
        *(f"{label(alert.name)}: {alert.message}" for alert in unjudged),
        *([not_over] if not_over else []),
    )
    rules = "1 alert rule" if len(alerts) == 1 else f"{len(alerts)} alert rules"
    if conservation.problems:
        return Status("action", "The account of the lines does not add up.", reasons)
    if violated:
        severe = any(alert.severity == "ERROR" for alert in violated)
        verb = "is" if len(violated) == 1 else "are"
        sentence = f"{len(violated)} of {rules} {verb} violated."
        return Status("action" if severe else "attention", sentence, reasons)
    if len(unjudged) == len(alerts):
        return Status("unknown", "No alert rule was evaluated.", reasons)
    if unjudged:
        sentence = f"No alert rule is violated; {len(unjudged)} of {len(alerts)} had no data."
        return Status("good", sentence, reasons)
    return Status("good", f"None of {rules} is violated.", reasons)
