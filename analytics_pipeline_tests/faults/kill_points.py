"""Kills the ingestion of a landing zone of mixed formats at random points, and counts survivals.

``python -m analytics_pipeline_tests.faults.kill_points --kills 1000 --seed 1`` changes the files
of a landing zone from round to round (new, grown, rewritten, vanished, restored) and kills the
process that ingests them: at a random moment, or at a random step of the commits (before or after
a file is made durable, put in its place, or a transaction of the ledger ends). After every kill
the partitions must be readable and add up. Every few kills a run is left alone; its tables must
then equal, byte for byte, those of a lake that was never disturbed.
"""

import argparse
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion import ledger
from analytics_pipeline.ingestion.quality_tables import SOURCE_FIELDS
from analytics_pipeline.ingestion.tables import (
    COUNTS,
    FILE_LINE_COUNTS,
    OUTCOMES,
    QUARANTINED_LINES,
    RAW_EVENTS,
)
from analytics_pipeline.settings import read_settings
from analytics_pipeline_tests.workspace import PRIVACY_OFF, Workspace, query_event

SAMPLES = Path(__file__).parents[2] / "samples" / "formats"
TABLES = (VALIDATED_EVENTS, QUARANTINED_LINES, SOURCE_FIELDS)
ROUNDS_TO_A_CALM_ONE = 10
LINE_FILES = (
    "toon/operations.jsonl", "litellm/sdk.jsonl", "opentelemetry/openai_v2_traces.jsonl",
    "text_logs/nginx_access.log",
)  # fmt: skip
WHOLE_FILES = ("toon/export.csv", "gitlab/pipelines.json", "behavioral/behavioral.db")
RAW_CONTENT = "path, line_number, format, event_type, event_time, line, bytes"


def native_events(chance: random.Random) -> list[dict[str, Any]]:
    return [
        query_event(
            timestamp=f"2026-11-{chance.randint(8, 11):02}T0{chance.randint(0, 9)}:00:00Z",
            user_id=f"u{chance.randint(1, 9)}",
            **({"cache_hit": "?"} if chance.random() < 0.1 else {}),
        )
        for _ in range(chance.randint(1, 40))
    ]


def change_files(workspace: Workspace, chance: random.Random) -> None:
    """Write, rewrite or let grow some of the files of the landing zone."""
    for name in LINE_FILES:
        if chance.random() < 0.4:
            lines = (SAMPLES / name).read_bytes().splitlines(keepends=True)
            workspace.drop(name, b"".join(lines[: chance.randint(0, len(lines))]))
    for name in WHOLE_FILES:
        if chance.random() < 0.3:
            workspace.drop(name, (SAMPLES / name).read_bytes())
    events = native_events(chance)
    workspace.drop(f"native/{chance.randint(1, 3)}.jsonl", events)
    workspace.drop("native/array.json", json.dumps(events).encode())
    texts = [{name: str(value) for name, value in event.items()} for event in events]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(texts), buffer)
    if chance.random() < 0.5:
        workspace.drop("native/rows.parquet", buffer.getvalue())
    grown = workspace.landing / "native" / "grown.log"
    before = grown.read_bytes() if grown.exists() else b""
    workspace.drop("native/grown.log", before + json.dumps(events[0]).encode() + b"\n")


@contextmanager
def steps_counted(act: Callable[[int], None]):
    """Call ``act`` with a running number before and after each step of a commit."""
    number = 0
    fsync, replace, transaction = os.fsync, Path.replace, ledger.transaction

    def step() -> None:
        nonlocal number
        number += 1
        act(number)

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            step()
            result = function(*arguments)
            step()
            return result

        return call

    @contextmanager
    def counted_transaction(connection: Any):
        step()
        with transaction(connection):
            yield
            step()
        step()

    os.fsync, Path.replace = counted(fsync), counted(replace)  # type: ignore[method-assign]
    ledger.transaction = counted_transaction
    try:
        yield lambda: number
    finally:
        os.fsync, Path.replace = fsync, replace  # type: ignore[method-assign]
        ledger.transaction = transaction


def in_child(work: Callable[[], Any]) -> tuple[int, Any]:
    """Run a piece of work in a fork of this process; its exit status and its result as JSON.

    This process has imported all there is, and never opens an engine, which would not survive
    the fork.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 0
        try:
            os.write(writing, json.dumps(work()).encode())
        except BaseException:
            traceback.print_exc()
            status = 1
        os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(child, 0)
    return status, json.loads(content) if content else None


def killed_at_a_moment(work: Callable[[], Any], seconds: float) -> bool:
    """Run a piece of work in a fork that is killed after some seconds; whether it was."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL), "the run failed by itself"
    return os.WIFSIGNALED(status)


def killed_at_a_step(work: Callable[[], Any], chosen: int) -> bool:
    """Run a piece of work in a fork that kills itself at a step; whether it came so far."""

    def act(number: int) -> None:
        if number == chosen:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted() -> None:
        with steps_counted(act):
            work()

    status, _ = in_child(counted)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL), "the run failed by itself"
    return os.WIFSIGNALED(status)


def what_is_wrong(workspace: Workspace) -> list[str]:
    """What does not hold of a lake whose ingestion was killed."""
    counts = workspace.frame(FILE_LINE_COUNTS)
    problems = []
    if (counts["lines"] != counts[list(OUTCOMES)].sum(axis="columns")).any():
        problems.append("the outcomes of a file do not add up to its lines")
    # Each partition is as it was or as it should be; those of one date may be of two runs.
    for table in TABLES:
        workspace.frame(table)
    return problems


def content_of(workspace: Workspace) -> dict[str, Any]:
    """Digests of all partitions, and of the content of the raw events; the account of each date.

    Which of two files with the same event has it and which the duplicate depends on which came
    first, so the account is compared over all files.
    """
    import hashlib

    content: dict[str, Any] = {
        f"{table.name} {day}": hashlib.sha256(data).hexdigest()
        for table in TABLES
        for day, data in workspace.partition_bytes(table).items()
    }
    with workspace.lake.engine() as connection:
        rows = connection.execute(
            f"SELECT event_date, count(*), bit_xor(hash({RAW_CONTENT})) "
            f"FROM {workspace.lake.scan(RAW_EVENTS)} GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    accounts = workspace.frame(FILE_LINE_COUNTS).groupby("event_date")[list(COUNTS)].sum()
    content |= {f"account {day}": list(map(int, row)) for day, *row in accounts.itertuples()}
    content |= {f"raw_events {day}": [lines, str(digest)] for day, lines, digest in rows}
    return content


class KillPoints:
    """A landing zone whose ingestion is killed again and again."""

    def __init__(self, root: Path, seed: int) -> None:
        self._root = root
        self._chance = random.Random(seed)
        self._workspace = Workspace.create(root / "killed")
        self.attempts: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self.comparisons = 0

    def run(self, kills: int) -> None:
        """Go on until so many processes were killed; raises AssertionError where one harmed."""
        seconds, steps = self._undisturbed()
        rounds = 0
        while self.kills.total() < kills:
            change_files(self._workspace, self._chance)
            if self._chance.random() < 0.5:
                kind = "moment"
                at = self._chance.uniform(0, seconds)
                killed = killed_at_a_moment(self._workspace.ingest, at)
            else:
                kind = "step"
                killed = killed_at_a_step(self._workspace.ingest, self._chance.randint(1, steps))
            self.attempts[kind] += 1
            self.kills[kind] += killed
            _, problems = in_child(lambda: what_is_wrong(self._workspace))
            assert problems == [], problems
            rounds += 1
            if rounds % ROUNDS_TO_A_CALM_ONE == 0:
                seconds, steps = self._undisturbed()
                self._compare()
        self._undisturbed()
        self._compare()

    def _undisturbed(self) -> tuple[float, int]:
        change_files(self._workspace, self._chance)

        def counted() -> int:
            with steps_counted(lambda number: None) as number_of_steps:
                self._workspace.ingest()
                return number_of_steps()

        started = time.monotonic()
        status, steps = in_child(counted)
        assert status == 0, "an undisturbed run failed"
        return time.monotonic() - started, max(steps, 1)

    def _compare(self) -> None:
        """Hold the lake against one that takes in what it holds at once."""
        folder = self._root / f"calm-{self.comparisons}"
        settings = read_settings(
            landing_zone=self._landing_as_held(folder), lake=folder / "lake",
            ingestion={"settle_seconds": 0}, privacy=PRIVACY_OFF,
        )  # fmt: skip
        calm = Workspace(settings)
        status, _ = in_child(lambda: bool(calm.ingest()))
        assert status == 0
        _, expected = in_child(lambda: content_of(calm))
        _, found = in_child(lambda: content_of(self._workspace))
        different = {key for key in {*expected, *found} if expected.get(key) != found.get(key)}
        assert not different, f"{sorted(different)} differ, see {self._root}"
        assert not list(self._workspace.settings.lake.rglob("*.tmp"))
        self.comparisons += 1
        shutil.rmtree(folder)
        # One that was just taken vanishes: what it contributed stays until it comes back.
        files = [file for file in self._workspace.landing.rglob("*") if file.is_file()]
        self._chance.choice(sorted(files)).unlink()

    def _landing_as_held(self, folder: Path) -> Path:
        """A copy of the landing zone; what vanished from it must vanish from neither lake."""
        held = self._root / "held"
        shutil.copytree(self._workspace.landing, held, dirs_exist_ok=True)
        landing = folder / "landing"
        shutil.copytree(held, landing)
        return landing


def main() -> None:
    """Kill as many processes as asked for, and print how many were survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.monotonic()
    folder = tempfile.mkdtemp()
    points = KillPoints(Path(folder), arguments.seed)
    try:
        points.run(arguments.kills)
        survived = True
    except AssertionError:
        traceback.print_exc()
        survived = False
    summary = {
        "attempts": dict(points.attempts),
        "killed before the end": dict(points.kills),
        "survived": points.kills.total() if survived else points.kills.total() - 1,
        "comparisons with a calm lake": points.comparisons,
        "seconds": round(time.monotonic() - started),
    }
    print(json.dumps(summary))
    if survived:
        shutil.rmtree(folder)
    sys.exit(0 if survived else 1)


if __name__ == "__main__":
    main()
