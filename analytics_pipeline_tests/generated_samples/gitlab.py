"""Generates samples of GitLab's lists and webhook payloads, with the field names of GitLab.

``python -m analytics_pipeline_tests.generated_samples.gitlab samples/formats/gitlab`` writes them.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HOST = "https://gitlab.example.com"
PATH = "shop/checkout"
URL = f"{HOST}/{PATH}"
START = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
USER = {"id": 7, "name": "Ada Example", "username": "ada", "email": "ada@example.com",
        "avatar_url": None}  # fmt: skip
PROJECT = {"id": 42, "name": "Checkout", "web_url": URL, "namespace": "shop",
           "path_with_namespace": PATH, "default_branch": "main"}  # fmt: skip
COMMIT_TEXT = "Charge once"


def sha(number: int) -> str:
    """A commit's hash."""
    return f"{number:040x}"


def rest_time(minute: float) -> str:
    """A time as the REST API writes it."""
    return (START + timedelta(minutes=minute)).isoformat(timespec="milliseconds")


def hook_time(minute: float) -> str:
    """A time as most webhooks write it."""
    return f"{START + timedelta(minutes=minute):%Y-%m-%d %H:%M:%S} UTC"


def local_time(minute: float) -> str:
    """A time as the webhook of a deployment writes it, two hours east of UTC."""
    return f"{START + timedelta(minutes=minute + 120):%Y-%m-%d %H:%M:%S} +0200"


def pipeline(number: int, status: str, separator: str = "/-") -> dict[str, Any]:
    """A pipeline as the list of pipelines tells it."""
    return {
        "id": number, "iid": number - 300, "project_id": 42, "sha": sha(number), "ref": "main",
        "status": status, "source": "push", "created_at": rest_time(number),
        "updated_at": rest_time(number + 4.5), "name": "Build and test" if number % 2 else None,
        "web_url": f"{URL}{separator}/pipelines/{number}",
    }  # fmt: skip


def deployment(number: int, status: str, job_status: str | None) -> dict[str, Any]:
    """A deployment as the list of deployments tells it; without a job where it has none."""
    job = {
        "id": number + 900, "status": job_status, "stage": "deploy", "name": "deploy",
        "ref": "main", "tag": False, "created_at": rest_time(number),
        "started_at": rest_time(number + 1), "user": USER,
        "finished_at": rest_time(number + 3) if job_status == "success" else None,
        "commit": {"id": sha(number), "title": COMMIT_TEXT, "author_name": USER["name"],
                   "author_email": USER["email"]},
        "pipeline": {"id": 400, "ref": "main", "sha": sha(number), "status": "running",
                     "web_url": f"{URL}/-/pipelines/400"},
        "web_url": f"{URL}/-/jobs/{number + 900}",
    }  # fmt: skip
    return {
        "id": number, "iid": number - 10, "ref": "main", "sha": sha(number),
        "created_at": rest_time(number), "updated_at": rest_time(number + 5), "status": status,
        "user": USER, "environment": {"id": 9, "name": "production", "external_url": None},
        "deployable": job if job_status else None,
    }  # fmt: skip


def pipeline_hook(status: str, finished: bool) -> dict[str, Any]:
    """What the webhook of a pipeline sends when the pipeline comes into a state."""
    return {
        "object_kind": "pipeline",
        "object_attributes": {
            "id": 401, "iid": 101, "name": "Build and test", "ref": "main", "tag": False,
            "sha": sha(401), "before_sha": sha(400), "source": "push", "status": status,
            "detailed_status": "passed" if finished else status, "stages": ["build", "deploy"],
            "created_at": hook_time(1), "finished_at": hook_time(6) if finished else None,
            "duration": 280 if finished else None, "queued_duration": 20 if finished else None,
            "variables": [], "url": f"{URL}/-/pipelines/401",
        },
        "merge_request": None, "user": USER, "project": PROJECT,
        "commit": {"id": sha(401), "message": COMMIT_TEXT, "timestamp": rest_time(0),
                   "url": f"{URL}/-/commit/{sha(401)}",
                   "author": {"name": USER["name"], "email": USER["email"]}},
        "builds": [{"id": 1301, "stage": "build", "name": "compile", "status": status,
                    "created_at": hook_time(1), "user": USER}],
    }  # fmt: skip


def job_hook(status: str, started: bool, finished: bool, with_project: bool) -> dict[str, Any]:
    """What the webhook of a job sends; older servers name no project."""
    return {
        "object_kind": "build", "ref": "main", "tag": False, "before_sha": sha(400),
        "sha": sha(401), "build_id": 1301, "build_name": "compile", "build_stage": "build",
        "build_status": status, "build_created_at": hook_time(1),
        "build_started_at": hook_time(1.5) if started else None,
        "build_finished_at": hook_time(4) if finished else None,
        "build_duration": 150.2 if finished else None, "build_queued_duration": 30.1,
        "build_allow_failure": False, "build_failure_reason": "unknown_failure",
        "pipeline_id": 401, "runner": None, "project_id": 42, "project_name": "Shop / Checkout",
        "user": USER,
        "commit": {"id": 401, "name": "Build and test", "sha": sha(401), "message": COMMIT_TEXT,
                   "author_name": USER["name"], "author_email": USER["email"], "status": status},
        "repository": {"name": "Checkout", "homepage": URL, "visibility_level": 0},
    } | ({"project": PROJECT} if with_project else {})  # fmt: skip


def deployment_hook(status: str, minute: float) -> dict[str, Any]:
    """What the webhook of a deployment sends when the deployment comes into a state."""
    return {
        "object_kind": "deployment", "status": status, "status_changed_at": local_time(minute),
        "deployment_id": 77, "deployable_id": 1302, "deployable_url": f"{URL}/-/jobs/1302",
        "environment": "staging", "project": PROJECT, "short_sha": sha(401)[:8], "user": USER,
        "user_url": f"{HOST}/ada", "commit_url": f"{URL}/-/commit/{sha(401)}",
        "commit_title": COMMIT_TEXT,
    }  # fmt: skip


def main(folder: Path) -> None:
    """Write the samples."""
    folder.mkdir(parents=True, exist_ok=True)
    pipelines = [
        pipeline(401, "running"),
        pipeline(402, "failed"),
        pipeline(403, "success", separator=""),
    ]
    deployments = [
        deployment(51, "success", "success"),
        deployment(52, "created", "running"),
        deployment(53, "success", None),
    ]
    hooks = [
        pipeline_hook("pending", finished=False),
        pipeline_hook("running", finished=False),
        pipeline_hook("success", finished=True),
        job_hook("created", started=False, finished=False, with_project=True),
        job_hook("running", started=True, finished=False, with_project=False),
        job_hook("success", started=True, finished=True, with_project=True),
        deployment_hook("running", 5),
        deployment_hook("failed", 5.5),
    ]
    (folder / "pipelines.json").write_text(json.dumps(pipelines, indent=1) + "\n")
    (folder / "deployments.json").write_text(json.dumps(deployments, indent=1) + "\n")
    (folder / "webhooks.jsonl").write_text("".join(json.dumps(each) + "\n" for each in hooks))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
