"""GitHub: workflow runs, jobs and deployments, as its REST API and its webhooks tell them."""

from collections.abc import Mapping
from typing import Any

from analytics_pipeline.ingestion.formats.declaration import EventMapping, Format

# A page of a list is one document with many records; any other document is its only record.
PAGES = """
    SELECT document_number, generate_subscripts(records, 1) AS position, unnest(records) AS record
    FROM (
        SELECT
            document_number,
            CASE
                WHEN json_type(document, '$.workflow_runs') = 'ARRAY'
                THEN json_extract(document, '$.workflow_runs[*]')::VARCHAR[]
                WHEN json_type(document, '$.jobs') = 'ARRAY'
                THEN json_extract(document, '$.jobs[*]')::VARCHAR[]
                ELSE [document::VARCHAR]
            END AS records
        FROM document
    )
"""

REPOSITORY_NOTE = "out of the url, else repository.full_name"
STATE_NOTE = "conclusion, or status as long as there is none"
HOLDERS = ("workflow_run", "workflow_job", "deployment", "deployment_status")
# What names a person in an account, and in the author of a commit.
ACCOUNTS = ("actor", "triggering_actor", "creator", "sender")
ACCOUNT = (
    "login", "id", "node_id", "gravatar_id", "avatar_url", "url", "html_url", "followers_url",
    "following_url", "gists_url", "starred_url", "subscriptions_url", "organizations_url",
    "repos_url", "events_url", "received_events_url",
)  # fmt: skip
AUTHORS = ("head_commit.author", "head_commit.committer")
AUTHOR = ("name", "email", "username")
PERSONAL = tuple(
    f"{person}.{key}"
    for persons, keys in ((ACCOUNTS, ACCOUNT), (AUTHORS, AUTHOR))
    for person in persons
    for key in keys
)


def _repository(url: str) -> str:
    from_url = f"nullif(regexp_extract($({url}), '/repos/([^/]+/[^/]+)/', 1), '')"
    return f"coalesce({from_url}, $(repository.full_name))"


def _records(at: str, things: str) -> str:
    return f"{things} in webhooks" if at else f"{things} of the REST API"


def _state(at: str) -> str:
    return f"coalesce(nullif($({at}conclusion), ''), $({at}status))"


def _run(at: str, when: str) -> EventMapping:
    return EventMapping(
        "build",
        {
            "event_id": f"$({at}url) || '#' || coalesce($({at}run_attempt), '1') || '-' || "
            f"{_state(at)}",
            "timestamp": f"coalesce($({at}run_started_at), $({at}created_at))",
            "repository": _repository(f"{at}url"),
            "pipeline": f"coalesce(nullif($({at}name), ''), $(workflow.name), $({at}path))",
            "commit": f"$({at}head_sha)",
            "status": _state(at),
            "started_at": f"coalesce($({at}run_started_at), $({at}created_at))",
            "finished_at": f"CASE WHEN $({at}status) = 'completed' THEN $({at}updated_at) END",
        },
        when=when,
        records=_records(at, "runs"),
        notes={
            "event_id": "url, run_attempt and status: each state of each attempt is one event, "
            "however often it is delivered. Builds are counted by those with finished_at",
            "timestamp": "run_started_at, the start of this attempt; else created_at",
            "repository": REPOSITORY_NOTE,
            "pipeline": "name, else that of the workflow in a webhook, else the path of its file",
            "status": STATE_NOTE,
            "started_at": "run_started_at, else created_at",
            "finished_at": "updated_at where the run is completed",
        },
    )


def _job(at: str, when: str) -> EventMapping:
    return EventMapping(
        "build_job",
        {
            "event_id": f"$({at}url) || '#' || {_state(at)}",
            "timestamp": f"coalesce($({at}started_at), $({at}created_at))",
            "repository": _repository(f"{at}url"),
            "pipeline": f"$({at}workflow_name)",
            "job": f"$({at}name)",
            "commit": f"$({at}head_sha)",
            "status": _state(at),
            "started_at": f"$({at}started_at)",
            "finished_at": f"$({at}completed_at)",
        },
        when=when,
        records=_records(at, "jobs"),
        notes={
            "event_id": "url and status; an attempt has jobs of its own",
            "timestamp": "started_at, else created_at",
            "repository": REPOSITORY_NOTE,
            "status": STATE_NOTE,
        },
    )


def _deployment(at: str, when: str) -> EventMapping:
    return EventMapping(
        "deployment",
        {
            "event_id": f"$({at}url) || '#created'",
            "timestamp": f"$({at}created_at)",
            "repository": _repository(f"{at}url"),
            "pipeline": "coalesce($(workflow.name), $(workflow_run.name))",
            "commit": f"$({at}sha)",
            "status": "'created'",
            "started_at": f"$({at}created_at)",
            "environment": f"$({at}environment)",
        },
        when=when,
        records=_records(at, "deployments"),
        notes={
            "event_id": "url",
            "repository": REPOSITORY_NOTE,
            "pipeline": "the workflow's name, which only webhooks tell",
            "status": "always created: what became of it is told by its statuses",
        },
    )


def _deployment_status(at: str, when: str) -> EventMapping:
    environment = f"nullif($({at}environment), '')"
    return EventMapping(
        "deployment",
        {
            "event_id": f"$({at}url) || '#' || $({at}state)",
            "timestamp": f"$({at}created_at)",
            "repository": _repository(f"{at}url"),
            "pipeline": "coalesce($(workflow.name), $(workflow_run.name))",
            "commit": "$(deployment.sha)",
            "status": f"$({at}state)",
            "started_at": "$(deployment.created_at)",
            "finished_at": f"CASE WHEN $({at}state) IN ('success', 'failure', 'error') "
            f"THEN $({at}created_at) END",
            "environment": f"coalesce({environment}, $(deployment.environment))",
        },
        when=when,
        records=_records(at, "statuses of deployments"),
        notes={
            "event_id": "url and state",
            "repository": REPOSITORY_NOTE,
            "pipeline": "the workflow's name, which only webhooks tell",
            "finished_at": "created_at of success, failure and error. Deployments are counted by "
            "those with finished_at",
            "environment": "of the status, else of the deployment",
        },
    )


def recognizes(record: Mapping[str, Any]) -> bool:
    """Whether a document is a page, an object or a webhook's payload of what is mapped here."""
    if "event_type" in record or "object_kind" in record:
        return False
    if "total_count" in record:
        return any(isinstance(record.get(key), list) for key in ("workflow_runs", "jobs"))
    if "action" in record:
        return any(isinstance(record.get(holder), Mapping) for holder in HOLDERS)
    return any(
        all(key in record for key in keys)
        for keys in (
            ("run_number", "head_sha", "status"),
            ("run_id", "head_sha", "status"),
            ("statuses_url", "environment", "sha"),
            ("deployment_url", "state"),
        )
    )


GITHUB = Format(
    "github",
    "GitHub workflow runs, jobs, deployments and deployment statuses: pages of lists, single "
    "objects and webhook payloads. A job is a build_job, not a build. Who did it, why, and how "
    "long it waited stay in extra. GitHub has no time for the end of a run: updated_at can be "
    "later.",
    (
        # A payload also names the run and the deployment that the thing it is about belongs to.
        _job("workflow_job.", "$(workflow_job.id) IS NOT NULL"),
        _deployment_status("deployment_status.", "$(deployment_status.id) IS NOT NULL"),
        _deployment("deployment.", "$(deployment.id) IS NOT NULL"),
        _run("workflow_run.", "$(workflow_run.id) IS NOT NULL"),
        _job("", "$(run_id) IS NOT NULL AND $(head_sha) IS NOT NULL"),
        _run("", "$(run_number) IS NOT NULL AND $(head_sha) IS NOT NULL"),
        _deployment("", "$(statuses_url) IS NOT NULL AND $(sha) IS NOT NULL"),
        _deployment_status("", "$(deployment_url) IS NOT NULL AND $(state) IS NOT NULL"),
    ),
    recognizes=recognizes,
    recognized_by="a webhook by `action` and what it is about (`workflow_run`, `workflow_job`, "
    "`deployment` or `deployment_status`), a page by `total_count` and `workflow_runs` or `jobs`, "
    "an object by `run_number` or `run_id` with `head_sha`, by `statuses_url`, `environment` and "
    "`sha`, or by `deployment_url` and `state`",
    split=PAGES,
    personal=(*PERSONAL, *(f"{holder}.{path}" for holder in HOLDERS for path in PERSONAL)),
)
