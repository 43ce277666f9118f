"""The columns of each event type, as Arrow arrays: positions become names here."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from analytics_pipeline.samples.generation import vocabulary
from analytics_pipeline.samples.generation.operations import Deliveries, Logs, Metrics
from analytics_pipeline.samples.generation.people import Turns, Users
from analytics_pipeline.samples.generation.period import SECOND, Ints, Period
from analytics_pipeline.samples.generation.queries import (
    MATCH_TYPES,
    Cache,
    Queries,
    answered_at,
)

BYTES_PER_TOKEN = 4.2


@dataclass(frozen=True)
class Names:
    """The texts behind the positions, made once for a whole generation."""

    users: "pa.Array"
    texts: "pa.Array"
    cache_keys: "pa.Array"

    @classmethod
    def of(cls, users: Users, cache: Cache) -> "Names":
        """The names of these users and of this cache's entries."""
        keys = (
            sha256(f"{intent}/{model.name}".encode()).hexdigest()[:12]
            for intent in range(cache.intents)
            for model in vocabulary.MODELS
        )
        return cls(
            pa.array([f"dev-{number:04}" for number in range(1, users.count + 1)]),
            pa.array(vocabulary.query_texts(cache.intents_per_language)),
            pa.array(keys, type=pa.string()),
        )


@dataclass(frozen=True)
class Events:
    """Events of one type: when each happened, and its columns."""

    time: Ints
    columns: dict[str, Any]


def named(positions: Ints, names: "Sequence[str] | pa.Array") -> "pa.Array":
    """Names in place of their positions; a negative position gives null."""
    return pa.DictionaryArray.from_arrays(
        pa.array(positions.astype(np.int32), mask=positions < 0), pa.array(names)
    )


def timestamps(times: Ints) -> "pa.Array":
    """Microseconds since 1970 as Arrow timestamps."""
    return pa.array(times, type=pa.timestamp("us"))


def _framework(language: Ints, user: Ints) -> Ints:
    counts = np.array([len(language.frameworks) for language in vocabulary.LANGUAGES])
    firsts = np.cumsum(counts) - counts
    count = counts[language]
    return np.where(count > 0, firsts[language] + user % np.maximum(count, 1), -1)


@dataclass(frozen=True)
class Activity:
    """What users asked and got, from which the events about users follow."""

    period: Period
    users: Users
    names: Names
    turns: Turns
    queries: Queries

    def who(self, rows: Ints) -> dict[str, Any]:
        """The columns about the user of the numbered questions."""
        user, language = self.turns.user[rows], self.turns.language[rows]
        languages = [language.name for language in vocabulary.LANGUAGES]
        return {
            "user_id": named(user, self.names.users),
            "session": self.turns.session[rows],
            "team": named(self.users.team[user], vocabulary.TEAMS),
            "language": named(language, languages),
            "framework": named(_framework(language, user), vocabulary.FRAMEWORKS),
            "client": named(self.turns.client[rows], vocabulary.CLIENTS),
        }

    def after_answer(self, rows: Ints, wait: Ints) -> Ints:
        """Times some milliseconds after the answers to the numbered questions, on the same day."""
        time = answered_at(self.turns, self.queries)[rows] + wait * (SECOND // 1000)
        return self.period.within_day(time, self.period.day_of(self.turns.time[rows]))


def cache_query(activity: Activity) -> Events:
    """One event for each question."""
    turns, queries, names = activity.turns, activity.queries, activity.names
    return Events(
        turns.time,
        {
            **activity.who(np.arange(len(turns.time))),
            "query": named(queries.text, names.texts),
            "cache_hit": queries.cache_hit,
            "response_time": queries.response_time,
            "model": named(turns.model, [model.name for model in vocabulary.MODELS]),
            "prompt_tokens": queries.prompt_tokens,
            "completion_tokens": queries.completion_tokens,
            "cost": queries.cost,
            "match_type": named(queries.match_type, MATCH_TYPES),
            "cache_key": named(queries.cache_key, names.cache_keys),
        },
    )


def cache_store(activity: Activity, most: int, rng: np.random.Generator) -> Events:
    """At most ``most`` of the new answers, stored a moment after they came."""
    queries, names = activity.queries, activity.names
    answered = np.flatnonzero(~queries.cache_hit & (queries.completion_tokens > 0))
    rows = np.sort(rng.choice(answered, min(most, len(answered)), replace=False))
    size = queries.completion_tokens[rows] * BYTES_PER_TOKEN * rng.uniform(0.8, 1.2, len(rows))
    return Events(
        activity.after_answer(rows, rng.integers(1, 40, len(rows))),
        {
            **activity.who(rows),
            "query": named(queries.text[rows], names.texts),
            "response_size": size.astype(np.int64) + 1,
            "cache_key": named(queries.cache_key[rows], names.cache_keys),
        },
    )


def ui_interaction(activity: Activity, size: int, rng: np.random.Generator) -> Events:
    """Events of users who do something with an answer, some seconds after it came."""
    rows = np.sort(rng.integers(0, len(activity.turns.time), size))
    wait = (rng.exponential(9, size) * 1000).astype(np.int64)
    actions = rng.choice(len(vocabulary.ACTIONS), size, p=[0.34, 0.22, 0.18, 0.1, 0.1, 0.06])
    elements = (actions + rng.integers(0, 2, size)) % len(vocabulary.ELEMENTS)
    pages = rng.choice(len(vocabulary.PAGES), size, p=[0.6, 0.15, 0.1, 0.05, 0.1])
    return Events(
        activity.after_answer(rows, wait),
        {
            **activity.who(rows),
            "action": named(actions, vocabulary.ACTIONS),
            "element": named(elements, vocabulary.ELEMENTS),
            "page": named(pages, vocabulary.PAGES),
        },
    )


def system_metric(metrics: Metrics) -> Events:
    """One event for each sample."""
    return Events(
        metrics.time,
        {
            "metric_name": named(metrics.metric, [name for name, _ in vocabulary.METRICS]),
            "value": metrics.value,
            "unit": named(metrics.metric, [unit for _, unit in vocabulary.METRICS]),
            "host": named(metrics.host, vocabulary.HOSTS),
        },
    )


def log_entry(logs: Logs) -> Events:
    """One event for each log line."""
    templates = [
        template for level in vocabulary.LOG_LEVELS for template in vocabulary.LOG_TEMPLATES[level]
    ]
    return Events(
        logs.time,
        {
            "level": named(logs.level, vocabulary.LOG_LEVELS),
            "template": named(logs.template, [template.text for template in templates]),
            "component": named(logs.template, [template.component for template in templates]),
            "first_number": logs.first_number,
            "second_number": logs.second_number,
        },
    )


def _delivery(deliveries: Deliveries, statuses: Sequence[str]) -> dict[str, Any]:
    return {
        "repository": named(deliveries.repository, vocabulary.REPOSITORIES),
        "team": named(deliveries.repository, vocabulary.TEAMS),
        "pipeline": named(deliveries.pipeline, vocabulary.PIPELINES),
        "commit": deliveries.commit,
        "status": named(deliveries.status, statuses),
        "finished": timestamps(deliveries.finished),
    }


def build(builds: Deliveries) -> Events:
    """One event for each build."""
    return Events(builds.started, _delivery(builds, vocabulary.BUILD_STATUSES))


def deployment(deployments: Deliveries) -> Events:
    """One event for each deployment."""
    columns = _delivery(deployments, vocabulary.DEPLOYMENT_STATUSES)
    columns["environment"] = named(deployments.environment, vocabulary.ENVIRONMENTS)
    return Events(deployments.started, columns)
