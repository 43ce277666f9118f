"""GitHub: each event against a reading of the same sample in plain Python."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from analytics_pipeline.ingestion.formats.github import GITHUB, HOLDERS
from analytics_pipeline.ingestion.formats.gitlab import GITLAB
from analytics_pipeline_tests.ingestion.formats.mapping import Mapped, mapped
from analytics_pipeline_tests.ingestion.formats.reading_samples import (
    FORMATS,
    json_objects,
    present,
)
from analytics_pipeline_tests.ingestion.formats.splitting import records_of

SAMPLES = FORMATS / "github"
API = "https://api.github.com/repos/"
FILES = ("webhooks.jsonl", "workflow_runs.json", "workflow_jobs.json", "deployments.json",
         "deployment_statuses.json")  # fmt: skip
RUN = {
    "id": 30433642, "name": "Build", "head_sha": "acb5820ced9479c074f688cc328bf03f341a511d",
    "run_number": 562, "status": "in_progress", "conclusion": None, "run_attempt": 2,
    "url": f"{API}octo/hello/actions/runs/30433642", "created_at": "2026-11-10T09:00:00Z",
    "run_started_at": "2026-11-10T10:00:00Z", "updated_at": "2026-11-10T10:05:00Z",
}  # fmt: skip


def documents(name: str) -> list[dict[str, Any]]:
    return list(json_objects(SAMPLES / name))


def events(*found: dict[str, Any]) -> list[Mapped]:
    return mapped(GITHUB, records_of(GITHUB, [json.dumps(each) for each in found]))


def repository_of(url: str) -> str:
    return "/".join(url.removeprefix(API).split("/")[:2])


def expected(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "workflow_runs" in document:
        yield from (expected_run(run, {}) for run in document["workflow_runs"])
    elif "jobs" in document:
        yield from (expected_job(job) for job in document["jobs"])
    elif "workflow_job" in document:
        yield expected_job(document["workflow_job"])
    elif "deployment_status" in document:
        yield expected_status(document["deployment_status"], document)
    elif "deployment" in document:
        yield expected_deployment(document["deployment"])
    elif "workflow_run" in document:
        yield expected_run(document["workflow_run"], document)
    elif "deployment_url" in document:
        yield expected_status(document, {})
    else:
        yield expected_deployment(document)


def expected_run(run: dict[str, Any], payload: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    state = run["conclusion"] or run["status"]
    return "build", present(
        {
            "event_id": f"{run['url']}#{run['run_attempt']}-{state}",
            "timestamp": run["run_started_at"], "started_at": run["run_started_at"],
            "repository": run["repository"]["full_name"],
            "pipeline": run["name"] or (payload.get("workflow") or {}).get("name") or run["path"],
            "commit": run["head_sha"], "status": state,
            "finished_at": run["updated_at"] if run["status"] == "completed" else None,
        }
    )  # fmt: skip


def expected_job(job: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    state = job["conclusion"] or job["status"]
    return "build_job", present(
        {
            "event_id": f"{job['url']}#{state}", "timestamp": job["started_at"],
            "started_at": job["started_at"], "finished_at": job["completed_at"],
            "repository": repository_of(job["url"]), "pipeline": job.get("workflow_name"),
            "job": job["name"], "commit": job["head_sha"], "status": state,
        }
    )  # fmt: skip


def expected_deployment(deployment: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "deployment", {
        "event_id": f"{deployment['url']}#created", "timestamp": deployment["created_at"],
        "started_at": deployment["created_at"], "repository": repository_of(deployment["url"]),
        "commit": deployment["sha"], "environment": deployment["environment"],
        "status": "created",
    }  # fmt: skip


def expected_status(status: dict[str, Any], payload: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    deployment = payload.get("deployment", {})
    done = status["state"] in ("success", "failure", "error")
    return "deployment", present(
        {
            "event_id": f"{status['url']}#{status['state']}", "timestamp": status["created_at"],
            "repository": repository_of(status["url"]), "commit": deployment.get("sha"),
            "pipeline": (payload.get("workflow_run") or {}).get("name"),
            "status": status["state"], "environment": status["environment"],
            "started_at": deployment.get("created_at"),
            "finished_at": status["created_at"] if done else None,
        }
    )  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_each_record_is_the_event_that_it_says(name: str) -> None:
    read = documents(name)
    found = events(*read)
    assert [(each.event_type, each.fields) for each in found] == [
        event for document in read for event in expected(document)
    ]
    assert found
    assert GITHUB.recognizes and GITLAB.recognizes
    for document in read:
        assert GITHUB.recognizes(document)
        assert not GITHUB.recognizes(document | {"event_type": "build"})
        assert not GITLAB.recognizes(document)


def test_who_did_it_and_why_and_how_long_it_waited_is_kept() -> None:
    [payload] = [each for each in documents("webhooks.jsonl") if "workflow_run" in each][1:2]
    left = json.loads(events(payload)[0].unmapped or "")
    run = payload["workflow_run"]
    assert left["sender"] == payload["sender"]
    for key in ("actor", "triggering_actor", "event", "created_at", "head_commit", "run_number"):
        assert left["workflow_run"][key] == run[key]
    assert "head_sha" not in left["workflow_run"]


def test_states_and_attempts_of_a_run_are_events_of_their_own_and_deliveries_are_not() -> None:
    done = RUN | {"status": "completed", "conclusion": "success"}
    first_try = done | {"run_attempt": 1, "run_started_at": "2026-11-10T09:00:00Z"}
    delivered = {"action": "completed", "workflow_run": done, "repository": {"full_name": "o/h"}}
    found = events(RUN, done, first_try, delivered, done | {"updated_at": "2026-11-11T00:00:00Z"})
    names = [each.fields["event_id"].rpartition("#")[2] for each in found]
    assert names == ["2-in_progress", "2-success", "1-success", "2-success", "2-success"]
    assert len({each.fields["event_id"] for each in found}) == 3
    assert [each.fields.get("finished_at") for each in found[:2]] == [None, RUN["updated_at"]]


def test_an_attempt_begins_when_it_is_run_not_when_the_run_was_created() -> None:
    old = {key: value for key, value in RUN.items() if key not in ("run_started_at", "run_attempt")}
    new, before_attempts = events(RUN, old)
    assert new.time == new.fields["started_at"] == "2026-11-10T10:00:00Z"
    assert before_attempts.time == before_attempts.fields["started_at"] == "2026-11-10T09:00:00Z"
    assert before_attempts.fields["event_id"].endswith("#1-in_progress")


def test_a_record_without_its_repository_has_none() -> None:
    without, with_one = events(
        RUN | {"url": "elsewhere"},
        RUN | {"url": "elsewhere", "repository": {"full_name": "octo/hello"}},
    )
    assert (without.event_type, without.fields.get("repository")) == ("build", None)
    assert with_one.fields["repository"] == "octo/hello"


def test_a_server_of_ones_own_has_the_repository_in_another_url() -> None:
    [found] = events(RUN | {"url": "https://git.example.com/api/v3/repos/a/b/actions/runs/1"})
    assert found.fields["repository"] == "a/b"


def test_pages_are_split_and_an_empty_one_has_no_records() -> None:
    page = {"total_count": 2, "workflow_runs": [RUN, RUN | {"id": 2}]}
    assert [json.loads(each)["id"] for each in records_of(GITHUB, [json.dumps(page)])] == [
        RUN["id"], 2,
    ]  # fmt: skip
    assert records_of(GITHUB, ['{"total_count":0,"jobs":[]}']) == []
    assert GITHUB.recognizes and GITHUB.recognizes({"total_count": 0, "jobs": []})


def test_other_payloads_are_not_recognized() -> None:
    assert GITHUB.recognizes
    for other in (
        {"action": "opened", "issue": {"id": 1}},
        {"total_count": 1, "artifacts": []},
        {"id": 1, "status": "success", "sha": "a", "ref": "main"},
    ):
        assert not GITHUB.recognizes(other)


def test_the_paths_that_name_a_person_cover_whoever_is_in_the_samples() -> None:
    for payload in documents("webhooks.jsonl"):
        for holder in (payload, *(payload[key] for key in HOLDERS if payload.get(key))):
            prefix = "" if holder is payload else f"{key_of(payload, holder)}."
            for person in ("actor", "triggering_actor", "creator", "sender"):
                told = {
                    key for key in holder.get(person) or {} if key not in ("type", "site_admin")
                }
                assert {f"{prefix}{person}.{key}" for key in told} <= set(GITHUB.personal)


def key_of(payload: dict[str, Any], value: Any) -> str:
    return next(key for key, each in payload.items() if each is value)
