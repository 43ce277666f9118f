"""The status of a period in words, with its reasons."""

from collections.abc import Mapping, Sequence
from datetime import date

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.reporting.document import Status
from analytics_pipeline.reporting.texts import texts


def status_of(
    alerts: Sequence[Evaluation],
    problems: Sequence[str],
    no_lines: str | None,
    not_over: str | None,
) -> Status:
    """Judge a day by its alerts and its account of lines.

    ``problems`` are what does not add up in the account, ``no_lines`` says why there is no line
    at all, and ``not_over`` that the day was not over, which is said among the reasons. A violated
    rule of severity ERROR, or a line that is not accounted for, needs action.
    """
    said = texts().sentences
    violated = [alert for alert in alerts if alert.passed is False]
    unjudged = [alert for alert in alerts if alert.passed is None]
    found = [*problems, *(alert.message for alert in violated)]
    if no_lines:
        return Status("no_data", said.no_data_day, (no_lines, *found))
    reasons = (
        *found,
        *([not_over] if not_over else []),
    )
    rules = (said.rules_one if len(alerts) == 1 else said.rules_many).format(count=len(alerts))
    if problems:
        return Status("action", said.account_broken, reasons)
    if violated:
        severe = any(alert.severity == "ERROR" for alert in violated)
        form = said.violated_one if len(violated) == 1 else said.violated_many
        sentence = form.format(count=len(violated), rules=rules)
        return Status("action" if severe else "attention", sentence, reasons)
    if len(unjudged) == len(alerts):
        return Status("unknown", said.nothing_evaluated, reasons)
    if unjudged:
        sentence = said.some_without_data.format(count=len(unjudged), all=len(alerts))
        return Status("good", sentence, reasons)
    return Status("good", said.all_kept.format(rules=rules), reasons)


def status_of_period(alerts: Mapping[date, Sequence[Evaluation]], unfinished: str | None) -> Status:
    """Judge several days by the alerts of each; ``unfinished`` says that some are missing.

    A violated rule of severity ERROR needs action.
    """
    said = texts().sentences
    violated = [
        (day, each)
        for day, found in sorted(alerts.items())
        for each in found
        if each.passed is False
    ]
    reasons = (
        *(said.on_day.format(day=day.isoformat(), message=each.message) for day, each in violated),
        *([unfinished] if unfinished else []),
    )
    evaluated = [day for day, found in alerts.items() if any(e.passed is not None for e in found)]
    if not evaluated:
        return Status("unknown", said.nothing_evaluated, reasons)
    if not violated:
        return Status("good", said.none_violated, reasons)
    severe = any(each.severity == "ERROR" for _, each in violated)
    days = len({day for day, _ in violated})
    form = said.violated_days_one if days == 1 else said.violated_days_many
    sentence = form.format(count=days, days=len(alerts))
    return Status("action" if severe else "attention", sentence, reasons)
