"""Running the pipeline's jobs in this process, on the Dagster instance that the UI shows."""

import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.ingestion.discovery import Problem, open_landing_zone
from analytics_pipeline.ingestion.ledger import FileVersion, Ledger
from analytics_pipeline.ingestion.novelty import new_files
from analytics_pipeline.ingestion.pending_updates import PendingUpdates
from analytics_pipeline.ingestion.run_processes import (
    PROCESS_TAG,
    fail_runs_without_process,
    this_process,
)
from analytics_pipeline.ingestion.sensors import INTAKE_JOB
from analytics_pipeline.ingestion.updates import (
    UPDATE_JOB,
    range_tags,
    ranges_to_update,
    settle_finished_updates,
    unfinished_updates,
)
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import Settings

DAGSTER_HOME = "DAGSTER_HOME"
PACKAGE = Path(__file__).parent
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

Listener = Callable[[str], None]
"""Told in words what a run is doing."""


class RunError(PipelineError):
    """A run failed; the message says in which step and why."""


@dataclass(frozen=True)
class Outcome:
    """What a run of the whole pipeline did.

    ``taken`` are the new file versions, ``refused`` the files that could not be read with the
    reason, ``unsettled`` those still being written, and ``updated`` the ranges of event dates that
    were brought up to date.
    """

    taken: tuple[FileVersion, ...]
    refused: Mapping[str, str]
    unsettled: tuple[str, ...]
    updated: tuple[tuple[date, date], ...]
    failures: tuple[str, ...] = ()


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The Dagster instance that DAGSTER_HOME names; one inside the lake where it is unset."""
    home = Path(os.environ.get(DAGSTER_HOME) or settings.lake / "_dagster").expanduser().absolute()
    os.environ[DAGSTER_HOME] = str(home)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        configuration.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_default_configuration(), configuration)
    return dg.DagsterInstance.get()


def _default_configuration() -> Path:
    bundled = PACKAGE / "_bundled" / "dagster.yaml"
    return bundled if bundled.exists() else PACKAGE.parent / "dagster.yaml"


def bring_up_to_date(
    settings: Settings, instance: dg.DagsterInstance, listener: Listener | None = None
) -> Outcome:
    """Take all that is new in the landing zone, and update every date that awaits it.

    Dates that another run is updating right now are left to it. A failed update is reported in
    ``failures`` and its dates go on awaiting one.
    """
    lake, zone = Lake.of(settings), open_landing_zone(settings)
    fail_runs_without_process(instance)
    started = datetime.now(UTC).replace(tzinfo=None)
    problems: list[Problem] = []
    with Ledger.open(lake.state) as ledger, PendingUpdates.open(lake.state) as pending:
        prefix = ledger.path_prefix(zone.location)
        if any(new_files(zone.walk(problems=problems), ledger, prefix, retry=True)):
            patient = {"landing_files": {"wait": True, "retry": True}}
            execute(instance, INTAKE_JOB, listener=listener, config=patient)
        problems.clear()
        left = list(new_files(zone.walk(problems=problems), ledger, prefix, retry=False))
        updated, failures = update_awaiting(pending, instance, listener=listener)
        return Outcome(
            tuple(ledger.versions(since=started)),
            ledger.refusals() | dict(problems),
            tuple(file.path for file in left),
            updated,
            failures,
        )


def update_awaiting(
    pending: PendingUpdates,
    instance: dg.DagsterInstance,
    *,
    days: Iterable[date] | None = None,
    listener: Listener | None = None,
) -> tuple[tuple[tuple[date, date], ...], tuple[str, ...]]:
    """Update the dates that await it, or those of them in ``days``, a run for each range.

    Returns the ranges that were updated, and what failed. Dates that another run is updating are
    left to it.
    """
    settle_finished_updates(pending, instance)
    awaiting = set(pending.awaiting_update())
    wanted = awaiting if days is None else awaiting & set(days)
    updated, failures = [], []
    for first, last in ranges_to_update(sorted(wanted), unfinished_updates(instance)):
        try:
            update(instance, first, last, listener=listener)
            updated.append((first, last))
        except RunError as error:
            failures.append(str(error))
    settle_finished_updates(pending, instance)
    return tuple(updated), tuple(failures)


def update(
    instance: dg.DagsterInstance,
    first: date,
    last: date,
    *,
    assets: Sequence[str] | None = None,
    listener: Listener | None = None,
) -> None:
    """Build the dates from first to last in one run; all daily assets, or only those named.

    Raises RunError.
    """
    execute(instance, UPDATE_JOB, tags=range_tags(first, last), assets=assets, listener=listener)


def execute(
    instance: dg.DagsterInstance,
    job_name: str,
    *,
    tags: Mapping[str, str] | None = None,
    partition_key: str | None = None,
    assets: Sequence[str] | None = None,
    config: Mapping[str, Mapping[str, Any]] | None = None,
    listener: Listener | None = None,
) -> dg.ExecuteInProcessResult:
    """Execute a job in this process; ``config`` is that of assets by name. Raises RunError."""
    from analytics_pipeline.definitions import defs

    job = defs.resolve_job_def(job_name)
    run_config: dict[str, Any] = dict(QUIET)
    if config is not None:
        run_config["ops"] = {name: {"config": dict(of_asset)} for name, of_asset in config.items()}
    run_id = str(uuid.uuid4())
    if listener is not None:
        instance.add_event_listener(run_id, _told(listener))
    result = job.execute_in_process(
        instance=instance,
        tags={PROCESS_TAG: this_process(), **(tags or {})},
        partition_key=partition_key,
        run_config=run_config,
        asset_selection=None if assets is None else [dg.AssetKey(name) for name in assets],
        raise_on_error=False,
        run_id=run_id,
    )
    if not result.success:
        raise RunError(_failure(result, job_name))
    return result


def _told(listener: Listener) -> Callable[[dg.EventLogEntry], None]:
    def tell(entry: dg.EventLogEntry) -> None:
        if entry.dagster_event is None:
            listener(entry.user_message)
        elif entry.dagster_event.is_step_start:
            listener(str(entry.step_key))

    return tell


def _failure(result: dg.ExecuteInProcessResult, job_name: str) -> str:
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause if error and error.cause else error
            text = cause.message.strip() if cause else "no reason was given"
            # Errors of this project are written for people, who need no name of a class.
            text = re.sub(r"^analytics_pipeline\.[\w.]+: ", "", text)
            return f"{event.step_key}: {text.splitlines()[0]} (run {result.run_id})"
    return f"{job_name} failed before its first step (run {result.run_id})"
