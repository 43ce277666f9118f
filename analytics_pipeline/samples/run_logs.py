"""Turns the event log of real Dagster runs into log_entry events.

``python -m analytics_pipeline.samples.run_logs --dagster-home DIR OUT.jsonl``
"""

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import typer

from analytics_pipeline.errors import PipelineError


class RunLogError(PipelineError):
    """There are no run logs where they were looked for; the message says what to do."""


def _machine_paths(dagster_home: str) -> dict[str, str]:
    """Paths that would tell whose machine it was, the longest first, and what stands for them."""
    names = {
        dagster_home: "$DAGSTER_HOME",
        str(Path.cwd()): "$PROJECT",
        str(Path.home()): "$HOME",
        tempfile.gettempdir(): "$TMP",
    }
    return {path: names[path] for path in sorted(names, key=len, reverse=True) if len(path) > 1}


def _replace(text: str, replaced: Mapping[str, str]) -> str:
    for part, substitute in replaced.items():
        text = text.replace(part, substitute)
    return text


def _error(entry: dg.EventLogEntry) -> str:
    """What was raised where a step failed, without its stack."""
    event = entry.dagster_event
    failure = event.step_failure_data if event and event.is_step_failure else None
    if failure is None or failure.error is None:
        return ""
    return (failure.error.cause or failure.error).message.strip()


def log_entries(
    instance: dg.DagsterInstance, replaced: Mapping[str, str] | None = None
) -> Iterator[dict[str, Any]]:
    """Every entry of the event log of every run of an instance, as log_entry events.

    Runs come in the order of their creation, entries in that of their time. ``component`` is the
    step, or the job outside of steps; ``run_id``, ``dagster_event_type`` and, for a failed step,
    ``error`` are kept as extra fields. An entry's position in its run makes its ``event_id``, so
    that a log that is converted again brings nothing twice. Texts of ``replaced`` are put in the
    place of others in messages and errors.
    """
    for run in instance.get_runs(ascending=True):
        for position, entry in enumerate(instance.all_logs(run.run_id), 1):
            event_type = entry.dagster_event_type
            moment = datetime.fromtimestamp(entry.timestamp, UTC)
            event = {
                "event_id": f"{run.run_id}-{position:06}",
                "event_type": "log_entry",
                "timestamp": moment.isoformat(timespec="microseconds"),
                "level": logging.getLevelName(entry.level),
                "message": _replace(entry.message, replaced or {}),
                "component": entry.step_key or entry.job_name,
                "run_id": run.run_id,
                "dagster_event_type": event_type.value if event_type else None,
                "error": _replace(_error(entry), replaced or {}) or None,
            }
            yield {name: value for name, value in event.items() if value is not None}


def convert(dagster_home: Path, destination: Path) -> int:
    """Write the logs of all runs of the instance in a Dagster home as newline-delimited JSON.

    Paths of this machine in messages become $DAGSTER_HOME, $PROJECT (the working directory),
    $HOME and $TMP. Returns the number of events. Raises RunLogError where the folder is no
    Dagster home or no run was logged in it.
    """
    if not (dagster_home / "dagster.yaml").is_file():
        raise RunLogError(
            f"{dagster_home} holds no dagster.yaml: give the folder that DAGSTER_HOME names."
        )
    home = dagster_home.resolve()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        lines = [json.dumps(event) for event in log_entries(instance, _machine_paths(str(home)))]
    if not lines:
        raise RunLogError(
            f"The Dagster instance in {dagster_home} has logged no run yet: run the pipeline first."
        )
    destination.parent.mkdir(parents=True, exist_ok=True)
    unfinished = destination.with_name(destination.name + ".part")
    unfinished.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    unfinished.replace(destination)
    return len(lines)


def main(
    destination: Annotated[Path, typer.Argument(help="The .jsonl file to write.")],
    dagster_home: Annotated[Path, typer.Option(help="The folder that DAGSTER_HOME names.")],
) -> None:
    """Convert the logs of a Dagster instance's runs into log_entry events."""
    try:
        events = convert(dagster_home, destination)
    except RunLogError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{events} events written to {destination}")


if __name__ == "__main__":
    typer.run(main)
