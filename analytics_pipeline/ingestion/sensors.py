"""The sensors of ingestion: new files lead to an intake, changed dates to an update."""

import json
from collections.abc import Iterator

import dagster as dg

from analytics_pipeline.daily_assets import lake_of_process
from analytics_pipeline.ingestion.discovery import LandedFile, LandingZoneError, list_landing_zone
from analytics_pipeline.ingestion.ledger import Ledger
from analytics_pipeline.ingestion.novelty import new_files, settled_files
from analytics_pipeline.ingestion.run_processes import fail_runs_without_process
from analytics_pipeline.ingestion.updates import (
    UNFINISHED,
    UPDATE_JOB,
    range_tags,
    ranges_to_update,
    settle_finished_updates,
    unfinished_updates,
)
from analytics_pipeline.settings import current_settings

INTAKE_JOB = "intake"

intake_job = dg.define_asset_job(
    INTAKE_JOB,
    selection=["landing_files"],
    description="Take every new file version of the landing zone.",
    tags={"aicache/job": "ingestion"},
)


@dg.sensor(
    job=intake_job,
    minimum_interval_seconds=current_settings().ingestion.sensor_interval_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts an intake when the landing zone has files that have settled and whose "
    "content or time differs from what was taken.",
)
def landing_zone_sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request an intake for what is new.

    The cursor is the list of the files last asked for: if an intake failed for all of them, they
    are asked for again only once one of them changes. No run key is given, since a file that is
    rewritten under its name must lead to a new run.
    """
    settings = current_settings()
    fail_runs_without_process(context.instance)
    filters = dg.RunsFilter(job_name=INTAKE_JOB, statuses=list(UNFINISHED))
    if context.instance.get_runs_count(filters):
        return dg.SkipReason("An intake is under way.")
    try:
        listing = list_landing_zone(settings.landing_zone, settings.ingestion.exclude)
    except LandingZoneError as error:
        return dg.SkipReason(str(error))
    with Ledger.open(lake_of_process().state) as ledger:
        prefix = ledger.path_prefix(settings.landing_zone)
        files = settled_files(new_files(listing, ledger, prefix, retry=False), settings)
    if not files:
        return dg.SkipReason(f"Nothing new has settled in {settings.landing_zone}.")
    asked_for = _fingerprint(files)
    if asked_for == context.cursor:
        return dg.SkipReason(
            f"{len(files)} new files were asked for and not taken: see the last intake run."
        )
    context.update_cursor(asked_for)
    return dg.RunRequest(tags={"aicache/new_files": str(len(files))})


def _fingerprint(files: list[LandedFile]) -> str:
    import hashlib

    states = [[file.path, file.state.size, file.state.changed_ns] for file in files]
    return hashlib.sha256(json.dumps(states).encode()).hexdigest()


@dg.sensor(
    job_name=UPDATE_JOB,
    minimum_interval_seconds=current_settings().ingestion.sensor_interval_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts one update run for each range of consecutive dates whose lines "
    "changed, and for no other date.",
)
def changed_dates_sensor(
    context: dg.SensorEvaluationContext,
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request updates; the cursor counts the attempts for each date and generation."""
    limit = current_settings().ingestion.update_attempts
    with Ledger.open(lake_of_process().state) as ledger:
        fail_runs_without_process(context.instance)
        settle_finished_updates(ledger, context.instance)
        awaiting = ledger.awaiting_update()
    attempts: dict[str, int] = json.loads(context.cursor or "{}")
    keys = {day: f"{day}/{generation}" for day, generation in awaiting.items()}
    due = [day for day, key in keys.items() if attempts.get(key, 0) < limit]
    ranges = ranges_to_update(due, unfinished_updates(context.instance))
    counted = {key: attempts[key] for key in keys.values() if key in attempts}
    for first, last in ranges:
        for day in due:
            if first <= day <= last:
                counted[keys[day]] = counted.get(keys[day], 0) + 1
        yield dg.RunRequest(tags=range_tags(first, last))
    context.update_cursor(json.dumps(counted))
    if not ranges:
        given_up = len(awaiting) - len(due)
        yield dg.SkipReason(
            f"No further date awaits an update; {given_up} failed {limit} times."
            if given_up
            else "No date awaits an update, or a run for it is under way."
        )
