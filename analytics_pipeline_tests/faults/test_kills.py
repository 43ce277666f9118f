"""Processes that are killed at any instant, and a disk that is full."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.lake.lake import LakeError
from analytics_pipeline_tests.workspace import COUNTS, Workspace, query_event

SAMPLES = Path(__file__).parents[2] / "samples" / "formats"
KILLED_WHILE_IT_READS = """
import os, signal, sys
from pathlib import Path
from analytics_pipeline.ingestion.reading.sqlite_rows import SqliteSnapshot

database, scratch = map(Path, sys.argv[1:])
with database.open("rb") as file, SqliteSnapshot.of(file, database, scratch):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_at_random_points_and_started_again_the_result_is_the_same() -> None:
    """A small run of the script that kills a thousand times; a fork of its own for each kill."""
    command = [sys.executable, "-m", "analytics_pipeline_tests.faults.kill_points"]
    done = subprocess.run(
        [*command, "--kills", "10", "--seed", "5"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["survived"] == summary["killed before the end"] >= 10
    assert summary["comparisons with an undisturbed lake"] >= 1
    assert summary["comparisons with a new lake"] == 1


def test_the_copy_of_a_database_that_a_killed_process_left_is_removed_by_the_next(
    workspace: Workspace,
) -> None:
    """What is copied was not yet through the privacy door."""
    database = SAMPLES / "behavioral" / "behavioral.db"
    workspace.drop("behavioral.db", database.read_bytes())

    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_IT_READS, database, workspace.lake.scratch],
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert list(workspace.lake.scratch.glob("*/database"))
    workspace.ingest()
    assert not list(workspace.lake.scratch.glob("*/database"))
    assert len(workspace.events()) > 0


@pytest.mark.usefixtures("few_data_tests")
def test_a_killed_run_of_the_command_line_is_completed_by_the_next(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    for name in range(3):
        workspace.drop(
            f"{name}.jsonl",
            [query_event(timestamp=f"2026-11-0{1 + name}T00:00:00Z", user_id=str(user))
             for user in range(50)],
        )  # fmt: skip
    command = [
        Path(sys.executable).with_name("aicache-analytics"), "run", "--json",
        "--landing", workspace.landing, "--lake", workspace.settings.lake,
    ]  # fmt: skip
    environment = {**os.environ, "AICACHE_INGESTION__SETTLE_SECONDS": "0"}
    output: dict[str, Any] = {"stdout": subprocess.PIPE, "env": environment}
    # Killed once in the midst of the update, when the first partitions are written.
    process = subprocess.Popen(command, **output)
    while not workspace.lake.dates(VALIDATED_EVENTS) and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    assert process.wait() != 0, "the run ended before it was killed"
    completed = json.loads(subprocess.run(command, check=True, **output).stdout)
    assert completed["updated_dates"] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    reports = sorted(workspace.settings.lake.glob("reports/*/report.html"))
    assert len(reports) == 3
    assert json.loads(subprocess.run(command, check=True, **output).stdout)["updated_dates"] == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB; mounting it needs root, as the machine that runs all tests has."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_loses_nothing_and_says_so(tmp_path: Path, small_disk: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    workspace = Workspace(workspace.settings.model_copy(update={"lake": small_disk / "lake"}))
    workspace.drop("a.jsonl", [query_event(user_id="a")] * 10)
    workspace.ingest()
    before = workspace.partition_bytes(VALIDATED_EVENTS)
    noise = random.Random(1)
    workspace.drop(
        "b.jsonl", [query_event(user_id=noise.randbytes(200).hex()) for _ in range(2_000)]
    )
    ballast = small_disk / "ballast"
    for left in (0, 50_000, 300_000, 600_000):
        ballast.write_bytes(b"\0" * (shutil.disk_usage(small_disk).free - left))
        with pytest.raises(LakeError, match="No space left on the disk of the lake"):
            workspace.ingest()
        ballast.unlink()
        assert workspace.partition_bytes(VALIDATED_EVENTS) == before
    workspace.ingest()
    assert workspace.accounts()[COUNTS].sum().tolist() == [2_010, 2_010, 0, 0, 0]
