"""Incidents as they come about, for tests of who is told of them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from analytics_pipeline.alerting.findings import Finding, Severity
from analytics_pipeline.alerting.incidents.incident import Incident, Report, Source
from analytics_pipeline.alerting.incidents.store import IncidentStore
from analytics_pipeline.alerting.notifying.configuration import NotifyingConfiguration
from analytics_pipeline.alerting.notifying.delivering import Round, deliver_due
from analytics_pipeline.alerting.notifying.schema import SCHEMA

START = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
DAY = date(2026, 11, 26)


def configured(**content: Any) -> NotifyingConfiguration:
    return NotifyingConfiguration.model_validate(content)


def an_incident(**fields: Any) -> Incident:
    source = Source(
        rule=fields.pop("rule", "hit_rate"),
        asset=fields.pop("asset", "daily_cache_metrics"),
        group=fields.pop("group", "metrics"),
        owner=fields.pop("owner", "team:cache"),
        team=fields.pop("team", "cache"),
        runbook=fields.pop("runbook", "https://runbooks.example.org/hit-rate"),
        description=fields.pop("description", "The cache answers most queries."),
    )
    defaults: dict[str, Any] = {
        "id": "abc-20261126", "source": source, "labels": {}, "severity": "ERROR",
        "status": "open", "first_date": DAY, "last_date": DAY, "opened_at": START,
        "updated_at": START, "message": "Hit rate 41% is below 70%.", "occurrences": 1,
        "group_key": "event_date=2026-11-26, cause=daily_cache_metrics",
    }  # fmt: skip
    return Incident(**(defaults | fields))


@dataclass
class Story:
    """A store of incidents and messages, and a clock that tests turn."""

    store: IncidentStore
    configuration: NotifyingConfiguration
    now: datetime = START
    runs: int = 0

    @property
    def connection(self) -> sqlite3.Connection:
        return self.store.connection

    def report(
        self,
        *findings: Finding,
        rule: str = "hit_rate",
        asset: str = "daily_cache_metrics",
        severity: Severity = "ERROR",
        day: date | None = DAY,
        **source: Any,
    ) -> None:
        """What a check found on a day; without findings it passed."""
        self.runs += 1
        about = Source(rule=rule, asset=asset, **{"group": "metrics", "team": "cache", **source})
        report = Report(
            f"run {self.runs}/{rule}", about, severity, day, self.now, findings, f"run {self.runs}"
        )
        self.store.apply([report], self.now)

    def fails(self, message: str = "Hit rate 41% is below 70%.", **about: Any) -> None:
        """A check failed."""
        labels = about.pop("labels", {})
        self.report(Finding(message, labels, 0.41, 0.8, 0.7), **about)

    def passes(self, **about: Any) -> None:
        """A check passed."""
        self.report(**about)

    def deliver(self, **after: float) -> Round:
        """Let some time pass, and deliver what is due then."""
        self.now += timedelta(**after)
        self.store.expire(self.now)
        return deliver_due(
            self.connection, self.configuration, "http://dagster.example", clock=lambda: self.now
        )

    def incidents(self) -> list[Incident]:
        return self.store.incidents()


@contextmanager
def story(state: Path, **configuration: Any) -> Iterator[Story]:
    """A new story; without group_wait, unless the configuration has one."""
    defaults = {"group_wait": "0s", "group_interval": "0s", **configuration.pop("defaults", {})}
    with IncidentStore.open(state, None, SCHEMA) as store:
        yield Story(store, configured(defaults=defaults, **configuration))
