"""The columns of each event type, as Arrow arrays: positions become names here."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from analytics_pipeline.samples.generation import vocabulary
from analytics_pipeline.samples.generation.deliveries import Deliveries
from analytics_pipeline.samples.generation.operations import Logs, Metrics
from analytics_pipeline.samples.generation.people import Turns, Users, name_of
from analytics_pipeline.samples.generation.period import SECOND, Floats, Ints, Period
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
            pa.array([name_of(user) for user in range(users.count)]),
            pa.array(vocabulary.query_texts(cache.intents_per_language)),
            pa.array(keys, type=pa.string()),
        )


@dataclass(frozen=True)
class Events:
    """Events of one type: when each happened, and its columns.

    ``spoiled`` is the reason for which the line of each will be refused, a position in BAD_LINES;
    -1 for a good one. ``told`` are the times that the lines tell, where they can differ from the
    true ones; ``kept`` is how much there is of each line, 1 for a whole one.
    """

    time: Ints
    columns: dict[str, Any]
    spoiled: Ints
    told: Ints | None = None
    kept: Floats | None = None

    @classmethod
    def good(cls, time: Ints, columns: dict[str, Any]) -> "Events":
        """Events whose lines are all good."""
        return cls(time, columns, np.full(len(time), -1))

    def take(self, rows: Ints) -> "Events":
        """Some of the events."""
        if len(rows) == len(self.time):
            return self
        taken = pa.array(rows)
        return Events(
            self.time[rows],
            {
                name: column[rows] if isinstance(column, np.ndarray) else column.take(taken)
                for name, column in self.columns.items()
            },
            self.spoiled[rows],
            None if self.told is None else self.told[rows],
            None if self.kept is None else self.kept[rows],
        )


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


def _asked(activity: Activity, rows: Ints) -> dict[str, Any]:
    """The columns of the numbered questions, answered or not."""
    turns, queries = activity.turns, activity.queries
    return {
        **activity.who(rows),
        "query": named(queries.text[rows], activity.names.texts),
        "response_time": queries.response_time[rows],
        "model": named(turns.model[rows], [model.name for model in vocabulary.MODELS]),
        "prompt_tokens": queries.prompt_tokens[rows],
    }


def cache_query(activity: Activity) -> Events:
    """One event for each question that got an answer."""
    turns, queries = activity.turns, activity.queries
    rows = np.flatnonzero(queries.failure < 0)
    return Events.good(
        turns.time[rows],
        {
            **_asked(activity, rows),
            "cache_hit": queries.cache_hit[rows],
            "completion_tokens": queries.completion_tokens[rows],
            "cost": queries.cost[rows],
            "match_type": named(queries.match_type[rows], MATCH_TYPES),
            "cache_key": named(queries.cache_key[rows], activity.names.cache_keys),
        },
    )


def failed_query(activity: Activity) -> Events:
    """One event for each question that got none."""
    rows = np.flatnonzero(activity.queries.failure >= 0)
    failure = activity.queries.failure[rows]
    failures = vocabulary.FAILURES
    return Events.good(
        activity.turns.time[rows],
        {
            **_asked(activity, rows),
            "error": named(failure, [each.message for each in failures]),
            "error_class": named(failure, [each.error_class for each in failures]),
        },
    )


def cache_store(activity: Activity, most: int, rng: np.random.Generator) -> Events:
    """At most ``most`` of the new answers, stored a moment after they came."""
    queries, names = activity.queries, activity.names
    answered = np.flatnonzero(~queries.cache_hit & (queries.failure < 0))
    rows = np.sort(rng.choice(answered, min(most, len(answered)), replace=False))
    size = queries.completion_tokens[rows] * BYTES_PER_TOKEN * rng.uniform(0.8, 1.2, len(rows))
    return Events.good(
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
    return Events.good(
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
    return Events.good(
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
    templates.extend(vocabulary.NEW_LOG_TEMPLATES)
    return Events.good(
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
    return Events.good(builds.started, _delivery(builds, vocabulary.BUILD_STATUSES))


def deployment(deployments: Deliveries) -> Events:
    """One event for each deployment."""
    columns = _delivery(deployments, vocabulary.DEPLOYMENT_STATUSES)
    columns["environment"] = named(deployments.environment, vocabulary.ENVIRONMENTS)
    return Events.good(deployments.started, columns)
