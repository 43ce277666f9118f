"""Work in a fork of this process that is killed at a moment, or at a step of what it does.

The process that forks has imported all there is, so a kill costs little more than the work until
then; it must never open an engine, which would not survive the fork.
"""

import faulthandler
import itertools
import json
import os
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

# Steps that another process may find done or not done, each counted by itself.
STEPS = ("durable", "in place", "transaction", "files")
WRITES = ("BEGIN", "COMMIT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER")
FILE_EVENTS = ("os.mkdir", "os.remove", "os.rmdir", "os.truncate")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Step:
    """The n-th step of its kind, from 1."""

    kind: str
    number: int


def in_fork(work: Callable[[], Any]) -> Any:
    """Run a piece of work in a fork; gives its result, which must be JSON.

    Raises AssertionError where it fails.
    """
    reading, writing = os.pipe()
    child = _fork(lambda: _write(writing, json.dumps(work()).encode()))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    assert not _was_killed(child)
    return json.loads(content)


def killed_at_a_moment(work: Callable[[], Any], seconds: float) -> bool:
    """Run a piece of work in a fork that is killed after some seconds; whether it was."""
    child = _fork(work)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return _was_killed(child)


def killed_at_a_step(work: Callable[[], Any], step: Step) -> bool:
    """Run a piece of work in a fork that kills itself just before a step; whether it came so far.

    A kill after a step is one before the next, of whatever kind.
    """

    def counted() -> None:
        _count_steps(step)
        work()

    return _was_killed(_fork(counted))


def steps_of(work: Callable[[], Any]) -> dict[str, int]:
    """Run a piece of work in a fork; how many steps of each kind it took."""

    def counted() -> dict[str, int]:
        counters = _count_steps(None)
        work()
        return {kind: next(counter) - 1 for kind, counter in counters.items()}

    return dict(in_fork(counted))


def _fork(work: Callable[[], Any]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        # One that hangs shows where, and fails.
        faulthandler.dump_traceback_later(PATIENCE_SECONDS, exit=True)
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _write(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as pipe:
        pipe.write(content)


def _was_killed(child: int) -> bool:
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), f"the run failed by itself, with {code}"
    return code != 0


def _count_steps(chosen: Step | None) -> dict[str, Iterator[int]]:
    """From now on count the steps of this process, and kill it before the chosen one."""
    counters: dict[str, Iterator[int]] = {kind: itertools.count(1) for kind in STEPS}

    def step(kind: str) -> None:
        number = next(counters[kind])
        if chosen is not None and (kind, number) == (chosen.kind, chosen.number):
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(text: str) -> None:
        if text.lstrip().upper().startswith(WRITES):
            step("transaction")

    def audited(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename":
            step("in place")
        elif event in FILE_EVENTS or (event == "open" and arguments[2] & WRITING):
            step("files")

    fsync = os.fsync

    def counted_fsync(descriptor: int) -> None:
        step("durable")
        fsync(descriptor)

    connect = sqlite3.connect

    def connect_counted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(statement)
        return connection

    os.fsync, sqlite3.connect = counted_fsync, connect_counted  # type: ignore[assignment]
    sys.addaudithook(audited)
    return counters
