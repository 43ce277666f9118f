"""The landing zone's sensor on a real Dagster instance: what it asks for, and what not again."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from analytics_pipeline.definitions import defs
from analytics_pipeline.ingestion.discovery import open_landing_zone
from analytics_pipeline.ingestion.ledger import FileVersion, Ledger
from analytics_pipeline.ingestion.novelty import SLICE
from analytics_pipeline.ingestion.run_processes import PROCESS_TAG
from analytics_pipeline.ingestion.sensors import INTAKE_JOB, landing_zone_sensor
from analytics_pipeline.settings import current_settings
from analytics_pipeline_tests.workspace import Workspace, query_event


@dataclass
class Daemon:
    """Ticks the sensor and runs what it asks for, as Dagster's daemon does."""

    instance: dg.DagsterInstance
    cursor: str | None = None
    waiting: list[dg.RunRequest] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        return Workspace(current_settings())

    def tick(self) -> list[dict[str, Any]]:
        """The ranges that a tick asks for."""
        result = self.result()
        if isinstance(result, dg.SkipReason):
            return []
        self.waiting = list(result.run_requests or [])
        self.cursor = result.cursor
        return [self.configuration(request) for request in self.waiting]

    def result(self) -> dg.SensorResult | dg.SkipReason:
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor) as context:
            return landing_zone_sensor(context)  # type: ignore[return-value]

    def skipped(self) -> str:
        result = self.result()
        if isinstance(result, dg.SensorResult):
            assert not result.run_requests
            self.cursor = result.cursor
            return str(result.skip_reason and result.skip_reason.skip_message)
        return str(result.skip_message)

    @staticmethod
    def configuration(request: dg.RunRequest) -> dict[str, Any]:
        return dict(request.run_config["ops"]["landing_files"]["config"])  # type: ignore[index]

    def run(self, *, fails: bool = False) -> None:
        """Execute what the last tick asked for; with ``fails`` the lake cannot be written."""
        lake = self.workspace.settings.lake
        for request in self.waiting:
            if fails:
                (lake / "raw_events").mkdir(parents=True, exist_ok=True)
                (lake / "raw_events" / "event_date=2026-11-10").touch()
            result = defs.resolve_job_def(INTAKE_JOB).execute_in_process(
                instance=self.instance, run_config=dict(request.run_config),
                tags=dict(request.tags), raise_on_error=False,
            )  # fmt: skip
            assert result.success != fails
            if fails:
                (lake / "raw_events" / "event_date=2026-11-10").unlink()
        self.waiting = []

    def queue(self, status: dg.DagsterRunStatus = dg.DagsterRunStatus.NOT_STARTED) -> list[str]:
        """Let what the last tick asked for wait."""
        created = [
            self.instance.create_run_for_job(
                defs.resolve_job_def(INTAKE_JOB), run_config=dict(request.run_config),
                tags=dict(request.tags), status=status,
            )
            for request in self.waiting
        ]  # fmt: skip
        self.waiting = []
        return [run.run_id for run in created]


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    workspace = Workspace.create(tmp_path)
    monkeypatch.setenv("AICACHE_LANDING_ZONE", str(workspace.landing))
    monkeypatch.setenv("AICACHE_LAKE", str(workspace.settings.lake))
    configure(monkeypatch, settle_seconds=0, tick_seconds=60)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Daemon(instance)
    current_settings.cache_clear()


def configure(monkeypatch: pytest.MonkeyPatch, **ingestion: object) -> None:
    for name, value in ingestion.items():
        monkeypatch.setenv(f"AICACHE_INGESTION__{name.upper()}", str(value))
    current_settings.cache_clear()


def drop(daemon: Daemon, *names: str) -> None:
    for name in names:
        daemon.workspace.drop(name, [query_event(event_id=name)])


def paths_taken(daemon: Daemon) -> list[str]:
    with Ledger.open(daemon.workspace.lake.state) as ledger:
        return [version.path for version in ledger.versions()]


def test_new_and_rewritten_files_are_asked_for_once(daemon: Daemon) -> None:
    assert daemon.skipped().startswith("Nothing new has settled in ")
    drop(daemon, "b/1", "b/2")
    assert daemon.tick() == [{"after": None, "until": "b/2"}]
    assert daemon.waiting[0].run_key is None
    daemon.run()
    assert paths_taken(daemon) == ["b/1", "b/2"]
    assert daemon.skipped().startswith("Nothing new has settled in ")
    drop(daemon, "b/2", "c")
    assert daemon.tick() == [{"after": "b/1", "until": "c"}]
    daemon.run()
    drop(daemon, "b/2")
    assert daemon.tick() == [{"after": "b/1", "until": "b/2"}]
    daemon.run()
    assert paths_taken(daemon) == ["b/1", "b/2", "c"]


def test_batches_have_a_size_and_runs_a_number(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, run_files=2, max_runs=2)
    drop(daemon, "a", "b", "c/1", "c/2", "d")
    assert daemon.tick() == [{"after": None, "until": "b"}, {"after": "b", "until": "c/2"}]
    first, _ = daemon.queue()
    assert daemon.skipped() == "2 intakes are queued or under way."
    daemon.instance.report_run_canceled(daemon.instance.get_run_by_id(first))  # type: ignore[arg-type]
    assert daemon.tick() == [{"after": "c/2", "until": "d"}], "what is under way is left to its run"
    daemon.run()
    assert paths_taken(daemon) == ["d"]
    assert "2 new files were asked for and not taken" in daemon.skipped()
    drop(daemon, "b")
    assert daemon.tick() == [{"after": None, "until": "b"}], "a file among them has changed"


def test_one_run_at_a_time_takes_everything_in_turn(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, run_files=2)
    drop(daemon, *"abcde")
    asked = []
    while ranges := daemon.tick():
        asked += ranges
        runs = daemon.waiting
        daemon.queue()
        assert daemon.skipped() == "An intake is under way."
        for run in daemon.instance.get_runs(
            dg.RunsFilter(statuses=[dg.DagsterRunStatus.NOT_STARTED])
        ):
            daemon.instance.delete_run(run.run_id)
        daemon.waiting = runs
        daemon.run()
    assert [(r["after"], r["until"]) for r in asked] == [(None, "b"), ("b", "d"), ("d", "e")]
    assert paths_taken(daemon) == list("abcde")


def test_ticks_go_on_where_the_last_ended_and_begin_anew_at_the_end(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In no time a tick sees as many files as one query compares.
    configure(monkeypatch, tick_seconds=1e-9)
    names = [f"{folder}/{number:03}" for folder in "abc" for number in range(800)]
    for name in names:
        daemon.workspace.drop(name, b"")
    take_note(daemon)
    positions = []
    for _ in range(8):
        assert daemon.tick() == []
        positions.append(json.loads(str(daemon.cursor))["position"])
    assert positions == [names[SLICE - 1], names[2 * SLICE - 1], names[-1], None] * 2
    assert SLICE == 1000
    drop(daemon, "a/799-new", "c/799-new")
    asked = []
    for _ in range(3):
        asked += daemon.tick()
        daemon.run()
    assert asked == [
        {"after": "a/799", "until": "a/799-new"}, {"after": "c/799", "until": "c/799-new"},
    ]  # fmt: skip
    assert daemon.tick() == []
    assert f" 1,000 files were looked at, up to {names[SLICE - 2]}." in daemon.skipped()


def take_note(daemon: Daemon) -> None:
    """Enter every file into the ledger, as if it had been taken."""
    zone = open_landing_zone(current_settings())
    now = datetime.now(UTC).replace(tzinfo=None)
    with Ledger.open(daemon.workspace.lake.state) as ledger:
        ledger.commit(
            [
                FileVersion(file.path, file.state, "", now, 0, None)
                for file in zone.walk(problems=[])
            ],
            [],
        )


def test_within_its_time_a_tick_sees_the_whole_zone_from_any_position(daemon: Daemon) -> None:
    drop(daemon, "a", "b", "c")
    daemon.cursor = json.dumps({"version": 1, "position": "b"})
    [first] = daemon.tick()
    assert first == {"after": "b", "until": "c"}
    daemon.run()
    assert daemon.tick() == [{"after": None, "until": "b"}]


@pytest.mark.parametrize(
    "cursor",
    [
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "12345678", "1e309", "{}", "[]", '{"version": 1, "position": 5}',
        '{"version": 99, "position": "zzz"}', "not json",
    ],
)  # fmt: skip
def test_a_cursor_of_another_version_is_a_beginning(daemon: Daemon, cursor: str) -> None:
    daemon.cursor = cursor
    drop(daemon, "a")
    assert daemon.tick() == [{"after": None, "until": "a"}]


def test_a_failed_intake_is_not_repeated_until_a_file_changes(daemon: Daemon) -> None:
    drop(daemon, "a", "b")
    assert len(daemon.tick()) == 1
    daemon.run(fails=True)
    for _ in range(2):
        assert "2 new files were asked for and not taken" in daemon.skipped()
    drop(daemon, "b")
    assert daemon.tick() == [{"after": None, "until": "b"}], "with what failed before"
    daemon.run()
    assert paths_taken(daemon) == ["a", "b"]


def test_a_request_that_never_became_a_run_is_made_again(daemon: Daemon) -> None:
    drop(daemon, "a")
    before = daemon.cursor
    assert len(daemon.tick()) == 1
    daemon.cursor = before  # The daemon was killed between the tick and the run.
    assert len(daemon.tick()) == 1
    daemon.run()
    assert paths_taken(daemon) == ["a"]


def test_a_refused_file_is_not_asked_for_until_it_changes(daemon: Daemon) -> None:
    drop(daemon, "a.jsonl", "b.jsonl")
    assert len(daemon.tick()) == 1
    with Ledger.open(daemon.workspace.lake.state) as ledger:
        [file, _] = open_landing_zone(current_settings()).walk(problems=[])
        ledger.refuse(file.path, file.state, "Permission denied")
    daemon.run()
    assert paths_taken(daemon) == ["b.jsonl"]
    assert daemon.skipped().startswith("Nothing new has settled")
    drop(daemon, "a.jsonl")
    assert len(daemon.tick()) == 1
    daemon.run()
    assert paths_taken(daemon) == ["a.jsonl", "b.jsonl"]


def test_files_still_being_written_are_left(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, settle_seconds=3600)
    drop(daemon, "a")
    assert daemon.skipped().startswith("Nothing new has settled")
    configure(monkeypatch, settle_seconds=0)
    assert len(daemon.tick()) == 1


def test_a_run_whose_process_has_gone_holds_up_nothing(daemon: Daemon) -> None:
    drop(daemon, "a")
    daemon.tick()
    [run_id] = daemon.queue(dg.DagsterRunStatus.STARTED)
    assert daemon.skipped() == "An intake is under way."
    # No process has this start time.
    gone = f"{os.uname().nodename}/{os.getpid()}/1.0"
    daemon.instance.add_run_tags(run_id, {PROCESS_TAG: gone})
    assert "1 new files were asked for and not taken" in daemon.skipped()
    assert daemon.instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.FAILURE  # type: ignore[union-attr]


def test_a_zone_that_cannot_be_listed_is_a_reason_in_words(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    drop(daemon, "a")
    (daemon.workspace.landing / "link").symlink_to(tmp_path)
    daemon.tick()
    daemon.run()
    assert "1 cannot be listed, such as link: it is a symbolic link" in daemon.skipped()
    monkeypatch.setenv("AICACHE_LANDING_ZONE", str(tmp_path / "none"))
    current_settings.cache_clear()
    assert daemon.skipped().startswith(f"The landing zone {tmp_path / 'none'} is not a folder.")
