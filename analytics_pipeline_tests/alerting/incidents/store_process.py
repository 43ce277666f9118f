"""Processes that write to a store of incidents: python -m … WHAT FOLDER …

``apply FOLDER SEED`` applies all reports in an order of its own; ``each-instant FOLDER`` applies
them once for every statement at which a process can be killed, each time in a copy of its own, and
prints how many there are; ``history FOLDER`` writes the history of a store to the lake, again and
again while the history grows.
"""

import os
import random
import shutil
import signal
import sqlite3
import sys
from pathlib import Path

from analytics_pipeline.alerting.incidents.history import write_history
from analytics_pipeline.alerting.incidents.incident import Report
from analytics_pipeline.alerting.incidents.store import IncidentStore
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline_tests.alerting.incidents.life import (
    COST,
    HIT_RATE,
    MISSING,
    SMALL,
    WHOLE,
    at,
    report,
)

NOW = at(20)


def all_reports() -> list[Report]:
    """Failures of three checks on 18 days, of which each day is another report."""
    return [
        report(day, WHOLE, SMALL, source=source, severity="ERROR", evaluated_at=at(20))
        for day in range(1, 19)
        for source in (HIT_RATE, COST, MISSING)
    ]


def first_and_second() -> tuple[list[Report], list[Report]]:
    """What a store knows before, and what comes when the process is killed."""
    return (
        [report(18, WHOLE, SMALL), report(18, WHOLE, source=COST)],
        [
            report(19, WHOLE, severity="ERROR", evaluated_at=at(20)),
            report(19, WHOLE, source=MISSING, severity="ERROR", evaluated_at=at(20)),
            report(19, source=COST, evaluated_at=at(20)),
        ],
    )


def apply_all(folder: Path, seed: int) -> None:
    order = all_reports()
    random.Random(seed).shuffle(order)
    with IncidentStore.open(folder) as store:
        print("open", flush=True)
        sys.stdin.readline()
        for start in range(0, len(order), 3):
            store.apply(order[start : start + 3], NOW)


def killed_at(folder: Path, instant: int) -> bool:
    """Apply reports in a process that is killed before a statement; False where it has ended."""
    child = os.fork()
    if child == 0:
        _, second = first_and_second()
        with IncidentStore.open(folder) as store:
            _kill_before(store.connection, instant)
            store.apply(second, NOW)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _kill_before(connection: sqlite3.Connection, instant: int) -> None:
    left = instant

    def count(_: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    connection.set_trace_callback(count)


def kill_at_each_instant(folder: Path) -> None:
    instant = 0
    while True:
        copy = folder.with_name(f"killed-{instant}")
        shutil.copytree(folder, copy)
        if not killed_at(copy, instant):
            shutil.rmtree(copy)
            break
        instant += 1
    print(instant)


def write_again_and_again(folder: Path) -> None:
    lake = Lake(folder)
    with IncidentStore.open(lake.state) as store:
        for each in all_reports():
            store.apply([each], NOW)
            write_history(lake, store)
            print(each.id, flush=True)


if __name__ == "__main__":
    what, folder, *rest = sys.argv[1:]
    if what == "apply":
        apply_all(Path(folder), int(rest[0]))
    elif what == "each-instant":
        kill_at_each_instant(Path(folder))
    else:
        write_again_and_again(Path(folder))
