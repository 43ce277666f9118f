"""Times ticks of the landing zone's sensor where the ledger knows every file.

The files lie in one flat folder, or in folders by date. Prints the seconds of each tick, and for
new files among them after how many ticks each was asked for.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from analytics_pipeline.ingestion.discovery import open_landing_zone
from analytics_pipeline.ingestion.ledger import FileVersion, Ledger
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import Settings
from analytics_pipeline_tests.benchmarks.pipeline_work import settings_of_process

FIRST = date(2026, 1, 1)
DAYS = 250
QUIET_TICKS = 10
LAYOUTS: dict[str, Callable[[int], str]] = {
    "flat": lambda number: f"{number:07}.jsonl",
    "dated": lambda number: f"{FIRST + timedelta(days=number % DAYS)}/{number:07}.jsonl",
}


def main(layout: str, known_files: int) -> None:
    """Make the known files, then measure ticks."""
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of_process(Path(folder))
        from analytics_pipeline.execution import open_instance

        name = LAYOUTS[layout]
        for number in range(known_files):
            _touch(settings, name(number))
        _take_note(settings)
        with open_instance(settings) as instance:
            ticks = [_tick(instance, None)]
            while len(ticks) < QUIET_TICKS:
                ticks.append(_tick(instance, ticks[-1]["cursor"]))
            assert not any(tick["requests"] for tick in ticks)
            found_after = []
            for share in (0.05, 0.5, 0.95):
                new = name(int(known_files * share)).replace(".jsonl", "-new.jsonl")
                _touch(settings, new)
                looks = 0
                while not ticks[-1]["requests"]:
                    ticks.append(_tick(instance, ticks[-1]["cursor"]))
                    looks += 1
                found_after.append(looks)
                _take_note(settings)
                ticks.append(_tick(instance, ticks[-1]["cursor"]))
        seconds = [tick["seconds"] for tick in ticks[1:]]
        print(json.dumps({"seconds": seconds, "found_after": found_after}))


def _touch(settings: Settings, name: str) -> None:
    file = Path(settings.landing_zone) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


def _take_note(settings: Settings) -> None:
    """Enter every file of the zone into the ledger, as if it had been taken."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with Ledger.open(Lake.of(settings).state) as ledger:
        ledger.commit(
            [
                FileVersion(file.path, file.state, "", now, 0, None, (FIRST,))
                for file in open_landing_zone(settings).walk(problems=[])
            ],
            [],
        )


def _tick(instance: dg.DagsterInstance, cursor: str | None) -> dict[str, Any]:
    from analytics_pipeline.ingestion.sensors import landing_zone_sensor

    started = time.perf_counter()
    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        result = landing_zone_sensor(context)
    assert isinstance(result, dg.SensorResult)
    return {
        "seconds": time.perf_counter() - started,
        "cursor": result.cursor,
        "requests": result.run_requests,
    }


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
