"""Questions put to the cache and what the cache does with them."""

from dataclasses import dataclass, field

import numpy as np

from analytics_pipeline.samples.generation.demand import Demand
from analytics_pipeline.samples.generation.incidents import (
    COST_SPIKE,
    HIT_RATE_DROP,
    LATENCY_REGRESSION,
    OUTAGE,
    Incident,
    during_any,
    of_kind,
)
from analytics_pipeline.samples.generation.people import (
    FAVOURITES,
    Turns,
    Users,
    position_of,
)
from analytics_pipeline.samples.generation.period import SECOND, Flags, Floats, Ints
from analytics_pipeline.samples.generation.vocabulary import (
    FAILURES,
    LANGUAGES,
    MODELS,
    MOST_INTENTS_PER_LANGUAGE,
    PHRASINGS_PER_INTENT,
)

MATCH_TYPES = ("none", "exact", "semantic", "intent")
EVENTS_PER_INTENT, FEWEST_INTENTS = 250, 24
FAVOURITE_SHARE = 0.35
POPULARITY, POPULARITY_SHIFT = 1.0, 4.0
HIT_SHARE_OF_POPULAR, HIT_SHARE_OF_RARE = 0.9, 0.72
HIT_LATENCY = np.array([0.0, 0.012, 0.045, 0.07])
FAILED_SHARE = 0.004


@dataclass
class Cache:
    """What the cache has seen so far: one entry for each intent and model."""

    intents_per_language: int
    seen: Flags = field(init=False)

    def __post_init__(self) -> None:
        self.seen = np.zeros(self.intents * len(MODELS), dtype=np.bool_)

    @property
    def intents(self) -> int:
        """Number of intents of all languages."""
        return self.intents_per_language * len(LANGUAGES)


@dataclass(frozen=True)
class Queries:
    """The outcome of each question; texts, keys, match types and failures as positions.

    ``failure`` is -1 where there was an answer.
    """

    text: Ints
    cache_key: Ints
    cache_hit: Flags
    match_type: Ints
    response_time: Floats
    prompt_tokens: Ints
    completion_tokens: Ints
    cost: Floats
    failure: Ints


def plan_cache(events: int) -> Cache:
    """An empty cache, and as many different questions as the number of events supports."""
    per_language = events // EVENTS_PER_INTENT // len(LANGUAGES)
    return Cache(min(max(per_language, FEWEST_INTENTS), MOST_INTENTS_PER_LANGUAGE))


def _intents(users: Users, turns: Turns, cache: Cache, rng: np.random.Generator) -> Ints:
    """What is asked: a favourite of the user, or else a question of the language by popularity."""
    size, per_language = len(turns.time), cache.intents_per_language
    # Zipf-Mandelbrot: a long tail, without one question that outweighs all others.
    weights = 1 / (np.arange(per_language) + POPULARITY_SHIFT) ** POPULARITY
    cumulative = np.cumsum(weights) / weights.sum()
    popular = np.searchsorted(cumulative, rng.random(size), side="right")
    favourite = users.first_favourite[turns.user] + rng.geometric(0.3, size) % FAVOURITES
    rank = np.where(rng.random(size) < FAVOURITE_SHARE, favourite % per_language, popular)
    return turns.language * per_language + np.minimum(rank, per_language - 1)


def _seen_before(cache: Cache, cache_key: Ints) -> Flags:
    """Whether each entry was asked for earlier, in this chunk or before; remembers all of them."""
    keys, first = np.unique(cache_key, return_index=True)
    seen = np.ones(len(cache_key), dtype=np.bool_)
    seen[first] = cache.seen[keys]
    cache.seen[keys] = True
    return seen


def _hit_share(cache: Cache, intents: Ints, turns: Turns, demand: Demand) -> Floats:
    hours = demand.period.hour_of(turns.time)
    popularity = 1 - (intents % cache.intents_per_language) / cache.intents_per_language
    share: Floats = HIT_SHARE_OF_RARE + (HIT_SHARE_OF_POPULAR - HIT_SHARE_OF_RARE) * popularity
    for incident in of_kind(demand.incidents, HIT_RATE_DROP):
        share[incident.during(hours) & _of_model(turns, incident)] *= incident.strength
    return share


def _of_model(turns: Turns, incident: Incident) -> Flags:
    names = [model.name for model in MODELS]
    affected: Flags = turns.model == names.index(incident.affected)
    return affected


def _excess(turns: Turns, demand: Demand) -> Floats:
    """By what each question's tokens are multiplied because it belongs to a cost spike; else 1."""
    hours = demand.period.hour_of(turns.time)
    factor = np.ones(len(hours))
    for incident in of_kind(demand.incidents, COST_SPIKE):
        of_user = turns.user == position_of(incident.affected)
        factor[incident.during(hours) & of_user] = incident.strength
    return factor


def _failures(demand: Demand, hours: Ints, rng: np.random.Generator) -> Ints:
    """How each question fails; -1 where it does not. In an outage all do."""
    out = during_any(of_kind(demand.incidents, OUTAGE), hours)
    failed = out | (rng.random(len(hours)) < FAILED_SHARE)
    usual = rng.choice(len(FAILURES), len(hours), p=[each.share for each in FAILURES])
    in_outage = rng.choice(len(FAILURES), len(hours), p=[each.share_in_outage for each in FAILURES])
    return np.where(failed, np.where(out, in_outage, usual), -1)


def ask(
    users: Users,
    turns: Turns,
    cache: Cache,
    demand: Demand,
    rng: np.random.Generator,
) -> Queries:
    """Answer every question from the cache or by its model.

    A hit needs an earlier question of the same intent to the same model; popular questions hit
    more often. Hits take some hundredths of a second, more where the match was not exact;
    misses take as long as their model, longer answers and higher load make them. Hits cost
    nothing; misses cost their tokens. A few questions fail, and all do in an outage; those of a
    cost spike are long and never asked before.
    """
    size = len(turns.time)
    hours = demand.period.hour_of(turns.time)
    intents = _intents(users, turns, cache, rng)
    cache_key = intents * len(MODELS) + turns.model
    phrasing = rng.choice(PHRASINGS_PER_INTENT, size, p=[0.6, 0.28, 0.12])
    failure, excess = _failures(demand, hours, rng), _excess(turns, demand)
    answered = failure < 0
    lucky = rng.random(size) < _hit_share(cache, intents, turns, demand)
    hit = np.zeros(size, dtype=np.bool_)
    hit[answered] = _seen_before(cache, cache_key[answered])
    hit &= lucky & (excess == 1)
    match_type = np.where(hit, phrasing + 1, 0)

    prompt_tokens = ((rng.lognormal(np.log(420), 0.7, size) + 20) * excess).astype(np.int64)
    completion_tokens = ((rng.lognormal(np.log(260), 0.6, size) + 10) * excess).astype(np.int64)
    median = np.array([model.median_latency for model in MODELS])[turns.model]
    miss_latency = median * (0.5 + completion_tokens / 600) * (0.9 + 0.3 * demand.load(hours))
    response_time = np.where(hit, HIT_LATENCY[match_type], miss_latency)
    response_time *= rng.lognormal(0, 0.35, size)
    for incident in of_kind(demand.incidents, LATENCY_REGRESSION):
        response_time[incident.during(hours) & _of_model(turns, incident)] *= incident.strength
    until_failure = np.array([each.seconds for each in FAILURES])[failure[~answered]]
    response_time[~answered] = until_failure * rng.uniform(1.0, 1.05, len(until_failure))

    prompt_price = np.array([model.prompt_price for model in MODELS])[turns.model]
    completion_price = np.array([model.completion_price for model in MODELS])[turns.model]
    cost = (prompt_tokens * prompt_price + completion_tokens * completion_price) / 1e6
    return Queries(
        text=intents * PHRASINGS_PER_INTENT + phrasing,
        cache_key=cache_key,
        cache_hit=hit,
        match_type=match_type,
        response_time=response_time.round(4),
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost=np.where(hit, 0, cost).round(6),
        failure=failure,
    )


def answered_at(turns: Turns, queries: Queries) -> Ints:
    """When each question was answered, to the millisecond."""
    return turns.time + (queries.response_time * 1000).astype(np.int64) * (SECOND // 1000)
