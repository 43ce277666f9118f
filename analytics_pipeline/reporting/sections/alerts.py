"""The alert rules of a day, with what they found."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.reporting.document import Alerts, Block, Paragraphs, Section
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import label


def alerts_section(sources: Sources, day: date) -> Section:
    """The section on the alerts of a day."""
    return Section("alerts", (alerts_block({day: sources.alerts[day]}),))


def alerts_block(evaluations: Mapping[date, Sequence[Evaluation]]) -> Block:
    """The evaluations of some days, or that there are none."""
    if any(evaluations.values()):
        return Alerts("alerts", {day: tuple(found) for day, found in evaluations.items()})
    return Paragraphs("alerts", (texts().absences.no_alerts,))


def without_slices(evaluation: Evaluation) -> Evaluation:
    """An evaluation without the names of slices, which come from logs."""
    if evaluation.passed is not False or evaluation.value is not None:
        return replace(evaluation, findings=())
    said, count = texts().sentences, len(evaluation.findings) or 1
    form = said.slice_hidden if count == 1 else said.slices_hidden
    message = form.format(rule=label(evaluation.name), count=count)
    return replace(evaluation, message=message, findings=())
