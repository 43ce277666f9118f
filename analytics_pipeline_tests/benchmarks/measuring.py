"""How a duration is measured, and how a figure is told."""

import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A measured figure beside its limit; ``basis`` says from which measurements it comes."""

    name: str
    value: float
    limit: float
    unit: str
    basis: str

    @property
    def holds(self) -> bool:
        """Whether the figure is within its limit."""
        return self.value <= self.limit


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
    pairs = [(seconds_of(floor), seconds_of(work)) for _ in range(rounds)]
    floors, works = zip(*pairs, strict=True)
    value = statistics.median(work / floor for floor, work in pairs)
    return value, (
        f"{statistics.median(works):.2f} s to {statistics.median(floors):.2f} s, "
        f"{rounds} alternating rounds"
    )


def in_process_of_its_own(module: str, *arguments: str, **environment: str) -> dict[str, Any]:
    """Run a module that prints JSON on its last line; adds its peak memory in bytes."""
    command = [sys.executable, "-m", module, *arguments]
    output = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **environment}
    ).stdout
    return json.loads(output.splitlines()[-1])


def peak_memory_bytes() -> int:
    """The largest resident size that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
