"""How a duration is measured, and how a figure is told."""

import gc
import json
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A measured figure beside its limit; ``basis`` says from which measurements it comes.

    A figure without a limit is there to be compared; one that is no number could not be measured.
    """

    name: str
    value: float
    limit: float | None
    unit: str
    basis: str

    @property
    def holds(self) -> bool:
        """Whether the figure was measured, and is within its limit."""
        return self.value <= (math.inf if self.limit is None else self.limit)


def seconds_of(work: Callable[[], Any]) -> float:
    """Seconds that a piece of work takes, with the garbage of what came before collected."""
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ratio(work: Callable[[], Any], floor: Callable[[], Any], rounds: int = 5) -> tuple[float, str]:
    """The median of the ratios of work to the floor just before it, and the medians in words.

    What else happens on the machine slows the two of a round alike.
    """
    return ratios([work], floor, rounds)[0]


def ratios(
    works: Sequence[Callable[[], Any]], floor: Callable[[], Any], rounds: int = 5
) -> list[tuple[float, str]]:
    """The ratio of each of several works, all to the floor at the beginning of their round."""
    taken = [[seconds_of(work) for work in (floor, *works)] for _ in range(rounds)]
    floors, *columns = zip(*taken, strict=True)
    return [
        (
            statistics.median(work / floor for work, floor in zip(column, floors, strict=True)),
            f"{statistics.median(column):.2f} s to {statistics.median(floors):.2f} s, "
            f"{rounds} alternating rounds",
        )
        for column in columns
    ]


def in_process_of_its_own(
    module: str, *arguments: str, python: Path = Path(sys.executable)
) -> dict[str, Any]:
    """Run a module that prints JSON on its last line."""
    command = [str(python), "-m", module, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{module} failed:\n{error.stderr}") from error
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def peak_memory_bytes() -> int:
    """The largest resident size that this process has had.

    What getrusage tells would count that of the process which started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
