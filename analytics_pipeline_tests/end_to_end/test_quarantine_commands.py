"""The quarantine as people work in it: from a refused line to an event in the report."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from analytics_pipeline_tests.end_to_end.test_command_line import (
    command_line,
    figures_of,
    printed_json,
)
from analytics_pipeline_tests.workspace import query_event

LINES = [
    query_event(user_id="a"),
    query_event(user_id="b", cache_hit="?"),
    query_event(user_id="c", timestamp="noon"),
]
KILLED = """
import os, signal, sys
from analytics_pipeline.ingestion import release_log
def deadly(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
release_log.ReleaseLog.complete = deadly
sys.argv[0] = "aicache-analytics"
from analytics_pipeline.cli import main
main()
"""

pytestmark = pytest.mark.usefixtures("few_data_tests")


@pytest.fixture(scope="module")
def landing_and_lake(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A landing zone whose file was taken, and its lake; the tests follow on each other."""
    folder = tmp_path_factory.mktemp("quarantine")
    (folder / "landing" / "app").mkdir(parents=True)
    file = folder / "landing" / "app" / "a.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in LINES) + "{\n")
    landing, lake = folder / "landing", folder / "lake"
    printed_json(command_line("run", "--landing", landing, "--lake", lake, "--json"))
    return landing, lake


def quarantine(lake: Path, command: str, *arguments: object) -> Any:
    return printed_json(command_line("quarantine", command, *arguments, "--lake", lake, "--json"))


def test_the_ui_shows_the_reasons_and_the_commands(landing_and_lake: tuple[Path, Path]) -> None:
    with dg.DagsterInstance.from_config(str(landing_and_lake[1] / "_dagster")) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("quarantined_lines"))
        assert event is not None and event.asset_materialization is not None
        metadata = event.asset_materialization.metadata
    reasons = {
        record.data["reason"]: record.data["lines"] for record in metadata["reasons"].records
    }
    assert reasons == {"bad_type": 1, "bad_timestamp": 1, "not_json": 1}
    assert "quarantine release --date 2026-11-10" in metadata["what to do"].value


def test_the_list_has_totals_and_filters(landing_and_lake: tuple[Path, Path]) -> None:
    lake = landing_and_lake[1]
    printed = command_line("quarantine", "list", "--lake", lake).stdout
    assert printed.split()[-3:] == ["all", "reasons", "3"]
    [bad_type] = quarantine(lake, "list", "--reason", "bad_type")
    assert (bad_type["source"], bad_type["path"], bad_type["lines"]) == ("app", "app/a.jsonl", 1)
    assert len(quarantine(lake, "list", "--path", "app/*", "--date", "2026-11-10")) == 3
    assert quarantine(lake, "list", "--from", "2026-11-11") == []
    none = command_line("quarantine", "list", "--path", "b*", "--lake", lake)
    assert none.stdout.strip() == "No such line is in quarantine."
    [shown] = quarantine(lake, "show", "--reason", "not_json", "--to", "2026-11-10")
    assert shown["line"] == "{"


def test_a_patched_line_is_released_and_stands_in_the_report(
    landing_and_lake: tuple[Path, Path],
) -> None:
    lake = landing_and_lake[1]
    arguments = ["--reason", "bad_type", "--patch", '{"cache_hit": false}', "--by", "ada"]
    rehearsed = quarantine(lake, "release", *arguments, "--dry-run")
    assert (rehearsed["released"], rehearsed["updated"]) == (1, [])
    assert figures_of(lake, "2026-11-10", "daily_cache_metrics")["total_queries"] == 1
    done = quarantine(lake, "release", *arguments)
    assert done["updated"] == [["2026-11-10", "2026-11-10"]]
    assert figures_of(lake, "2026-11-10", "daily_cache_metrics")["total_queries"] == 2
    [correction] = quarantine(lake, "corrections")
    assert (correction["line_number"], correction["corrected_by"]) == (2, "ada")
    assert quarantine(lake, "release", *arguments)["released"] == 0


def test_an_edited_export_is_released_by_the_next_run_even_if_killed(
    landing_and_lake: tuple[Path, Path], tmp_path: Path
) -> None:
    landing, lake = landing_and_lake
    file = tmp_path / "lines.jsonl"
    assert quarantine(lake, "export", file, "--path", "app/a.jsonl")["lines"] == 2
    file.write_text(file.read_text().replace("noon", "2026-11-12T12:00:00Z"))
    release = ["quarantine", "release", "--fix", str(file), "--no-update", "--lake", str(lake)]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *release], capture_output=True, check=False
    )
    assert killed.returncode == -9, killed.stderr
    summary = printed_json(command_line("run", "--landing", landing, "--lake", lake, "--json"))
    assert set(summary["updated_dates"]) >= {"2026-11-10", "2026-11-12"}
    assert figures_of(lake, "2026-11-12", "daily_cache_metrics")["total_queries"] == 1
    again = command_line(*release)
    assert again.returncode == 0, again.stderr
    assert "0 of 1 lines released" in again.stdout
    assert "Left out: 1 (no longer in quarantine, or not selected)" in again.stdout
    [left] = quarantine(lake, "list")
    assert left["reason"] == "not_json"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["list", "--reason", "odd"], 2, "There is no reason odd"),
        (["list", "--date", "2026-11-10", "--from", "2026-11-10"], 2, "--date means one day"),
        (["show", "--from", "2026-11-12", "--to", "2026-11-10"], 2, "lies after"),
        (["release", "--patch", "[1]"], 2, "neither a JSON object nor a file"),
        (["release", "--patch", "{}", "--fix", "x"], 2, "either --fix or --patch"),
        (["release", "--fix", "/nowhere.jsonl"], 1, "/nowhere.jsonl is not a file"),
        (["export", "/nowhere/lines.jsonl"], 1, "does not exist"),
        (["export"], 2, "Missing argument"),
    ],
)
def test_wrong_usage_is_named(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    completed = command_line("quarantine", *arguments, AICACHE_LAKE=str(tmp_path / "lake"))
    assert completed.returncode == code, completed.stdout + completed.stderr
    assert message in " ".join(completed.stderr.split())
    assert "Traceback" not in completed.stderr


@pytest.mark.parametrize("command", ["list", "show", "export", "release", "corrections"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    completed = command_line("quarantine", command, "--help")
    assert completed.returncode == 0
    assert f"Example: aicache-analytics quarantine {command}" in completed.stdout
