import json
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from analytics_pipeline.samples.recording import RecordingError, record
from analytics_pipeline_tests.samples.declared import moment, reason_of

SAMPLE = Path(__file__).parents[2] / "samples" / "landing" / "machine" / "system_metrics.jsonl"


def test_records_the_machine_at_the_interval(tmp_path: Path) -> None:
    began = datetime.now(UTC)
    destination = tmp_path / "new" / "metrics.jsonl"
    count = record(destination, seconds=1, interval=0.25, host="here", disk=tmp_path)
    ended = datetime.now(UTC)
    lines = destination.read_bytes().splitlines()
    assert len(lines) == count
    assert {reason_of(line) for line in lines} == {None}
    events = [json.loads(line) for line in lines]
    samples = Counter(event["metric_name"] for event in events)
    assert {"cpu_usage", "memory_usage", "disk_usage", "load_average"} <= samples.keys()
    assert set(samples.values()) == {4}
    assert {event["host"] for event in events} == {"here"}

    moments = sorted({moment(event) for event in events})
    assert began <= moments[0] + timedelta(milliseconds=1)
    assert moments[-1] <= ended
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    assert min(gaps) > 0
    assert sum(gaps) >= 0.5
    shares = [event["value"] for event in events if event["unit"] == "percent"]
    assert all(0 <= share <= 100 for share in shares)
    disk = [event["value"] for event in events if event["metric_name"] == "disk_usage"]
    assert disk[-1] == pytest.approx(psutil.disk_usage(str(tmp_path)).percent, abs=1)


def test_sees_the_load_that_there_is(tmp_path: Path) -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        record(tmp_path / "metrics.jsonl", seconds=1, interval=0.5)
    finally:
        busy.kill()
        busy.wait()
    events = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    usage = [event["value"] for event in events if event["metric_name"] == "cpu_usage"]
    assert max(usage) > 100 / (psutil.cpu_count() or 1) * 0.5


def test_an_interrupted_recording_keeps_what_it_has(tmp_path: Path) -> None:
    destination = tmp_path / "metrics.jsonl"
    arguments = [str(destination), "--seconds", "60", "--interval", "0.1"]
    module = [sys.executable, "-m", "analytics_pipeline.samples.recording"]
    process = subprocess.Popen([*module, *arguments], stdout=subprocess.PIPE, text=True)
    unfinished = tmp_path / "metrics.jsonl.part"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (
        unfinished.exists() and unfinished.stat().st_size > 0
    ):
        time.sleep(0.05)
    assert not destination.exists()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    lines = destination.read_bytes().splitlines()
    assert f"{len(lines)} events" in output
    assert lines
    assert {reason_of(line) for line in lines} == {None}
    assert not unfinished.exists()


@pytest.mark.parametrize(("seconds", "interval"), [(1, 0), (1, -1), (1, 2)])
def test_an_impossible_interval_is_refused(tmp_path: Path, seconds: float, interval: float) -> None:
    with pytest.raises(RecordingError, match="interval"):
        record(tmp_path / "metrics.jsonl", seconds=seconds, interval=interval)
    assert not any(tmp_path.iterdir())


def test_the_bundled_recording_is_whole() -> None:
    lines = SAMPLE.read_bytes().splitlines()
    assert {reason_of(line) for line in lines} == {None}
    assert len(set(lines)) == len(lines)
    events = [json.loads(line) for line in lines]
    assert {event["host"] for event in events} == {"recorder"}
    samples = Counter(event["metric_name"] for event in events)
    assert len(set(samples.values())) == 1
    moments = sorted({moment(event) for event in events})
    assert moments[-1] - moments[0] > timedelta(minutes=15)
