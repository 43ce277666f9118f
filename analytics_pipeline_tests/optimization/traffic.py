"""Events of seven weeks that give a reason for every kind of recommendation."""

import random
from datetime import datetime, timedelta
from typing import Any

Event = dict[str, Any]

FIRST = datetime.fromisoformat("2026-03-01")
DAYS = 40
MODELS = ("gpt-4o", "dear", "cheap", "mystery")
LANGUAGES = ("go", "python", None)
SUBJECTS = ("sort a list", "open a file", "start a thread", "parse a date", "merge two branches")
COSTS = {"dear": 0.02, "cheap": 0.001}


def traffic(seed: int = 1) -> list[Event]:
    """All events, in no order; times of a day are whole seconds, no two of them equal."""
    rng = random.Random(seed)
    found: list[Event] = []
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        seconds = iter(rng.sample(range(86_400), 400))

        def at(day: datetime = day, seconds: Any = seconds) -> datetime:
            return day + timedelta(seconds=next(seconds))

        found += [_query(rng, at()) for _ in range(90)]
        found += [
            {
                "event_type": "cache_store",
                "timestamp": at(),
                "cache_key": rng.choice([f"k{rng.randrange(20)}", f"u{rng.randrange(10**6)}"]),
            }
            for _ in range(16)
        ]
        prompt = {
            **_query(rng, day + timedelta(hours=12, microseconds=1)),
            "model": "gpt-4o", "cache_hit": False, "prompt_tokens": 1500 + number, "cost": None,
        }  # fmt: skip
        found += [prompt, {**prompt, "timestamp": prompt["timestamp"] + timedelta(minutes=5)}]
        found += [_failure(rng, at()) for _ in range(rng.randrange(4))]
        found += [_build(rng, at()) for _ in range(3)]
        found += [
            {
                "event_type": "log_entry", "timestamp": at(), "message": "m",
                "level": rng.choice(["INFO"] * 9 + ["ERROR"]),
                "component": rng.choice(["store", "api", None]),
            }
            for _ in range(20)
        ]  # fmt: skip
        found += [
            {
                "event_type": "system_metric", "metric_name": "cpu_usage", "unit": "percent",
                "timestamp": day + timedelta(minutes=10 * step), "host": host,
                "value": rng.choice([40.0, 60.0, 95.0] if host == "hot" else [10.0, 20.0]),
            }
            for step in range(24)
            for host in ("hot", "cool")
        ]  # fmt: skip
    return found


def _query(rng: random.Random, moment: datetime) -> Event:
    model = rng.choice(MODELS)
    hit = rng.random() < 0.45
    text = f"How do I {rng.choice(SUBJECTS)} in version {rng.randrange(12)}?"
    if rng.random() < 0.2:
        text = text.upper()
    prompt, completion = rng.choice([40, 400, 2000]), rng.randrange(1, 300)
    cost = COSTS[model] * rng.uniform(0.5, 2) if model in COSTS else None
    if model == "gpt-4o" and rng.random() < 0.5:
        cost = 1.5 * (prompt * 2.5 + completion * 10) / 1e6
    fast, slow = rng.uniform(0.01, 0.1), rng.uniform(0.5, 4)
    return {
        "event_type": "cache_query",
        "timestamp": moment,
        "user_id": rng.choice("abcdefgh"),
        "query": text,
        "model": model,
        "language": rng.choice(LANGUAGES),
        "cache_hit": hit,
        "cache_key": rng.choice([None, f"k{rng.randrange(40)}"]),
        "match_type": "exact" if hit else "none",
        "response_time": rng.choice([None, *[fast if hit else slow] * 9]),
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "cost": 0.0 if hit and cost is not None else cost,
    }


def _failure(rng: random.Random, moment: datetime) -> Event:
    return {
        "event_type": "failed_query", "timestamp": moment, "error": "timed out",
        "model": rng.choice(MODELS), "cost": rng.choice([None, 0.01]),
    }  # fmt: skip


def _build(rng: random.Random, moment: datetime) -> Event:
    return {
        "event_type": "build", "timestamp": moment, "repository": rng.choice(["web", "core"]),
        "pipeline": "ci", "commit": f"c{rng.randrange(30)}",
        "status": rng.choice(["success", "success", "failure", "cancelled"]),
        "started_at": moment - timedelta(seconds=rng.randrange(30, 900)), "finished_at": moment,
    }  # fmt: skip
