"""What happened on a day that may have caused an anomaly: told beside it, and no proof."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from analytics_pipeline.insights.causes import Coincidence, slice_in_words
from analytics_pipeline.insights.headlines import HOUR
from analytics_pipeline.rounding import change, number, percentage

SHOWN = 3
SHORT_COMMIT = 12


class Deployment(NamedTuple):
    """A deployment to production; what changed from the hour before to the hour after, if known."""

    repository: str
    environment: str
    commit: str | None
    outcome: str
    deployed_at: datetime
    hit_rate_change: float | None
    p95_response_time_change: float | None
    error_rate_change: float | None


class Saturation(NamedTuple):
    """Minutes for which a resource of a host was saturated, and what is usual."""

    host: str
    metric_name: str
    minutes: float
    usual_minutes: float


class SchemaChange(NamedTuple):
    """A field of a source that is new, has vanished, or changed its type."""

    source: str
    event_type: str | None
    field: str
    change: str


def deployments(found: Sequence[Deployment]) -> list[Coincidence]:
    """The deployments of a day to production, those first after which most changed."""
    ranked = sorted(found, key=lambda each: (-_impact(each), each.deployed_at, each.repository))
    return [
        Coincidence(
            "deployment",
            each.repository,
            f"{each.repository}{_of_commit(each.commit)} was deployed to {each.environment} at "
            f"{each.deployed_at:%H:%M} (UTC), outcome {each.outcome}{_after(each)}.",
        )
        for each in ranked[:SHOWN]
    ]


def _impact(deployment: Deployment) -> float:
    return abs(deployment.hit_rate_change or 0.0) + abs(deployment.error_rate_change or 0.0)


def _of_commit(commit: str | None) -> str:
    return f" (commit {commit[:SHORT_COMMIT]})" if commit else ""


def _after(deployment: Deployment) -> str:
    changes = {
        "the hit rate": (deployment.hit_rate_change, "share"),
        "the 95th percentile of the response time": (deployment.p95_response_time_change, "s"),
        "the share of failed queries": (deployment.error_rate_change, "share"),
    }
    told = [
        f"{name} changed by {change(value, None, unit)}"
        for name, (value, unit) in changes.items()
        if value
    ]
    return f"; from the hour before to the hour after, {' and '.join(told)}" if told else ""


def saturated_hosts(found: Sequence[Saturation]) -> list[Coincidence]:
    """The hosts that were saturated for longer than is usual."""
    longer = [each for each in found if each.minutes > each.usual_minutes]
    ranked = sorted(longer, key=lambda each: (each.usual_minutes - each.minutes, each.host))
    return [
        Coincidence(
            "saturated_host",
            each.host,
            f"{_resource(each.metric_name)} of host {each.host} was saturated for "
            f"{number(60 * each.minutes, 's')}, where {number(60 * each.usual_minutes, 's')} are "
            "usual.",
        )
        for each in ranked[:SHOWN]
    ]


def _resource(metric_name: str) -> str:
    return {"cpu_usage": "The CPU", "memory_usage": "The memory", "disk_usage": "The disk"}.get(
        metric_name, metric_name
    )


def silent_hours(
    answered: Mapping[int, int], usual: Mapping[int, float], least_queries: int
) -> list[Coincidence]:
    """The hours in which no question was answered although some usually are.

    ``answered`` are the answered questions of each hour of the day, ``usual`` the least of the
    same weekdays before. Silence in place of fewer than ``least_queries`` says nothing.
    """
    silent = [hour for hour in range(24) if not answered.get(hour) and usual.get(hour, 0) > 0]
    runs: list[list[int]] = []
    for hour in silent:
        if runs and runs[-1][-1] == hour - 1:
            runs[-1].append(hour)
        else:
            runs.append([hour])
    return [
        Coincidence(
            "silent_hours",
            f"{run[0]:02d}-{run[-1]:02d}",
            f"No question was answered {slice_in_words(HOUR, f'{run[0]}-{run[-1]}')}, where at "
            f"least {number(int(sum(usual[hour] for hour in run)))} usually are.",
        )
        for run in runs
        if sum(usual[hour] for hour in run) >= least_queries
    ]


def schema_changes(found: Sequence[SchemaChange]) -> list[Coincidence]:
    """The sources whose fields changed, one coincidence for each."""
    by_source: dict[str, list[SchemaChange]] = defaultdict(list)
    for each in found:
        by_source[each.source].append(each)
    words = {"new": "is new", "vanished": "has vanished", "type_changed": "has another type"}
    said = []
    for source, changes in sorted(by_source.items()):
        first = [f"{each.field} {words.get(each.change, each.change)}" for each in changes[:SHOWN]]
        more = len(changes) - len(first)
        others = f" and {number(more)} more" if more else ""
        said.append(
            Coincidence(
                "schema_change",
                source,
                f"The fields of source {source} changed: {', '.join(first)}{others}.",
            )
        )
    return said[:SHOWN]


def quarantined_lines(share: float | None, usual: float | None, limit: float) -> list[Coincidence]:
    """A share of quarantined lines above a limit, and above all of the same weekdays before."""
    if share is None or share <= max(usual or 0.0, limit):
        return []
    than = f", where {percentage(usual)} is the most of these weekdays" if usual else ""
    return [
        Coincidence(
            "quarantined_lines",
            "quarantine",
            f"{percentage(share)} of the lines of the day are quarantined{than}: what they tell "
            "is missing.",
        )
    ]
