"""Records what this machine really does, as system_metric events.

``python -m analytics_pipeline.samples.recording OUT.jsonl --seconds 1200 --interval 5``
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psutil
import typer

from analytics_pipeline.errors import PipelineError

PERCENT, BYTES_PER_SECOND, PROCESSES = "percent", "bytes/s", "processes"


class RecordingError(PipelineError):
    """What was asked for cannot be recorded; the message says why."""


@dataclass(frozen=True)
class Measurement:
    """One measured value of the machine."""

    metric_name: str
    value: float
    unit: str


def _counters() -> dict[str, int]:
    """Bytes moved since the machine started; what the platform does not count is left out."""
    counters: dict[str, int] = {}
    if network := psutil.net_io_counters():
        counters |= {"network_received": network.bytes_recv, "network_sent": network.bytes_sent}
    if disk := psutil.disk_io_counters():
        counters |= {"disk_read": disk.read_bytes, "disk_written": disk.write_bytes}
    return counters


def _measure(
    before: dict[str, int], after: dict[str, int], elapsed: float, disk: Path
) -> Iterator[Measurement]:
    yield Measurement("cpu_usage", psutil.cpu_percent(), PERCENT)
    yield Measurement("memory_usage", psutil.virtual_memory().percent, PERCENT)
    yield Measurement("disk_usage", psutil.disk_usage(str(disk)).percent, PERCENT)
    yield Measurement("load_average", round(psutil.getloadavg()[0], 2), PROCESSES)
    for name in (name for name in after if name in before):
        rate = (after[name] - before[name]) / elapsed
        yield Measurement(name, round(rate, 1), BYTES_PER_SECOND)


def record(
    destination: Path,
    *,
    seconds: float,
    interval: float,
    host: str = "recorder",
    disk: Path = Path("/"),
) -> int:
    """Record this machine's metrics into a file of newline-delimited JSON.

    Takes ``seconds / interval`` samples, ``interval`` seconds apart, the first one after the
    first interval, since CPU usage and rates are means over an interval. Each sample is one line
    a metric: cpu_usage, memory_usage, disk_usage (of the file system that holds ``disk``) in
    percent, load_average of one minute, and network (all interfaces) and disk bytes a second where
    the platform counts them. ``host`` is written as given: the machine's own name is not recorded.

    The file has the name ``destination`` plus ``.part`` until the recording ends or is
    interrupted from the keyboard, so that a watcher of the folder never reads half of it.
    Returns the number of events. Raises RecordingError where the interval is not positive or
    longer than the recording.
    """
    if not 0 < interval <= seconds:
        raise RecordingError(
            f"An interval of {interval} s does not fit a recording of {seconds} s: "
            "choose an interval over 0 and at most as long as the recording."
        )
    destination.parent.mkdir(parents=True, exist_ok=True)
    unfinished = destination.with_name(destination.name + ".part")
    events = 0
    with unfinished.open("w", encoding="utf-8") as file:
        psutil.cpu_percent()
        before, began = _counters(), time.monotonic()
        last = began
        try:
            for sample in range(1, int(seconds / interval) + 1):
                time.sleep(max(0.0, began + sample * interval - time.monotonic()))
                timestamp = datetime.now(UTC).isoformat(timespec="milliseconds")
                after, now = _counters(), time.monotonic()
                for measurement in _measure(before, after, now - last, disk):
                    event = {
                        "event_type": "system_metric",
                        "timestamp": timestamp,
                        "metric_name": measurement.metric_name,
                        "value": measurement.value,
                        "unit": measurement.unit,
                        "host": host,
                    }
                    file.write(json.dumps(event) + "\n")
                    events += 1
                file.flush()
                before, last = after, now
        except KeyboardInterrupt:
            pass
    unfinished.replace(destination)
    return events


def main(
    destination: Annotated[Path, typer.Argument(help="The file to write.")],
    seconds: Annotated[float, typer.Option(help="How long to record.")] = 1200,
    interval: Annotated[float, typer.Option(help="Seconds between two samples.")] = 5,
    host: Annotated[str, typer.Option(help="The name recorded as host.")] = "recorder",
) -> None:
    """Record this machine's metrics as system_metric events."""
    try:
        events = record(destination, seconds=seconds, interval=interval, host=host)
    except RecordingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{events} events recorded in {destination}")


if __name__ == "__main__":
    typer.run(main)
