"""Which dates await an update, seen together with the runs that are on their way."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import dagster as dg

from analytics_pipeline.ingestion.pending_updates import PendingUpdates
from analytics_pipeline.partitions import consecutive_ranges

UPDATE_JOB = "daily_update"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
PARTITION_TAG = "dagster/partition"

UNFINISHED = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def range_tags(first: date, last: date) -> dict[str, str]:
    """The tags by which a run covers a range of dates, both ends included."""
    return {RANGE_START_TAG: first.isoformat(), RANGE_END_TAG: last.isoformat()}


def settle_finished_updates(pending: PendingUpdates, instance: dg.DagsterInstance) -> None:
    """Record what became of the update runs that have ended since the last look.

    Only a run that succeeded as a whole settles its dates; those of any other await an update
    still.
    """
    for run_id in pending.update_runs():
        run = instance.get_run_by_id(run_id)
        if run is None or run.status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED):
            pending.abandon_update(run_id)
        elif run.status is dg.DagsterRunStatus.SUCCESS:
            if run.job_name == UPDATE_JOB:
                pending.finish_update(run_id)
            else:
                pending.abandon_update(run_id)


def covered_dates(tags: Mapping[str, str]) -> tuple[date, date] | None:
    """First and last date that a run with these tags covers; None where it has no partition."""
    single = tags.get(PARTITION_TAG)
    first, last = tags.get(RANGE_START_TAG, single), tags.get(RANGE_END_TAG, single)
    if first is None or last is None:
        return None
    return date.fromisoformat(first), date.fromisoformat(last)


def ranges_to_update(
    awaiting: Iterable[date], unfinished: Sequence[Mapping[str, str]]
) -> list[tuple[date, date]]:
    """Ranges of dates that await an update and that no unfinished run covers, ascending.

    ``unfinished`` are the tags of the update runs that are queued or under way. A date that they
    cover is looked at again once they have ended.
    """
    covered = [dates for tags in unfinished if (dates := covered_dates(tags)) is not None]
    free = [day for day in awaiting if not any(first <= day <= last for first, last in covered)]
    return consecutive_ranges(free)


def unfinished_updates(instance: dg.DagsterInstance) -> list[Mapping[str, str]]:
    """Tags of the update runs that are queued or under way."""
    filters = dg.RunsFilter(job_name=UPDATE_JOB, statuses=list(UNFINISHED))
    return [run.tags for run in instance.get_runs(filters)]
