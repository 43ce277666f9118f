"""The samples of aicache and of CI/CD systems, from the landing zone to validated events."""

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics_pipeline.ingestion.formats import catalog
from analytics_pipeline.ingestion.formats.behavioral import BEHAVIORAL
from analytics_pipeline.ingestion.formats.github import GITHUB
from analytics_pipeline.ingestion.formats.gitlab import GITLAB
from analytics_pipeline.ingestion.formats.toon import TOON
from analytics_pipeline_tests.ingestion.formats.reading_samples import FORMATS, json_objects
from analytics_pipeline_tests.ingestion.formats.test_behavioral import rows
from analytics_pipeline_tests.workspace import Workspace


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    others = tuple(
        each for each in (TOON, BEHAVIORAL, GITHUB, GITLAB) if each not in catalog.FORMATS
    )
    monkeypatch.setattr(catalog, "FORMATS", (*catalog.FORMATS, *others))


def of_files(folder: str, *names: str) -> list[dict[str, Any]]:
    return [record for name in names for record in json_objects(FORMATS / folder / name)]


def test_toon_operations(workspace: Workspace) -> None:
    full = of_files("toon", "operations.jsonl", "operations.json")
    with (FORMATS / "toon" / "export.csv").open(newline="", encoding="utf-8") as file:
        exported = list(csv.DictReader(file))
    workspace.drop("full.jsonl", full)
    workspace.drop("compact.jsonl", [*of_files("toon", "compact.json"), *exported])
    workspace.ingest()
    assert workspace.quarantine().empty, workspace.quarantine().message.tolist()
    events = workspace.events()
    queries = events[events.event_type == "cache_query"]
    failed = events[events.event_type == "failed_query"]
    kinds = pd.Series(
        [each["operation_type"] for each in full]
        + [each["op"] for each in (*of_files("toon", "compact.json"), *exported)]
    ).value_counts()
    assert len(failed) == kinds["cache_error"] > 0
    assert len(queries) == kinds.sum() - kinds["cache_error"]
    assert queries.cache_hit.sum() == kinds.filter(like="_hit").sum()
    assert queries.cost_saved.sum() == pytest.approx(
        sum(each["tokens"]["costs"]["saved"] for each in full)
        + sum(each["cost_saved"] for each in of_files("toon", "compact.json"))
        + sum(float(each["cost_saved"]) for each in exported)
    )
    assert queries[queries.cache_hit.astype(bool)].cost.dropna().eq(0).all()


def test_rows_of_behavioral_db_and_of_a_grown_copy(workspace: Workspace) -> None:
    read = rows()
    workspace.drop("one.jsonl", read[:40])
    workspace.drop("grown/one.jsonl", read)
    other_machine = [row | {"session_id": "other"} for row in read[:5]]
    workspace.drop("two.jsonl", other_machine)
    workspace.ingest()
    assert workspace.quarantine().empty, workspace.quarantine().message.tolist()
    events = workspace.events()
    assert len(events) == len(read) + len(other_machine)
    times = sorted(pd.Timestamp(row["timestamp"], unit="s") for row in (*read, *other_machine))
    assert all(
        abs(one - other) < pd.Timedelta("2us")
        for one, other in zip(sorted(events.timestamp), times, strict=True)
    )
    assert events.cache_hit.sum() == sum(row["cache_hit"] for row in (*read, *other_machine))


def test_builds_jobs_and_deployments(workspace: Workspace) -> None:
    files = [
        path
        for folder in ("github", "gitlab")
        for path in sorted((FORMATS / folder).iterdir())
        if path.suffix != ".md"
    ]
    for path in files:
        workspace.drop(f"{path.parent.name}/{path.stem}.jsonl", json_objects(path))
    workspace.ingest()
    refused = workspace.quarantine()
    assert refused[["path", "line_number", "reason"]].to_numpy().tolist() == [
        ["gitlab/deployments.jsonl", 3, "missing_field"]
    ], refused.message.tolist()
    accounts = workspace.accounts()
    assert accounts.lines.sum() == sum(records_in(path) for path in files)
    events = workspace.events()
    assert set(events.event_type) == {"build", "build_job", "deployment"}
    assert events.repository.notna().all()
    # The payloads of GitHub repeat ids on other dates: they were edited before they were published.
    assert not events.duplicated(["event_date", "event_id"]).any()
    job = events[events.event_id.str.endswith("/jobs/4895218#success")].iloc[0]
    assert job.repository == "utils/rust-gitlab"
    assert job.finished_at == pd.Timestamp("2020-04-13T04:20:45.271")
    deployed = events[events.event_id.str.endswith("/deployments/77#failed")].iloc[0]
    assert deployed.timestamp == deployed.finished_at == pd.Timestamp("2026-11-10T09:05:30")
    started = events[events.event_id.str.endswith("/jobs/1301#running")].iloc[0]
    assert started.started_at == pd.Timestamp("2026-11-10T09:01:30")


def records_in(path: Path) -> int:
    return sum(
        len(document.get("workflow_runs", document.get("jobs", [None])))
        if "total_count" in document
        else 1
        for document in json_objects(path)
    )
