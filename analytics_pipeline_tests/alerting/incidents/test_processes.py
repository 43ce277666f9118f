"""The store in the hands of processes that are killed, and of two at once."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from analytics_pipeline.alerting.incidents.changes import replayed
from analytics_pipeline.alerting.incidents.history import write_history
from analytics_pipeline.alerting.incidents.incident import Incident, IncidentEvent
from analytics_pipeline.alerting.incidents.store import IncidentStore
from analytics_pipeline.alerting.tables import INCIDENT_EVENTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline_tests.alerting.incidents.store_process import (
    NOW,
    all_reports,
    first_and_second,
)

PATIENCE = 60
MODULE = "analytics_pipeline_tests.alerting.incidents.store_process"


def process(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", MODULE, *arguments],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def content(folder: Path) -> tuple[list[Incident], list[IncidentEvent], set[str]]:
    """The incidents, the history and the ids of the reports; each is right by the others."""
    with IncidentStore.open(folder) as store:
        incidents, history = store.incidents(), store.history()
        seen = {row["id"] for row in store.connection.execute("SELECT id FROM report")}
    assert replayed(history) == {incident.id: incident for incident in incidents}
    return incidents, history, seen


def test_killed_at_any_statement_it_has_taken_everything_or_nothing(tmp_path: Path) -> None:
    first, second = first_and_second()
    state, whole = tmp_path / "state", tmp_path / "whole"
    for folder in (state, whole):
        with IncidentStore.open(folder) as store:
            store.apply(first, NOW)
    before = content(state)
    with IncidentStore.open(whole) as store:
        store.apply(second, NOW)
    after = content(whole)

    with process("each-instant", str(state)) as killing:
        instants = int(killing.communicate(timeout=PATIENCE)[0])
    assert instants > 20
    found = []
    for instant in range(instants):
        killed = tmp_path / f"killed-{instant}"
        found.append(content(killed))
        with IncidentStore.open(killed) as store:
            store.apply([*first, *second], NOW)
        assert content(killed) == after, instant
    assert all(each in (before, after) for each in found)
    # The last statement is the COMMIT.
    assert found[0] == found[-1] == before


def test_two_processes_at_once_take_each_report_once(tmp_path: Path) -> None:
    writers = [process("apply", str(tmp_path), str(seed)) for seed in (1, 2, 3)]
    for writer in writers:
        assert writer.stdout and writer.stdout.readline() == "open\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.wait(PATIENCE) for writer in writers] == [0, 0, 0]
    for writer in writers:
        writer.communicate()
    incidents, history, seen = content(tmp_path)
    reports = all_reports()
    assert seen == {report.id for report in reports}
    assert sum(each.occurrences for each in incidents) == 2 * len(reports)
    assert [event.sequence for event in history] == list(range(1, len(history) + 1))
    active = [(each.source.rule, *each.labels.items()) for each in incidents if each.is_active]
    assert len(active) == len(set(active)) == 6


@pytest.mark.parametrize("written", [1, 12])
def test_the_history_in_the_lake_survives_a_kill(tmp_path: Path, written: int) -> None:
    lake = Lake(tmp_path)
    with process("history", str(tmp_path)) as writer:
        assert writer.stdout
        for _ in range(written):
            assert writer.stdout.readline()
        time.sleep(0.003 * written)
        writer.kill()
        writer.wait()
    with IncidentStore.open(lake.state) as store, lake.engine() as connection:
        write_history(lake, store)
        assert write_history(lake, store) == []
        stored = connection.execute(
            f"SELECT sequence FROM {lake.scan(INCIDENT_EVENTS)} ORDER BY 1"
        ).fetchall()
        assert stored == [(event.sequence,) for event in store.history()]
        assert len(stored) >= written
