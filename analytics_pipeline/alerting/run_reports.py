"""The ends of runs as reports on incidents: a job whose run fails is one, until one succeeds."""

import re
from collections.abc import Iterable
from datetime import date, datetime

import dagster as dg

from analytics_pipeline.alerting.declaration import Rule
from analytics_pipeline.alerting.findings import Finding, Severity
from analytics_pipeline.alerting.incidents.incident import Incident, Report, Source
from analytics_pipeline.alerting.kinds.failed_run import FailedRunRule
from analytics_pipeline.ingestion.updates import covered_dates

# Dagster notes on a failed run whether it will be tried again.
WILL_RETRY_TAG = "dagster/will_retry"
OWN_ERRORS = re.compile(r"^analytics_pipeline\.[\w.]+: ")


def reports_of_end(
    run: dg.DagsterRun,
    status: dg.DagsterRunStatus,
    ended_at: datetime,
    *,
    rules: Iterable[Rule],
    instance: dg.DagsterInstance,
    active: Iterable[Incident],
    owner: str,
) -> list[Report]:
    """What the end of a run reports, by the first rule of kind failed_run that names its job.

    A failure that will be tried again reports nothing, and neither does a run that was canceled. A
    success ends the incidents of the job among ``active`` whose dates it covers. ``owner`` is that
    of a rule that names none.
    """
    named = (rule for rule in rules if isinstance(rule, FailedRunRule) and rule.is_active)
    rule = next((rule for rule in named if not rule.jobs or run.job_name in rule.jobs), None)
    found: dict[date | None, tuple[Finding, ...]] = {}
    if rule is None:
        return []
    dates = _dates(run)
    if status is dg.DagsterRunStatus.FAILURE and not _will_retry(run):
        finding = Finding(_why(run, instance), dict(rule.labels))
        found[dates[1] if dates else None] = (finding,)
    elif status is dg.DagsterRunStatus.SUCCESS:
        ended = (each for each in active if _is_of(each, run, dates))
        found = {each.last_date: () for each in ended}
    severity: Severity = "ERROR" if rule.severity == "error" else "WARN"
    source = _source_of(rule, run.job_name, owner)
    return [
        Report(f"{run.run_id}/{status.value}/{day or ''}", source, severity, day, ended_at,
               findings, run.run_id)
        for day, findings in found.items()
    ]  # fmt: skip


def _will_retry(run: dg.DagsterRun) -> bool:
    return run.tags.get(WILL_RETRY_TAG, "").lower() == "true"


def _dates(run: dg.DagsterRun) -> tuple[date, date] | None:
    """The first and the last event date that a run was for."""
    try:
        return covered_dates(run.tags)
    except ValueError:  # A partition that is no date.
        return None


def _is_of(incident: Incident, run: dg.DagsterRun, dates: tuple[date, date] | None) -> bool:
    """Whether an incident is a failure of the job for a date that the run covers, or without."""
    if incident.source.asset or incident.source.rule != run.job_name:
        return False
    if incident.last_date is None or dates is None:
        return incident.last_date is None and dates is None
    return dates[0] <= incident.last_date <= dates[1]


def _source_of(rule: FailedRunRule, job: str, default_owner: str) -> Source:
    owner = rule.owner or default_owner
    team = rule.team or (owner.removeprefix("team:") if owner.startswith("team:") else "")
    return Source(
        job,
        "",
        rule.group,
        owner,
        team,
        rule.runbook,
        rule.description,
        rule.response,
    )


def _why(run: dg.DagsterRun, instance: dg.DagsterInstance) -> str:
    """What failed: the step and its error, or what Dagster notes of the run."""
    job, run_id = run.job_name, run.run_id
    failures = instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.STEP_FAILURE, limit=1
    ).records
    for record in failures:
        event = record.event_log_entry.dagster_event
        error = event.step_failure_data.error if event else None
        error = error.cause if error and error.cause else error
        text = OWN_ERRORS.sub("", error.message.strip()) if error else "no reason was given"
        step = event.step_key if event else "a step"
        return f"A run of {job} failed at {step}: {text.splitlines()[0] if text else '?'}"
    ends = instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.RUN_FAILURE, limit=1, ascending=False
    ).records
    said = ends[0].event_log_entry.dagster_event.message if ends else ""  # type: ignore[union-attr]
    return f"A run of {job} failed before or between its steps: {said or 'no reason was given'}"
