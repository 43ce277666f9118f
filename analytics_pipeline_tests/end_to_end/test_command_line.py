"""The command line as its user runs it, and its numbers against an independent computation."""

import gzip
import json
import os
import re
import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics_pipeline_tests.alerting.notifying.receivers import mailbox
from analytics_pipeline_tests.dagster_server import ROOT
from analytics_pipeline_tests.documentation.alert_examples import (
    ADD_A_RULE,
    EACH_KIND,
    FIRST_ALERT,
    section,
)
from analytics_pipeline_tests.workspace import query_event

LAST = date(2026, 11, 20)
SAMPLE = ROOT / "samples" / "landing"
# The days of the sample are long over.
ALERTING = {"AICACHE_ALERTING__NOTIFY_DAYS": "100000"}
COUNTS = ("lines", "validated", "duplicate", "quarantined", "blank")


def command_line(
    *arguments: object, folder: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("aicache-analytics"), *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=folder,
        env={**os.environ, "AICACHE_INGESTION__SETTLE_SECONDS": "0", **environment},
    )  # fmt: skip


def printed_json(completed: subprocess.CompletedProcess[str]) -> Any:
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)


def figures_of(lake: Path, day: str, mart: str) -> dict[str, Any]:
    """The figures that the report of a day states of a mart."""
    file = lake / "reports" / f"event_date={day}" / "report.json"
    sections = json.loads(file.read_text())["sections"].values()
    (figures,) = (blocks[mart]["figures"] for blocks in sections if mart in blocks)
    return {name: figure["value"] for name, figure in figures.items()}


@pytest.fixture(scope="module")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The main job on the bundled sample: the lake, and the summary that was printed.

    Beside the lake lies the alerts.yml of docs/alerts.md, where a message waits for no other.
    """
    lake = tmp_path_factory.mktemp("sample") / "lake"
    (lake.parent / "alerts.yml").write_text(
        f"{FIRST_ALERT}{ADD_A_RULE}defaults: {{group_wait: 0s}}\n"
    )
    done = command_line(
        "run", "--landing", SAMPLE, "--lake", lake, "--json", folder=lake.parent, **ALERTING
    )
    return lake, printed_json(done)


def raw_lines() -> pd.DataFrame:
    """Every line of the sample, read by Python and pandas alone."""
    records = []
    for file in sorted(SAMPLE.rglob("*.jsonl*")):
        content = file.read_bytes()
        text = gzip.decompress(content) if file.suffix == ".gz" else content
        records += [
            {"path": file.relative_to(SAMPLE).as_posix(), **json.loads(line)}
            for line in text.decode().splitlines()
        ]
    frame = pd.DataFrame.from_records(records)
    frame["event_date"] = pd.to_datetime(frame.timestamp, utc=True, format="ISO8601").dt.date
    return frame


def test_the_sample_is_accounted_for_line_by_line(
    sample_run: tuple[Path, dict[str, Any]],
) -> None:
    lines = raw_lines().groupby("path").size()
    files = {file["path"]: [file[name] for name in COUNTS] for file in sample_run[1]["files"]}
    assert files == {path: [count, count, 0, 0, 0] for path, count in lines.items()}


def test_the_numbers_of_the_reports_equal_a_computation_from_the_raw_files(
    sample_run: tuple[Path, dict[str, Any]],
) -> None:
    lake, summary = sample_run
    raw = raw_lines()
    assert summary["updated_dates"] == [str(day) for day in sorted(set(raw.event_date))]
    for day, events in raw.groupby("event_date"):
        cache = figures_of(lake, str(day), "daily_cache_metrics")
        system = figures_of(lake, str(day), "daily_system_metrics")
        queries = events[events.event_type == "cache_query"]
        if queries.empty:
            assert cache["total_queries"] is None
        else:
            hits = queries.cache_hit.astype(bool)
            assert cache["total_queries"] == len(queries)
            assert cache["cache_hits"] == hits.sum()
            assert cache["hit_rate"] == pytest.approx(hits.mean(), rel=1e-12)
            assert cache["p95_response_time"] is None, "the trace has no response time"
        metrics = events[events.event_type == "system_metric"]
        for name in ("cpu_usage", "memory_usage", "disk_usage"):
            values = metrics[metrics.metric_name == name].value.astype(float)
            for figure, computed in {
                "average": values.mean(), "p95": values.quantile(0.95), "max": values.max(),
            }.items():  # fmt: skip
                stored = system[f"{name}_{figure}"]
                if values.empty:
                    assert stored is None
                else:
                    assert stored == pytest.approx(computed, rel=1e-12)


def test_a_second_run_does_nothing_and_says_so(sample_run: tuple[Path, dict[str, Any]]) -> None:
    lake, _ = sample_run
    before = {file: file.stat().st_mtime_ns for file in lake.glob("[!_]*/**/*.*")}
    again = command_line("run", "--landing", SAMPLE, "--lake", lake)
    assert again.returncode == 0
    assert again.stdout.startswith("Nothing new")
    assert {file: file.stat().st_mtime_ns for file in lake.glob("[!_]*/**/*.*")} == before


def test_the_first_alert_of_the_documentation_is_told(
    sample_run: tuple[Path, dict[str, Any]],
) -> None:
    lake, _ = sample_run

    with mailbox() as box:
        environment = {**ALERTING, "TEAM_URL": box.url("team@example.org")}

        def alerts(*arguments: str) -> subprocess.CompletedProcess[str]:
            return command_line("alerts", *arguments, folder=lake.parent, **environment)

        assert alerts("test").stdout == "ok    team, TEAM_URL: E-Mail at 127.0.0.1\n"
        told = alerts("deliver", "--lake", str(lake))
        assert "3 runs ended" in told.stdout and "3 sent" in told.stdout, told.stderr
        listed = printed_json(alerts("list", "--lake", str(lake), "--json"))
        found = {each["source"]["rule"]: each for each in listed}
        assert {rule: each["labels"] for rule, each in found.items()} == {
            "hit_rate": {}, "cpu_busy": {"host": "recorder"},
        }  # fmt: skip
        first = found["hit_rate"]["id"]
        assert alerts("ack", first[:8], "--lake", str(lake)).stdout == f"Acknowledged: {first}\n"
        shown = alerts("show", first, "--lake", str(lake)).stdout
        assert "status         acknowledged" in shown and "daily_repeated_misses" in shown

    assert {recipient for recipient, _ in box.accepted} == {"team@example.org"}
    test, *messages = [message for _, message in box.accepted]
    assert test["Subject"] == "[TEST] aicache-analytics reaches team"
    texts = {
        message["Subject"].split()[1]: message.get_body().get_content() for message in messages
    }
    # The first day of the sample ends before midnight, the second one does not: that is over.
    assert texts.keys() == {"hit_rate", "cpu_busy", "freshness"}
    assert "[RESOLVED] freshness" in texts["freshness"]
    assert "38.7%" in texts["hit_rate"] and "docs/alert-rules.md#rule-hit_rate" in texts["hit_rate"]
    assert "40.3%" in texts["cpu_busy"]


def test_a_rule_is_tried_on_the_days_that_are_there(
    sample_run: tuple[Path, dict[str, Any]],
) -> None:
    lake, _ = sample_run
    tried = command_line(
        "alerts", "evaluate", "cpu_busy", "--lake", lake, "--json", folder=lake.parent
    )
    [outcome] = printed_json(tried)
    assert (outcome["event_date"], outcome["passed"]) == ("2026-11-24", False)
    assert outcome["message"] in section("Add a rule")
    unknown = command_line("alerts", "evaluate", "cpu_bus", "--lake", lake, folder=lake.parent)
    assert unknown.returncode == 2
    assert "no active rule cpu_bus to evaluate; did you mean 'cpu_busy'?" in unknown.stderr


def test_the_documented_rules_find_on_the_sample_what_the_page_says(
    sample_run: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "alerts.yml").write_text(EACH_KIND)
    names = re.findall(r"- name: (\w+)\n    kind: (?!failed_run)", EACH_KIND)
    tried = command_line(
        "alerts", "evaluate", *names, "--from", "2026-11-10", "--to", "2026-11-24",
        "--lake", sample_run[0], "--json", folder=tmp_path,
    )  # fmt: skip
    violated = {each["name"] for each in printed_json(tried) if each["passed"] is False}
    told = section("A rule of each kind").partition("On the sample, ")[2].partition(" find ")[0]
    assert set(re.findall(r"`(\w+)`", told)) == violated
    assert violated


def test_a_run_says_how_to_open_the_ui_on_its_lake(
    sample_run: tuple[Path, dict[str, Any]],
) -> None:
    lake, summary = sample_run
    words = shlex.split(summary["ui"])
    assert f"DAGSTER_HOME={lake / '_dagster'}" in words
    assert f"AICACHE_LAKE={lake}" in words
    assert words[-4:] == ["dagster", "dev", "-m", "analytics_pipeline.definitions"]


@pytest.mark.parametrize("home", ["", "home"])
def test_dagster_home_may_be_empty_or_relative(tmp_path: Path, home: str) -> None:
    (tmp_path / "landing").mkdir()
    done = command_line(
        "run", "--landing", tmp_path / "landing", "--lake", tmp_path / "lake",
        folder=tmp_path, DAGSTER_HOME=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = tmp_path / (home or "lake/_dagster")
    assert (expected / "dagster.yaml").exists()


def test_what_the_command_line_did_stands_in_the_dagster_instance(
    sample_run: tuple[Path, dict[str, Any]],
) -> None:
    import dagster as dg

    with dg.DagsterInstance.from_config(str(sample_run[0] / "_dagster")) as instance:
        runs = instance.get_runs()
        assert sorted(run.job_name for run in runs) == ["daily_update", "daily_update", "intake"]
        partitions = instance.get_materialized_partitions(dg.AssetKey("daily_report"))
        assert partitions == set(sample_run[1]["updated_dates"])


def test_the_other_commands_on_the_sample(
    sample_run: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    lake, _ = sample_run
    export = tmp_path / "metrics.csv"
    exported = printed_json(
        command_line("export", "daily_cache_metrics", export, "--lake", lake, "--json")
    )
    assert exported["rows"] == len(pd.read_csv(export)) == 2
    assert command_line("export", "no_such_table", export, "--lake", lake).returncode == 2
    workbook = tmp_path / "metrics.xlsx"
    command_line("export", "daily_cache_metrics", workbook, "--lake", lake)
    assert len(pd.read_excel(workbook)) == 2
    assert printed_json(command_line("quarantine", "list", "--lake", lake, "--json")) == []
    findings = printed_json(command_line("doctor", "--landing", SAMPLE, "--lake", lake, "--json"))
    assert all(finding["passed"] for finding in findings)


def test_a_report_is_rendered_in_the_formats_and_for_the_readers_that_were_asked_for(
    sample_run: tuple[Path, dict[str, Any]],
) -> None:
    lake, _ = sample_run
    report = ("report", "--date", "2026-11-10", "--lake", lake)
    rendered = printed_json(command_line(*report, "--json"))["reports"]
    assert [each["view"] for each in rendered] == ["engineer", "executive"]
    assert set(rendered[0]["files"]) == {"html", "json", "csv"}
    assert Path(rendered[0]["files"]["html"]).read_text().startswith("<!DOCTYPE html>")
    asked = ("--view", "executive", "--format", "pdf", "--format", "xlsx")
    pdf, workbook = map(Path, command_line(*report, *asked).stdout.split())
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert workbook.read_bytes().startswith(b"PK")
    manifest = json.loads((workbook.parent / "manifest.json").read_text())
    assert manifest["reports"]["executive"]["content_sha256"] == rendered[1]["content_sha256"]


@pytest.mark.usefixtures("few_data_tests")
def test_generated_events_are_taken_as_their_truth_file_says(tmp_path: Path) -> None:
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    arguments = ["--events", 4000, "--days", 2, "--end", LAST, "--seed", 4]
    printed_json(command_line("generate", landing, *arguments, "--json"))
    truth = json.loads((landing / "_truth.json").read_text())
    summary = printed_json(command_line("run", "--landing", landing, "--lake", lake, "--json"))
    totals = {name: sum(file[name] for file in summary["files"]) for name in COUNTS}
    bad = sum(truth["bad_lines_by_reason"].values())
    assert totals["quarantined"] == bad > 0
    assert totals["validated"] == truth["events"] == 4000
    assert totals["lines"] == sum(totals[name] for name in COUNTS[1:])
    refused = printed_json(command_line("quarantine", "list", "--lake", lake, "--json"))
    reasons = pd.DataFrame(refused).groupby("reason")["lines"].sum().to_dict()
    assert reasons == {reason: n for reason, n in truth["bad_lines_by_reason"].items() if n}
    shown = command_line("quarantine", "show", "--lake", lake, "--limit", "5")
    assert shown.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "message"),
    [
        (["run", "--landing", "/nowhere/at/all"], {}, 1, "/nowhere/at/all is not a folder"),
        (["run"], {"AICACHE_THRESHOLDS__HIT_RATE_MIN": "70"}, 2, "thresholds.hit_rate_min"),
        (["run"], {"AICACHE_CONFIG": "/nowhere.toml"}, 2, "AICACHE_CONFIG names /nowhere.toml"),
        (["run", "--landing"], {}, 2, "--landing"),
        (["report", "--date", "tomorrow"], {}, 2, "tomorrow"),
        (["report", "--date", "2026-11-10", "--view", "team"], {}, 2, "--team NAME"),
        (["report", "--date", "2026-11-10", "--view", "engineer", "--team", "x"], {}, 2, "--team"),
        (["report", "--date", "2026-11-10", "--format", "docx"], {}, 2, "docx"),
        (["backfill", "--from", "2026-11-02", "--to", "2026-11-01"], {}, 2, "lies after"),
        (["backfill", "--from", "1970-01-01", "--to", "1970-01-02"], {}, 2, "first_event_date"),
        (["backfill", "--from", "2026-11-02"], {}, 2, "--to"),
        (["no-such-command"], {}, 2, "no-such-command"),
    ],
)
def test_wrong_usage_and_configuration_are_named_without_a_traceback(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], code: int, message: str
) -> None:
    completed = command_line(*arguments, AICACHE_LAKE=str(tmp_path / "lake"), **environment)
    assert completed.returncode == code, completed.stdout + completed.stderr
    assert message in completed.stderr
    assert "Traceback" not in completed.stderr


@pytest.mark.usefixtures("few_data_tests")
def test_a_file_that_cannot_be_read_fails_the_run_after_the_others_were_taken(
    tmp_path: Path,
) -> None:
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    landing.mkdir()
    (landing / "good.jsonl").write_text(json.dumps(query_event()) + "\n")
    (landing / "lasting.jsonl").symlink_to("lasting.jsonl")
    completed = command_line("run", "--landing", landing, "--lake", lake, "--json")
    summary = json.loads(completed.stdout)
    assert completed.returncode == 1
    assert [file["path"] for file in summary["files"]] == ["good.jsonl"]
    assert "lasting.jsonl" in summary["refused"]
    assert summary["updated_dates"] == ["2026-11-10"]


@pytest.mark.parametrize(
    "command",
    [
        ["run"], ["backfill"], ["report"], ["export"], ["generate"], ["doctor"], ["metrics"],
        ["quarantine", "list"], ["quarantine", "show"], ["publish"], ["query"],
    ],
)  # fmt: skip
def test_every_command_explains_itself_with_an_example(command: list[str]) -> None:
    completed = command_line(*command, "--help")
    assert completed.returncode == 0
    assert f"Example: aicache-analytics {' '.join(command)}" in completed.stdout
