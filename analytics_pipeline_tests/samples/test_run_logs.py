import json
from collections import Counter
from pathlib import Path

import dagster as dg
import pytest

from analytics_pipeline.samples.run_logs import RunLogError, convert
from analytics_pipeline_tests.samples.declared import reason_of

SAMPLE = Path(__file__).parents[2] / "samples" / "landing" / "runs" / "run_logs.jsonl"


@dg.op
def count_lines(context: dg.OpExecutionContext) -> int:
    context.log.warning(f"Counting in {context.instance.root_directory}/landing")
    return 3


@dg.op
def divide(context: dg.OpExecutionContext, lines: int) -> float:
    context.log.info("Dividing\nby nothing")
    return lines / 0


@dg.job
def counting() -> None:
    count_lines()


@dg.job
def failing() -> None:
    divide(count_lines())


@pytest.fixture
def dagster_home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").touch()
    return home


def run(home: Path, *jobs: dg.JobDefinition) -> list[str]:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return [
            job.execute_in_process(instance=instance, raise_on_error=False).run_id for job in jobs
        ]


def test_every_entry_of_every_run_becomes_a_log_entry(dagster_home: Path, tmp_path: Path) -> None:
    run_ids = run(dagster_home, counting, failing)
    destination = tmp_path / "logs" / "run_logs.jsonl"
    count = convert(dagster_home, destination)
    lines = destination.read_bytes().splitlines()
    assert len(lines) == count
    assert {reason_of(line) for line in lines} == {None}
    events = [json.loads(line) for line in lines]
    with dg.DagsterInstance.from_config(str(dagster_home)) as instance:
        expected = {run_id: len(instance.all_logs(run_id)) for run_id in run_ids}
    assert Counter(event["run_id"] for event in events) == expected
    assert len({event["event_id"] for event in events}) == count
    for run_id in run_ids:
        moments = [event["timestamp"] for event in events if event["run_id"] == run_id]
        assert moments == sorted(moments)

    levels = Counter(event["level"] for event in events)
    assert levels["WARNING"] == 2
    assert levels["ERROR"] == 2
    (dividing,) = [event for event in events if event["message"] == "Dividing\nby nothing"]
    assert (dividing["level"], dividing["component"]) == ("INFO", "divide")
    (failure,) = [event for event in events if "error" in event]
    assert failure["dagster_event_type"] == "STEP_FAILURE"
    assert failure["error"] == "ZeroDivisionError: division by zero"


def test_paths_of_the_machine_are_left_out(dagster_home: Path, tmp_path: Path) -> None:
    run(dagster_home, counting)
    convert(dagster_home, tmp_path / "run_logs.jsonl")
    text = (tmp_path / "run_logs.jsonl").read_text()
    assert str(dagster_home) not in text
    assert "Counting in $DAGSTER_HOME/landing" in text


def test_converting_again_gives_the_same_and_new_runs_are_added(
    dagster_home: Path, tmp_path: Path
) -> None:
    run(dagster_home, counting)
    convert(dagster_home, tmp_path / "first.jsonl")
    convert(dagster_home, tmp_path / "second.jsonl")
    first = (tmp_path / "first.jsonl").read_text()
    assert (tmp_path / "second.jsonl").read_text() == first
    run(dagster_home, counting)
    convert(dagster_home, tmp_path / "third.jsonl")
    assert (tmp_path / "third.jsonl").read_text().startswith(first)
    assert (tmp_path / "third.jsonl").read_text().count("\n") == 2 * first.count("\n")


def test_what_is_no_dagster_home_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunLogError, match=r"dagster\.yaml"):
        convert(tmp_path, tmp_path / "run_logs.jsonl")
    assert not any(tmp_path.iterdir())


def test_an_instance_without_runs_is_named(dagster_home: Path, tmp_path: Path) -> None:
    with pytest.raises(RunLogError, match="no run"):
        convert(dagster_home, tmp_path / "run_logs.jsonl")
    assert not (tmp_path / "run_logs.jsonl").exists()


def test_the_bundled_log_is_whole() -> None:
    lines = SAMPLE.read_bytes().splitlines()
    assert lines
    assert {reason_of(line) for line in lines} == {None}
    events = [json.loads(line) for line in lines]
    assert len({event["event_id"] for event in events}) == len(events)
    assert {event["event_type"] for event in events} == {"log_entry"}
