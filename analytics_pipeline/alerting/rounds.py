"""One look at all that alerting has to do: runs that ended, incidents, and what is to be told."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import dagster as dg

from analytics_pipeline.alerting.check_reports import CheckReports
from analytics_pipeline.alerting.configuration import AlertsFile, read_alerts_file, validated
from analytics_pipeline.alerting.ended_runs import (
    SCHEMA,
    Position,
    ended_since,
    position_of,
    store_position,
)
from analytics_pipeline.alerting.incidents.history import write_history
from analytics_pipeline.alerting.incidents.incident import Report, Status
from analytics_pipeline.alerting.incidents.policy import Policy
from analytics_pipeline.alerting.incidents.store import IncidentStore
from analytics_pipeline.alerting.notifying import outbox, schema
from analytics_pipeline.alerting.notifying.configuration import notifying_configuration
from analytics_pipeline.alerting.notifying.delivering import Round, deliver_due
from analytics_pipeline.alerting.ruleset import rules_of
from analytics_pipeline.alerting.run_reports import reports_of_end
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.transaction import transaction
from analytics_pipeline.settings import Settings

SCHEMAS = (SCHEMA, schema.SCHEMA)
ACTIVE: tuple[Status, ...] = ("open", "acknowledged", "silenced")
POLICY_KEYS = ("inhibit", "group_by")
READING_SECONDS = 15.0
SENDING_SECONDS = 20.0
# What could not be delivered longer ago is still listed, and mentioned no more.
DEAD_LETTERS_SHOWN = timedelta(days=7)


@dataclass
class AlertRound:
    """What one look did; ``position`` is how far it read the log of runs.

    ``next_due`` is when the next message is to be sent, null where none waits.
    """

    position: Position
    runs: int = 0
    changes: int = 0
    dead_letters: int = 0
    next_due: datetime | None = None
    delivery: Round = field(default_factory=Round)

    def in_words(self) -> str:
        """What was done, in a line."""
        runs = f"{self.runs} {'run' if self.runs == 1 else 'runs'} ended"
        changes = f"{self.changes} {'change' if self.changes == 1 else 'changes'} of incidents"
        said = f"{runs}, {changes}, {self.delivery.in_words()}"
        if self.next_due is not None:
            said += f"; the next message is due at {self.next_due:%Y-%m-%d %H:%M:%S} UTC"
        if self.dead_letters:
            return (
                f"{said}. Not delivered: {self.dead_letters}; aicache-analytics alerts list --dead"
            )
        return said


def _now() -> datetime:
    return datetime.now(UTC)


def policy_of(settings: Settings, file: AlertsFile) -> Policy:
    """How incidents are treated, by the user's file of alerts and the settings.

    Raises AlertsFileError, which names each wrong entry.
    """
    found = [file.section(key) for key in POLICY_KEYS]
    content = {section.key: section.data for section in found if section.data is not None}
    content["notify_days"] = settings.alerting.notify_days
    return validated(Policy, content, found[0].file, (), file.shown)


def open_store(settings: Settings, file: AlertsFile) -> AbstractContextManager[IncidentStore]:
    """The store of incidents and notifications of a lake, with the user's policy."""
    return IncidentStore.open(Lake.of(settings).state, policy_of(settings, file), *SCHEMAS)


def alert_round(
    settings: Settings,
    instance: dg.DagsterInstance,
    repository: dg.RepositoryDefinition,
    clock: Callable[[], datetime] = _now,
) -> AlertRound:
    """Take the runs into account that ended, and deliver what is due.

    Both within some seconds: what is left is for the next look, of this process or another. What
    was found is recorded even where the receivers are configured wrongly, which raises
    AlertsFileError or NotifyingError then.
    """
    file = read_alerts_file(settings)
    lake = Lake.of(settings)
    with open_store(settings, file) as store:
        done = _take_runs(settings, instance, repository, store, clock)
        done.changes += len(store.expire(clock()))
        write_history(lake, store)
        done.delivery = deliver_due(
            store.connection,
            notifying_configuration(file),
            settings.alerting.ui_url,
            budget_seconds=SENDING_SECONDS,
            clock=clock,
        )
        done.next_due = outbox.next_news_due(store.connection)
        done.dead_letters = outbox.dead_since(store.connection, clock() - DEAD_LETTERS_SHOWN)
    return done


def _take_runs(
    settings: Settings,
    instance: dg.DagsterInstance,
    repository: dg.RepositoryDefinition,
    store: IncidentStore,
    clock: Callable[[], datetime],
) -> AlertRound:
    deadline = time.monotonic() + READING_SECONDS
    begin = clock() - timedelta(days=settings.alerting.notify_days)
    done = AlertRound(position_of(store.connection, instance, begin))
    runs = ended_since(instance, done.position)
    if not runs:
        with transaction(store.connection):
            store_position(store.connection, instance, done.position)
        return done
    checks, rules = CheckReports(repository.asset_graph), rules_of(settings)
    for ended in runs:
        reports: list[Report] = []
        run = ended.run
        if run is not None and _is_ours(run, repository):
            reports = [
                *checks.of_run(instance, run.run_id),
                *reports_of_end(
                    run, ended.status, ended.ended_at, rules=rules, instance=instance,
                    active=store.incidents(ACTIVE, rule=run.job_name), owner=settings.owner,
                ),
            ]  # fmt: skip
        with transaction(store.connection):
            now = clock()
            done.changes += len(store.apply(reports, now))
            before = position_of(store.connection, instance, begin)
            done.position = before.with_seen(ended.storage_id, now)
            store_position(store.connection, instance, done.position)
        done.runs += 1
        if time.monotonic() > deadline:
            break
    return done


def _is_ours(run: dg.DagsterRun, repository: dg.RepositoryDefinition) -> bool:
    """Whether a run is of this repository, and not of another code location of the instance."""
    origin = run.remote_job_origin
    if origin is not None and origin.repository_origin.repository_name != repository.name:
        return False
    return repository.has_job(run.job_name)
