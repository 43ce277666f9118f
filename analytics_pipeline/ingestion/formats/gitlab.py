"""GitLab: pipelines, their jobs, and deployments, as its REST API and its webhooks tell them."""

from collections.abc import Mapping
from typing import Any

from analytics_pipeline.ingestion.formats.declaration import EventMapping, Format

FINAL = "'success', 'failed', 'canceled', 'skipped'"
PAGE = r"(?:/-)?/(?:pipelines|jobs)/\d+$"
PROJECT_URL = f"^(.+?){PAGE}"
PROJECT_PATH = f"^https?://[^/]+/(.+?){PAGE}"
WEBHOOK_KINDS = ("pipeline", "build", "job", "deployment")

EVENT_ID_NOTE = "the project's URL, the id and the status: each state is one event"
REPOSITORY_NOTE = "the project's path, out of web_url"


def _found(path: str, pattern: str) -> str:
    return f"nullif(regexp_extract($({path}), '{pattern}', 1), '')"


def _event_id(project_url: str, kind: str, number: str, status: str) -> str:
    return f"{project_url} || '/{kind}/' || $({number}) || '#' || {status}"


PIPELINE = EventMapping(
    "build",
    {
        "event_id": _event_id(_found("web_url", PROJECT_URL), "pipelines", "id", "$(status)"),
        "timestamp": "$(created_at)",
        "repository": _found("web_url", PROJECT_PATH),
        "pipeline": "$(name)",
        "commit": "$(sha)",
        "status": "$(status)",
        "started_at": "$(started_at)",
        "finished_at": "coalesce($(finished_at), "
        f"CASE WHEN $(status) IN ({FINAL}) THEN $(updated_at) END)",
    },
    when="$(sha) IS NOT NULL AND $(web_url) LIKE '%/pipelines/%'",
    records="pipelines of the REST API",
    notes={
        "event_id": EVENT_ID_NOTE,
        "repository": REPOSITORY_NOTE,
        "finished_at": "updated_at of a pipeline in its last state where a list leaves it out. "
        "Builds are counted by those with finished_at",
    },
)

JOB = EventMapping(
    "build_job",
    {
        "event_id": _event_id(_found("web_url", PROJECT_URL), "jobs", "id", "$(status)"),
        "timestamp": "$(created_at)",
        "repository": _found("web_url", PROJECT_PATH),
        "pipeline": "$(pipeline.name)",
        "job": "$(name)",
        "commit": "coalesce($(commit.id), $(pipeline.sha))",
        "status": "$(status)",
        "started_at": "$(started_at)",
        "finished_at": "$(finished_at)",
    },
    when="$(stage) IS NOT NULL AND $(web_url) LIKE '%/jobs/%'",
    records="jobs of the REST API",
    notes={
        "event_id": EVENT_ID_NOTE,
        "repository": REPOSITORY_NOTE,
        "commit": "commit.id, else pipeline.sha",
    },
)

DEPLOYMENT_STATUS = "coalesce($(status), $(deployable.status))"
DEPLOYMENT = EventMapping(
    "deployment",
    {
        "event_id": _event_id(
            _found("deployable.web_url", PROJECT_URL), "deployments", "id", DEPLOYMENT_STATUS
        ),
        "timestamp": "$(created_at)",
        "repository": f"coalesce({_found('deployable.web_url', PROJECT_PATH)}, "
        f"{_found('deployable.pipeline.web_url', PROJECT_PATH)})",
        "pipeline": "$(deployable.pipeline.name)",
        "commit": "$(sha)",
        "status": DEPLOYMENT_STATUS,
        "started_at": "coalesce($(deployable.started_at), $(created_at))",
        "finished_at": f"CASE WHEN {DEPLOYMENT_STATUS} IN ({FINAL}) "
        "THEN coalesce($(deployable.finished_at), $(updated_at)) END",
        "environment": "$(environment.name)",
    },
    when="$(environment.name) IS NOT NULL AND $(sha) IS NOT NULL",
    records="deployments of the REST API",
    notes={
        "event_id": EVENT_ID_NOTE,
        "repository": "the project's path, out of the URL of the job that deploys or of its "
        "pipeline. A deployment without a job does not tell its project, and is quarantined",
        "status": "status, else that of the job",
        "started_at": "that of the job, else created_at",
        "finished_at": "of a deployment in its last state: that of the job, else updated_at",
    },
)

PIPELINE_HOOK = EventMapping(
    "build",
    {
        "event_id": _event_id(
            "$(project.web_url)",
            "pipelines",
            "object_attributes.id",
            "$(object_attributes.status)",
        ),
        "timestamp": "$(object_attributes.created_at)",
        "repository": "$(project.path_with_namespace)",
        "pipeline": "$(object_attributes.name)",
        "commit": "$(object_attributes.sha)",
        "status": "$(object_attributes.status)",
        "finished_at": "$(object_attributes.finished_at)",
    },
    when="$(object_kind) = 'pipeline'",
    records="pipelines in webhooks",
    notes={"event_id": EVENT_ID_NOTE},
)


def _job_hook(key: str) -> EventMapping:
    """The webhook of a job, whose fields begin with a key; GitLab calls a job a build there."""
    return EventMapping(
        "build_job",
        {
            "event_id": _event_id(
                "coalesce($(project.web_url), $(repository.homepage))",
                "jobs",
                f"{key}_id",
                f"$({key}_status)",
            ),
            "timestamp": f"$({key}_created_at)",
            "repository": "coalesce($(project.path_with_namespace), "
            + _found("repository.homepage", "^https?://[^/]+/(.+)$")
            + ")",
            "pipeline": "$(commit.name)",
            "job": f"$({key}_name)",
            "commit": "$(sha)",
            "status": f"$({key}_status)",
            "started_at": f"$({key}_started_at)",
            "finished_at": f"$({key}_finished_at)",
        },
        when=f"$({key}_id) IS NOT NULL AND $(object_kind) IN ('build', 'job')",
        records=f"jobs in webhooks, with {key}_id",
        notes={
            "event_id": EVENT_ID_NOTE,
            "repository": "project.path_with_namespace, else out of repository.homepage",
        },
    )


DEPLOYMENT_HOOK = EventMapping(
    "deployment",
    {
        "event_id": _event_id("$(project.web_url)", "deployments", "deployment_id", "$(status)"),
        "timestamp": "$(status_changed_at)",
        "repository": "$(project.path_with_namespace)",
        "commit": "coalesce(" + _found("commit_url", "/commit/([0-9a-fA-F]+)") + ", $(short_sha))",
        "status": "$(status)",
        "started_at": "CASE WHEN $(status) = 'running' THEN $(status_changed_at) END",
        "finished_at": f"CASE WHEN $(status) IN ({FINAL}) THEN $(status_changed_at) END",
        "environment": "$(environment)",
    },
    when="$(object_kind) = 'deployment'",
    records="deployments in webhooks",
    notes={
        "event_id": EVENT_ID_NOTE,
        "commit": "out of commit_url, else short_sha",
        "started_at": "status_changed_at of running",
        "finished_at": "status_changed_at of a last state. Deployments are counted by those with "
        "finished_at",
    },
)


def recognizes(record: Mapping[str, Any]) -> bool:
    """Whether a record is an object or a webhook's payload of what is mapped here."""
    if "event_type" in record:
        return False
    if "object_kind" in record:
        return record["object_kind"] in WEBHOOK_KINDS
    return any(
        all(key in record for key in keys)
        for keys in (
            ("project_id", "sha", "ref", "status", "web_url"),
            ("stage", "pipeline", "ref", "status", "web_url"),
            ("environment", "deployable", "sha", "ref"),
        )
    )


USER = ("id", "name", "username", "email", "public_email", "avatar_url", "web_url")
COMMIT = ("author.name", "author.email", "author_name", "author_email", "committer_name",
          "committer_email")  # fmt: skip
PERSONAL = (*(f"user.{key}" for key in USER), *(f"commit.{key}" for key in COMMIT))

GITLAB = Format(
    "gitlab",
    "GitLab pipelines, jobs and deployments: lists and single objects of its REST API, and the "
    "payloads of its webhooks. A job is a build_job, not a build; the jobs that the payload of a "
    "pipeline lists stay in extra, and so do who did it and how long it waited. Take deployments "
    "from the API or from webhooks, not both: the times they tell differ.",
    (
        PIPELINE_HOOK,
        _job_hook("build"),
        _job_hook("job"),
        DEPLOYMENT_HOOK,
        DEPLOYMENT,
        JOB,
        PIPELINE,
    ),
    recognizes=recognizes,
    recognized_by="a webhook by `object_kind` (pipeline, build, job or deployment), a pipeline by "
    "`project_id`, `sha`, `ref`, `status` and `web_url`, a job by `stage` and `pipeline` in place "
    "of `project_id` and `sha`, a deployment by `environment`, `deployable`, `sha` and `ref`",
    personal=(*PERSONAL, *(f"deployable.{path}" for path in PERSONAL), "user_url"),
)
