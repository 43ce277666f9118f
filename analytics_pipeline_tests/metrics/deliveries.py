"""Builds, deployments and questions made up for the tests of delivery, as a file of raw events."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 45
REPOSITORIES = ("shop", "search")
PIPELINES = ("ci", "nightly", None)
BUILD_STATUSES = ("success", "success", "failure", "cancelled")
DEPLOYMENT_STATUSES = ("success", "success", "failure", "rolled_back", "cancelled")
ENVIRONMENTS = ("production", "production", "prod", "staging")


def write_deliveries(file: Path) -> None:
    """Write six weeks in which commits are built again, deployments fail, and days are quiet.

    Some builds waited, which is told by a timestamp before their start; some runs are told before
    they end, go on past midnight, or tell the time of their commit.
    """
    rng = random.Random(11)
    events: list[dict[str, Any]] = []
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        if 20 <= number < 24:
            continue
        for _ in range(rng.randrange(7)):
            events.extend(_build(rng, day, number))
        for _ in range(rng.randrange(5)):
            events.extend(_deployment(rng, day, number))
        events.extend(_question(rng, day) for _ in range(120))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(event) + "\n" for event in events))


def _moment(rng: random.Random, day: datetime) -> datetime:
    return day + timedelta(seconds=rng.randrange(86_400))


def _commit(rng: random.Random, number: int) -> str | None:
    """One of the last weeks, so that commits come again, also after more than thirty days."""
    return rng.choice([None, *(f"c{max(0, number - back)}" for back in (0, 0, 1, 2, 5, 33))])


def _run(rng: random.Random, started: datetime, longest: int) -> dict[str, Any]:
    finished = started + timedelta(milliseconds=rng.randrange(longest * 1_000))
    return {
        "repository": rng.choice(REPOSITORIES),
        "started_at": started.isoformat(),
        "finished_at": finished.isoformat(),
    }


def _build(rng: random.Random, day: datetime, number: int) -> list[dict[str, Any]]:
    queued = _moment(rng, day)
    waited = timedelta(seconds=rng.choice([0, 0, 5, 90, 400]))
    committed = {"committed_at": (queued - timedelta(hours=2)).isoformat()}
    ended = {
        "event_type": "build",
        "timestamp": queued.isoformat(),
        **_run(rng, queued + waited, 1_500),
        "pipeline": rng.choice(PIPELINES),
        "commit": _commit(rng, number),
        "status": rng.choice(BUILD_STATUSES),
        **(committed if rng.random() < 0.2 else {}),
    }
    running = {**ended, "status": "running", "finished_at": None}
    return [ended] if rng.random() < 0.7 else [running, ended]


def _deployment(rng: random.Random, day: datetime, number: int) -> list[dict[str, Any]]:
    started = _moment(rng, day)
    ended = {
        "event_type": "deployment",
        "timestamp": started.isoformat(),
        **_run(rng, started, 5_000),
        "commit": _commit(rng, number),
        "status": rng.choice(DEPLOYMENT_STATUSES),
        "environment": rng.choice(ENVIRONMENTS),
    }
    running = {**ended, "status": "in_progress", "finished_at": None}
    return [ended] if rng.random() < 0.7 else [running, ended]


def _question(rng: random.Random, day: datetime) -> dict[str, Any]:
    asked = {"timestamp": _moment(rng, day).isoformat(), "response_time": rng.random()}
    if rng.random() < 0.1:
        return {"event_type": "failed_query", "error": "timeout", **asked}
    return {"event_type": "cache_query", "cache_hit": rng.random() < 0.5, **asked}
