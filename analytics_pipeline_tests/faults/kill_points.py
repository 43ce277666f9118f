"""Kills the ingestion of a landing zone of mixed formats at random points, and counts survivals.

``python -m analytics_pipeline_tests.faults.kill_points --kills 1000 --seed 1`` changes the files
of a landing zone from round to round and kills the process that ingests them: at a random moment,
or before a random step of the commits (a file is made durable, put in its place, opened for
writing or removed; a statement of a transaction). After every kill each partition must be
readable, and add up with the others and the ledger. After a few kills a run is left alone; the
tables must then equal, byte for byte, those of a lake that was never disturbed.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from analytics_pipeline_tests.faults.changing_zone import ChangingZone, copy_over
from analytics_pipeline_tests.faults.interruption import (
    STEPS,
    Step,
    in_fork,
    killed_at_a_moment,
    killed_at_a_step,
    steps_of,
)
from analytics_pipeline_tests.faults.lake_invariants import content_of, left_behind, what_is_wrong
from analytics_pipeline_tests.workspace import Workspace

MOMENT = "moment"
KINDS = (MOMENT, MOMENT, *STEPS)
BATCH_BYTES = 40_000
ROUNDS_TO_A_CALM_ONE = (3, 10)
CALM_ONES_TO_A_NEW_LAKE = 20


class KillPoints:
    """A landing zone whose ingestion is killed again and again."""

    def __init__(self, root: Path, seed: int) -> None:
        self._root = root
        self._chance = random.Random(seed)
        # Small batches, so that a run commits several times.
        self._ingestion = {"batch_bytes": BATCH_BYTES}
        self._workspace = Workspace.create(root / "killed", ingestion=self._ingestion)
        undisturbed = root / "undisturbed" / "lake"
        self._undisturbed = Workspace(
            self._workspace.settings.model_copy(update={"lake": undisturbed})
        )
        self._zone = ChangingZone(self._workspace, self._chance, root / "hidden")
        self._held = root / "held"
        self._steps = dict.fromkeys(STEPS, 1)
        self._seconds = 0.0
        self.attempts: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self.comparisons: Counter[str] = Counter()

    def run(self, kills: int) -> None:
        """Go on until so many processes were killed; raises AssertionError where one harmed."""
        self._calm_round()
        while self.kills.total() < kills:
            killed = False
            for _ in range(self._chance.randint(*ROUNDS_TO_A_CALM_ONE)):
                # Not always, so that what completes the work of a killed one is killed as well.
                if not killed or self._chance.random() < 0.5:
                    self._zone.change()
                killed = self._killed_somewhere()
            self._calm_round()
        self._compare_with_a_new_lake()

    def _killed_somewhere(self) -> bool:
        kind = self._chance.choice(KINDS)
        if kind == MOMENT:
            at = self._chance.uniform(0, self._seconds)
            killed = killed_at_a_moment(self._workspace.ingest, at)
        else:
            step = Step(kind, self._chance.randint(1, max(self._steps[kind], 1)))
            killed = killed_at_a_step(self._workspace.ingest, step)
        self.attempts[kind] += 1
        self.kills[kind] += killed
        self._assert_right()
        return killed

    def _assert_right(self) -> None:
        problems = in_fork(lambda: what_is_wrong(self._workspace))
        assert problems == [], problems

    def _calm_round(self) -> None:
        print(
            f"{self.kills.total()} kills, {self.comparisons.total()} comparisons", file=sys.stderr
        )
        self._zone.change()
        self._zone.settle()
        started = time.monotonic()
        self._steps = steps_of(self._workspace.ingest)
        self._seconds = time.monotonic() - started
        self._assert_right()
        in_fork(lambda: bool(self._undisturbed.ingest()))
        self._assert_equal(self._undisturbed)
        self.comparisons["incremental"] += 1
        copy_over(self._workspace.landing, self._held)
        if self.comparisons["incremental"] % CALM_ONES_TO_A_NEW_LAKE == 0:
            self._compare_with_a_new_lake()
        if self._chance.random() < 0.5:
            self._zone.lose_one()

    def _assert_equal(self, other: Workspace) -> None:
        expected = in_fork(partial(content_of, other))
        found = in_fork(partial(content_of, self._workspace))
        different = {
            key: (expected.get(key), found.get(key))
            for key in {*expected, *found}
            if expected.get(key) != found.get(key)
        }
        assert not different, f"not as in {other.settings.lake}: {different}"
        assert not left_behind(self._workspace), left_behind(self._workspace)

    def _compare_with_a_new_lake(self) -> None:
        """One that takes in at once all that the other holds, also of files that vanished."""
        new = Workspace.create(self._root / "new", ingestion=self._ingestion)
        copy_over(self._held, new.landing)
        in_fork(lambda: bool(new.ingest()))
        self._assert_equal(new)
        self.comparisons["new"] += 1
        shutil.rmtree(self._root / "new")


def summary_of(points: KillPoints, seed: int, seconds: float, *, survived: bool) -> dict[str, Any]:
    """What is told of the kills at the end."""
    return {
        "seed": seed,
        "attempted": points.attempts.total(),
        "killed before the end": points.kills.total(),
        "survived": max(points.kills.total() - (not survived), 0),
        "kinds": {
            kind: {"attempted": points.attempts[kind], "killed": points.kills[kind]}
            for kind in sorted(points.attempts)
        },
        "comparisons with an undisturbed lake": points.comparisons["incremental"],
        "comparisons with a new lake": points.comparisons["new"],
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Kill as many processes as asked for, and print how many were survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where the lakes are made; of the system where absent")
    arguments = parser.parse_args()
    started = time.monotonic()
    folder = tempfile.mkdtemp(dir=arguments.folder)
    points = KillPoints(Path(folder), arguments.seed)
    survived = True
    try:
        points.run(arguments.kills)
    except AssertionError:
        traceback.print_exc()
        print(f"What was found lies in {folder}", file=sys.stderr)
        survived = False
    summary = summary_of(points, arguments.seed, time.monotonic() - started, survived=survived)
    print(
        f"{summary['killed before the end']} of {summary['attempted']} processes were killed "
        f"before their end, {summary['survived']} kills were survived, "
        f"in {summary['seconds']} s."
    )
    print(json.dumps(summary))
    if survived:
        shutil.rmtree(folder)
    sys.exit(0 if survived else 1)


if __name__ == "__main__":
    main()
