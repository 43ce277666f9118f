"""The sensors of ingestion: new files lead to an intake, changed dates to an update."""

import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from analytics_pipeline.daily_assets import lake_of_process
from analytics_pipeline.ingestion.discovery import (
    LandedFile,
    LandingZoneError,
    open_landing_zone,
)
from analytics_pipeline.ingestion.ledger import Ledger
from analytics_pipeline.ingestion.paths import PathRange
from analytics_pipeline.ingestion.pending_updates import PendingUpdates
from analytics_pipeline.ingestion.polling import FileGroup, Poll
from analytics_pipeline.ingestion.requested_files import RequestedFiles
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
REQUEST_TAG = "aicache/request"
CURSOR_VERSION = 1

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
def landing_zone_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Request intakes for what is new in the part of the landing zone that this tick looks at.

    The cursor is the path behind which the next tick goes on. Files whose intake failed are asked
    for again only once one of them changes, or a new one stands among them. No run key is given,
    since a file that is rewritten under its name must lead to a new run.
    """
    settings = current_settings()
    instance, ingestion = context.instance, settings.ingestion
    fail_runs_without_process(instance)
    filters = dg.RunsFilter(job_name=INTAKE_JOB, statuses=list(UNFINISHED))
    under_way = [_range_of(run) for run in instance.get_runs(filters)]
    if len(under_way) >= ingestion.max_runs:
        return dg.SkipReason(
            "An intake is under way."
            if len(under_way) == 1
            else f"{len(under_way)} intakes are queued or under way."
        )
    state = lake_of_process().state
    try:
        with Ledger.open(state) as ledger, RequestedFiles.open(state) as requested:
            poll = Poll(open_landing_zone(settings), ledger, settings, under_way)

            def unanswered(files: Sequence[LandedFile]) -> bool:
                return _unanswered(requested.requests_for(files), instance)

            groups = poll.look(
                _position(context.cursor), ingestion.max_runs - len(under_way), unanswered
            )
            requests = [_request(group, requested) for group in groups]
    except LandingZoneError as error:
        return dg.SkipReason(str(error))
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else poll.in_words(),
        cursor=json.dumps({"version": CURSOR_VERSION, "position": poll.position}),
    )


def _position(cursor: str | None) -> str | None:
    """The position of a cursor; the beginning where it was written by another version."""
    try:
        content = json.loads(cursor or "null")
    except ValueError:
        return None
    if not isinstance(content, dict) or content.get("version") != CURSOR_VERSION:
        return None
    position = content.get("position")
    return position if isinstance(position, str) else None


def _range_of(run: dg.DagsterRun) -> PathRange:
    operations: dict[str, Any] = dict(run.run_config).get("ops") or {}  # type: ignore[assignment]
    config = operations.get("landing_files", {}).get("config", {})
    return PathRange(config.get("after"), config.get("until"))


def _unanswered(requests: set[str | None], instance: dg.DagsterInstance) -> bool:
    """Whether a file was never asked for, or a request was lost before it became a run."""
    ids = [request for request in requests if request is not None]
    if len(ids) < len(requests):
        return True
    return instance.get_runs_count(dg.RunsFilter(tags={REQUEST_TAG: ids})) < len(ids)


def _request(group: FileGroup, requested: RequestedFiles) -> dg.RunRequest:
    request = uuid.uuid4().hex
    requested.note(request, group.files)
    config = {"after": group.range.after, "until": group.range.until}
    return dg.RunRequest(
        run_config={"ops": {"landing_files": {"config": config}}},
        tags={REQUEST_TAG: request, "aicache/new_files": str(len(group.files))},
    )


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
    with PendingUpdates.open(lake_of_process().state) as pending:
        fail_runs_without_process(context.instance)
        settle_finished_updates(pending, context.instance)
        awaiting = pending.awaiting_update()
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
