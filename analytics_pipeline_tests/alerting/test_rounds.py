"""From ended runs on a real Dagster instance to incidents, and to what is told of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from analytics_pipeline.alerting.configuration import read_alerts_file
from analytics_pipeline.alerting.ended_runs import OVERLAP, Position, ended_since, read_position
from analytics_pipeline.alerting.incidents.incident import Incident
from analytics_pipeline.alerting.rounds import AlertRound, alert_round, open_store
from analytics_pipeline.alerting.tables import INCIDENT_EVENTS
from analytics_pipeline.daily_checks import CheckOutcome, daily_check_spec, evaluations
from analytics_pipeline.ingestion.updates import range_tags
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.partitions import daily, dates_of
from analytics_pipeline.settings import Settings, read_settings, today
from analytics_pipeline_tests.alerting.notifying.receivers import Webhook, webhook

YESTERDAY = today() - timedelta(days=1)
ALERTS = """
receivers: {oncall: {url_env: ROUNDS_URL}}
defaults: {group_wait: 0s, group_interval: 0s}
"""


@dataclass
class Pipeline:
    """A small pipeline on an instance of its own, whose outcomes a test chooses."""

    settings: Settings
    instance: dg.DagsterInstance
    outcomes: dict[str, Any] = field(default_factory=dict)
    later: timedelta = timedelta(0)

    def definitions(self) -> dg.Definitions:
        spec = daily_check_spec(
            "rule", asset="mart", description="All is well.", metadata={"team": "cache"}
        )

        @dg.asset(partitions_def=daily, group_name="ingestion", owners=["ann@example.org"])
        def source() -> None:
            if self.outcomes.get("fails"):
                raise RuntimeError(self.outcomes["fails"])

        @dg.asset(partitions_def=daily, deps=[source], group_name="metrics")
        def mart() -> None:
            pass

        @dg.multi_asset_check(name="rules", specs=[spec])
        def rules(context: dg.AssetCheckExecutionContext) -> Iterator[Any]:
            found = self.outcomes.get("findings", [])
            outcome = CheckOutcome(
                not found, "ERROR", "Wrong." if found else "Right.",
                {"findings": dg.MetadataValue.json(found), "runbook": dg.MetadataValue.url("https://r.example"),
                 "evaluated": self.outcomes.get("evaluated", True)},
            )  # fmt: skip
            yield from evaluations(
                context, spec, dict.fromkeys(dates_of(context.partition_keys), outcome)
            )

        @dg.asset_check(asset=mart, description="No row is wrong.")
        def rows() -> dg.AssetCheckResult:
            failing = self.outcomes.get("rows", 0)
            return dg.AssetCheckResult(
                passed=not failing,
                severity=dg.AssetCheckSeverity.WARN,
                description=f"{failing} rows fail." if failing else None,
                metadata={"failing_rows": failing, "event_dates": f"{YESTERDAY} to {YESTERDAY}"},
            )

        job = dg.define_asset_job("update", selection="*")
        return dg.Definitions(
            assets=[source, mart], asset_checks=[rules, rows], jobs=[job],
            executor=dg.in_process_executor,
        )  # fmt: skip

    def run(self, first: date = YESTERDAY, last: date | None = None, **outcomes: Any) -> str:
        """Run the job for some dates; a check finds what is told here."""
        self.outcomes = outcomes
        tags = {**range_tags(first, last or first), **outcomes.get("tags", {})}
        job = self.definitions().resolve_job_def("update")
        result = job.execute_in_process(instance=self.instance, tags=tags, raise_on_error=False)
        assert result.success is not bool(outcomes.get("fails"))
        return result.run_id

    def look(self) -> AlertRound:
        repository = self.definitions().get_repository_def()
        return alert_round(
            self.settings, self.instance, repository, lambda: datetime.now(UTC) + self.later
        )

    def incidents(self) -> list[Incident]:
        with open_store(self.settings, read_alerts_file(self.settings)) as store:
            return store.incidents()


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook() as server:
        monkeypatch.setenv("ROUNDS_URL", server.url())
        yield server


@pytest.fixture
def settings(tmp_path: Path, hook: Webhook) -> Settings:
    file = tmp_path / "alerts.yml"
    file.write_text(ALERTS)
    return read_settings(lake=tmp_path / "lake", alerting={"file": file})


@pytest.fixture
def pipeline(settings: Settings) -> Iterator[Pipeline]:
    """On an instance in memory."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield Pipeline(settings, instance)


@pytest.fixture
def kept_pipeline(settings: Settings, tmp_path: Path) -> Iterator[Pipeline]:
    """On an instance with files, whose log of runs is in other ones than those of their steps."""
    home = tmp_path / "home"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        yield Pipeline(settings, instance)


FOUND = [{"message": "Hit rate of small is 41%.", "labels": {"model": "small"}, "value": 0.41,
          "expected": 0.8, "lower": 0.7, "upper": None}]  # fmt: skip


def test_what_a_check_found_is_an_incident_with_all_that_is_known_of_it(
    pipeline: Pipeline, hook: Webhook
) -> None:
    run = pipeline.run(findings=FOUND)
    done = pipeline.look()
    assert done.runs == 1 and len(done.delivery.sent) == 1
    [incident] = pipeline.incidents()
    source = incident.source
    assert (source.rule, source.asset, source.group) == ("rule", "mart", "metrics")
    assert (source.team, source.runbook) == ("cache", "https://r.example")
    assert source.upstream == {"source"} and source.description == "All is well."
    assert incident.labels == {"model": "small"} and incident.severity == "ERROR"
    assert (incident.value, incident.expected, incident.lower) == (0.41, 0.8, 0.7)
    assert incident.first_date == incident.last_date == YESTERDAY
    assert incident.message == "Hit rate of small is 41%."
    [posted] = hook.accepted
    assert posted.content["title"].startswith("[ERROR] rule on mart (model small)")
    lake = Lake.of(pipeline.settings)
    with lake.engine() as connection:
        rows = connection.execute(f"SELECT DISTINCT run_id FROM {lake.scan(INCIDENT_EVENTS)}")
        assert rows.fetchall() == [(run,)]


def test_each_run_is_taken_once_whoever_looks(kept_pipeline: Pipeline, hook: Webhook) -> None:
    for _ in range(3):
        kept_pipeline.run(findings=FOUND)
    assert kept_pipeline.look().runs == 3
    again = kept_pipeline.look()
    assert (again.runs, again.changes, again.delivery.sent) == (0, 0, [])
    [incident] = kept_pipeline.incidents()
    assert incident.occurrences == 3
    assert len(hook.accepted) == 1


def test_a_day_that_could_not_be_judged_ends_nothing(pipeline: Pipeline) -> None:
    pipeline.run(YESTERDAY - timedelta(days=1), findings=FOUND)
    pipeline.look()
    pipeline.run(YESTERDAY, evaluated=False)
    assert pipeline.look().changes == 0
    assert [incident.status for incident in pipeline.incidents()] == ["open"]
    pipeline.run(YESTERDAY)
    pipeline.look()
    assert [incident.status for incident in pipeline.incidents()] == ["resolved"]


def test_a_data_test_is_one_finding_and_its_passing_the_end(
    pipeline: Pipeline, hook: Webhook
) -> None:
    pipeline.run(rows=3)
    pipeline.look()
    [incident] = pipeline.incidents()
    assert (incident.message, incident.value, incident.severity) == ("3 rows fail.", 3.0, "WARN")
    assert incident.first_date == YESTERDAY
    pipeline.run()
    pipeline.look()
    assert [posted.content["title"].partition("]")[0] for posted in hook.accepted] == [
        "[WARN", "[RESOLVED",
    ]  # fmt: skip


def test_a_failed_run_is_an_incident_until_one_for_its_date_succeeds(
    pipeline: Pipeline, hook: Webhook
) -> None:
    first = YESTERDAY - timedelta(days=1)
    pipeline.run(first, YESTERDAY, fails="The disk is full.")
    pipeline.look()
    [incident] = pipeline.incidents()
    assert (incident.source.rule, incident.source.asset) == ("update", "")
    assert incident.message == "A run of update failed at source: RuntimeError: The disk is full."
    assert incident.last_date == YESTERDAY and incident.severity == "ERROR"
    pipeline.run(first)
    pipeline.look()
    assert pipeline.incidents()[0].status == "open"
    pipeline.run(YESTERDAY)
    pipeline.look()
    assert pipeline.incidents()[0].status == "resolved"
    assert [posted.content["title"].partition("]")[0] for posted in hook.accepted] == [
        "[ERROR", "[RESOLVED",
    ]  # fmt: skip


def test_a_failure_that_will_be_tried_again_is_not_told(pipeline: Pipeline, hook: Webhook) -> None:
    run = pipeline.run(fails="Out of memory.")
    pipeline.instance.add_run_tags(run, {"dagster/will_retry": "true"})
    pipeline.look()
    assert pipeline.incidents() == []
    pipeline.run(fails="Out of memory.", tags={"dagster/retry_number": "2"})
    pipeline.look()
    assert len(pipeline.incidents()) == 1 and len(hook.accepted) == 1


def test_a_first_start_tells_nothing_of_a_long_history(pipeline: Pipeline, hook: Webhook) -> None:
    pipeline.run(findings=FOUND)
    pipeline.later = timedelta(days=5)
    done = pipeline.look()
    assert (done.runs, done.changes) == (0, 0)
    assert hook.accepted == []


def test_a_backfill_of_last_year_is_recorded_and_wakes_nobody(
    pipeline: Pipeline, hook: Webhook
) -> None:
    pipeline.run(YESTERDAY - timedelta(days=400), YESTERDAY - timedelta(days=398), findings=FOUND)
    pipeline.look()
    [incident] = pipeline.incidents()
    assert incident.recorded_only and incident.occurrences == 3
    assert hook.accepted == []


def test_wrong_receivers_are_said_after_the_incidents_are_kept(pipeline: Pipeline) -> None:
    assert pipeline.settings.alerting.file
    pipeline.settings.alerting.file.write_text("routes: [{to: nobody}]")
    pipeline.run(findings=FOUND)
    with pytest.raises(Exception, match="there is no receiver nobody"):
        pipeline.look()
    assert len(pipeline.incidents()) == 1


def test_entries_that_become_visible_late_are_found(pipeline: Pipeline) -> None:
    """As where two processes write the log: the smaller number is seen after the greater one."""
    runs = [pipeline.run() for _ in range(3)]
    now = datetime.now(UTC)
    begin = Position((now - timedelta(days=1)).timestamp())
    first, second, third = ended_since(pipeline.instance, begin)
    assert [each.run and each.run.run_id for each in (first, second, third)] == runs
    position = begin.with_seen(first.storage_id, now - 2 * OVERLAP).with_seen(third.storage_id, now)
    position = read_position(position.written())
    assert position.floor == first.storage_id
    assert ended_since(pipeline.instance, position) == [second]
    assert ended_since(pipeline.instance, position.with_seen(second.storage_id, now)) == []


def test_the_log_is_read_in_pages_and_deleted_runs_hold_nothing_up(kept_pipeline: Pipeline) -> None:
    runs = [kept_pipeline.run() for _ in range(4)]
    kept_pipeline.instance.delete_run(runs[1])
    position = Position(0.0)
    found = []
    while page := ended_since(kept_pipeline.instance, position, limit=1):
        found += page
        position = position.with_seen(page[-1].storage_id, datetime.now(UTC))
    assert [each.run.run_id for each in found if each.run] == [runs[0], *runs[2:]]
    assert json.loads(position.written())["floor"] is None
