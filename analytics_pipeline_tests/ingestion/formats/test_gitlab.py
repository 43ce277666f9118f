"""GitLab: each event against a reading of the same sample in plain Python."""

import json
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.ingestion.formats.github import GITHUB
from analytics_pipeline.ingestion.formats.gitlab import GITLAB
from analytics_pipeline_tests.generated_samples import gitlab as generated
from analytics_pipeline_tests.ingestion.formats.mapping import mapped
from analytics_pipeline_tests.ingestion.formats.reading_samples import (
    FORMATS,
    at,
    json_objects,
    present,
)

SAMPLES = FORMATS / "gitlab"
FILES = ("pipelines.json", "recorded_pipeline.json", "recorded_jobs.json", "deployments.json",
         "webhooks.jsonl")  # fmt: skip
FINAL = ("success", "failed", "canceled", "skipped")


def project_of(url: str | None) -> tuple[str | None, str | None]:
    """URL and path of the project in whose pages a page lies."""
    if url is None:
        return None, None
    page = url.replace("/-/", "/").rsplit("/", 2)[0]
    return page, "/".join(page.split("/")[3:])


def expected(record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    match record:
        case {"object_kind": "pipeline", "object_attributes": attributes, "project": project}:
            return "build", present(
                {
                    "event_id": f"{project['web_url']}/pipelines/{attributes['id']}#"
                    f"{attributes['status']}",
                    "timestamp": attributes["created_at"], "commit": attributes["sha"],
                    "repository": project["path_with_namespace"],
                    "pipeline": attributes["name"], "status": attributes["status"],
                    "finished_at": attributes["finished_at"],
                }
            )  # fmt: skip
        case {"object_kind": "build"}:
            url = record["repository"]["homepage"]
            return "build_job", present(
                {
                    "event_id": f"{url}/jobs/{record['build_id']}#{record['build_status']}",
                    "timestamp": record["build_created_at"], "repository": url.split("/", 3)[3],
                    "pipeline": record["commit"]["name"], "job": record["build_name"],
                    "commit": record["sha"], "status": record["build_status"],
                    "started_at": record["build_started_at"],
                    "finished_at": record["build_finished_at"],
                }
            )  # fmt: skip
        case {"object_kind": "deployment", "status": status, "status_changed_at": changed_at}:
            return "deployment", present(
                {
                    "event_id": f"{record['project']['web_url']}/deployments/"
                    f"{record['deployment_id']}#{status}",
                    "timestamp": changed_at,
                    "repository": record["project"]["path_with_namespace"],
                    "commit": record["commit_url"].rsplit("/", 1)[1], "status": status,
                    "environment": record["environment"],
                    "started_at": changed_at if status == "running" else None,
                    "finished_at": changed_at if status in FINAL else None,
                }
            )  # fmt: skip
        case {"deployable": _}:
            return "deployment", expected_deployment(record)
        case {"stage": _}:
            url, path = project_of(record["web_url"])
            return "build_job", {
                "event_id": f"{url}/jobs/{record['id']}#{record['status']}",
                "timestamp": record["created_at"], "repository": path, "job": record["name"],
                "commit": record["pipeline"]["sha"], "status": record["status"],
                "started_at": record["started_at"], "finished_at": record["finished_at"],
            }  # fmt: skip
    url, path = project_of(record["web_url"])
    done = record["status"] in FINAL
    return "build", present(
        {
            "event_id": f"{url}/pipelines/{record['id']}#{record['status']}",
            "timestamp": record["created_at"], "repository": path, "commit": record["sha"],
            "pipeline": record.get("name"), "status": record["status"],
            "started_at": record.get("started_at"),
            "finished_at": record.get("finished_at", record["updated_at"] if done else None),
        }
    )  # fmt: skip


def expected_deployment(record: dict[str, Any]) -> dict[str, Any]:
    url, path = project_of(at(record, "deployable.web_url"))
    ended = at(record, "deployable.finished_at") or record["updated_at"]
    return present(
        {
            "event_id": f"{url}/deployments/{record['id']}#{record['status']}" if url else None,
            "timestamp": record["created_at"], "repository": path, "commit": record["sha"],
            "status": record["status"], "environment": record["environment"]["name"],
            "started_at": at(record, "deployable.started_at") or record["created_at"],
            "finished_at": ended if record["status"] in FINAL else None,
        }
    )  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_each_record_is_the_event_that_it_says(name: str) -> None:
    read = list(json_objects(SAMPLES / name))
    found = mapped(GITLAB, [json.dumps(each) for each in read])
    assert [(each.event_type, each.fields) for each in found] == [
        expected(record) for record in read
    ]
    assert found
    assert GITHUB.recognizes and GITLAB.recognizes
    for record in read:
        assert GITLAB.recognizes(record)
        assert not GITLAB.recognizes(record | {"event_type": "build"})
        assert not GITHUB.recognizes(record)


def test_a_deployment_without_a_job_does_not_tell_its_repository() -> None:
    without = [
        each for each in json_objects(SAMPLES / "deployments.json") if not each["deployable"]
    ]
    [found] = mapped(GITLAB, [json.dumps(each) for each in without])
    assert found.event_type == "deployment"
    assert "repository" not in found.fields and "event_id" not in found.fields


def test_an_api_and_a_webhook_tell_of_the_same_event() -> None:
    of_api = generated.pipeline(401, "running")
    of_hook = generated.pipeline_hook("running", finished=False)
    one, other = mapped(GITLAB, [json.dumps(of_api), json.dumps(of_hook)])
    assert one.fields["event_id"] == other.fields["event_id"]
    assert one.fields["repository"] == other.fields["repository"]


def test_a_project_may_lie_deep_and_its_pages_under_either_path() -> None:
    pages = (
        ("https://git.example.com/a/b/c/-/pipelines/5", "a/b/c"),
        ("https://git.example.com/a/b/pipelines/5", "a/b"),
        ("https://git.example.com/jobs/pipelines/-/pipelines/5", "jobs/pipelines"),
    )
    for url, path in pages:
        record = generated.pipeline(5, "success") | {"web_url": url}
        [found] = mapped(GITLAB, [json.dumps(record)])
        assert found.fields["repository"] == path, url


def test_what_is_not_mapped_is_kept() -> None:
    for record in json_objects(SAMPLES / "webhooks.jsonl"):
        [found] = mapped(GITLAB, [json.dumps(record)])
        left = json.loads(found.unmapped or "")
        for path in ("user", "builds", "build_queued_duration", "commit.message",
                     "object_attributes.queued_duration", "deployable_id"):  # fmt: skip
            assert at(left, path) == at(record, path)


def test_other_payloads_are_not_recognized() -> None:
    assert GITLAB.recognizes
    for other in (
        {"object_kind": "push", "ref": "main", "project_id": 1},
        {"object_kind": "note"},
        {"id": 1, "status": "success", "sha": "a", "ref": "main"},
    ):
        assert not GITLAB.recognizes(other)


def test_the_samples_are_what_the_script_writes(tmp_path: Path) -> None:
    generated.main(tmp_path)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert len(written) == 3
    assert written == {name: (SAMPLES / name).read_text() for name in written}
