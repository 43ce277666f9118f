from collections import Counter
from datetime import date
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.samples.generation.demand import draw_times, plan_chunks, plan_demand
from analytics_pipeline.samples.generation.incident_plan import (
    COURSES,
    Targets,
    plan_incidents,
    plan_season,
)
from analytics_pipeline.samples.generation.incidents import Incident
from analytics_pipeline.samples.generation.period import DAY, HOUR, Period
from analytics_pipeline.samples.generation.vocabulary import (
    LANGUAGES,
    MOST_INTENTS_PER_LANGUAGE,
    PHRASINGS_PER_INTENT,
    query_texts,
)

TARGETS = Targets(("atlas-large", "atlas-small"), ("dev-0003", "dev-0007"))


def plan(period: Period, seed: int) -> list[Incident]:
    return plan_incidents(period, TARGETS, np.random.default_rng(seed))


@given(
    days=st.integers(1, 50),
    events=st.integers(1, 20_000),
    most=st.integers(50, 5_000),
    seed=st.integers(0, 1_000),
)
@settings(max_examples=60, deadline=None)
def test_chunks_hold_all_events_once_and_in_order(
    days: int, events: int, most: int, seed: int
) -> None:
    period = Period(date(2026, 1, 1), days)
    rng = np.random.default_rng(seed)
    demand = plan_demand(period, plan(period, seed), rng)
    chunks = plan_chunks(demand, events, rng, chunk_events=most)
    assert sum(chunk.events for chunk in chunks) == events
    for left, right in pairwise(chunks):
        assert left.last_hour <= right.first_hour
    for chunk in chunks:
        assert 0 <= chunk.first_hour < chunk.last_hour <= days * 24
        if chunk.part:
            assert chunk.first_hour // 24 == (chunk.last_hour - 1) // 24
        else:
            assert chunk.first_hour % 24 == chunk.last_hour % 24 == 0
            assert chunk.events <= most
    of_day: dict[int, list[int]] = {}
    for chunk in chunks:
        if chunk.part:
            of_day.setdefault(chunk.first_hour // 24, []).append(chunk.part)
    for parts in of_day.values():
        assert len(parts) == len(set(parts))


def test_times_follow_the_demand_and_stay_in_the_chunk() -> None:
    period = Period(date(2026, 3, 2), 7)
    rng = np.random.default_rng(1)
    demand = plan_demand(period, [], rng)
    (chunk,) = plan_chunks(demand, 70_000, rng)
    times = draw_times(demand, chunk, 70_000, rng)
    assert period.start <= times[0] <= times[-1] < period.start + 7 * DAY
    counts = np.bincount((times - period.start) // HOUR, minlength=7 * 24)
    expected = 70_000 * demand.weights / demand.weights.sum()
    assert np.abs(counts - expected).max() <= 2


@given(days=st.integers(1, 500), seed=st.integers(0, 1_000))
@settings(max_examples=60, deadline=None)
def test_incidents_lie_in_the_period_and_leave_quiet_days(days: int, seed: int) -> None:
    period = Period(date(2026, 1, 1), days)
    incidents = plan(period, seed)
    assert incidents
    for incident in incidents:
        assert 0 <= incident.first_hour < incident.last_hour <= days * 24
        assert incident.first_hour // 24 == (incident.last_hour - 1) // 24
        assert incident.expected_alert
    on = [incident.first_hour // 24 for incident in incidents]
    assert len(set(on)) == len(on)
    quiet = 42 if days >= 90 else 14 if days >= 28 else 0
    assert on[0] >= quiet
    kinds = Counter(incident.kind for incident in incidents)
    if days - quiet >= 2 * len(COURSES):
        assert set(kinds) == set(COURSES)
        assert len(set(kinds.values())) == 1
    if days - quiet >= 6 * len(COURSES):
        assert min(np.diff(on)) >= 3


@given(days=st.integers(1, 500), first=st.dates(date(2020, 1, 1), date(2030, 1, 1)))
@settings(max_examples=60, deadline=None)
def test_the_batch_run_is_on_every_thursday_and_normal(days: int, first: date) -> None:
    period = Period(first, days)
    season = plan_season(period)
    thursdays = [day for day in period.dates if day.isoweekday() == 4]
    assert [period.dates_between(each.first_hour, each.last_hour) for each in season] == [
        [day] for day in thursdays
    ]
    assert not any(each.expected_alert for each in season)


def test_every_question_of_a_language_has_a_text_of_its_own() -> None:
    texts = query_texts(MOST_INTENTS_PER_LANGUAGE)
    assert len(texts) == len(LANGUAGES) * MOST_INTENTS_PER_LANGUAGE * PHRASINGS_PER_INTENT
    per_intent = [set(texts[start : start + 3]) for start in range(0, len(texts), 3)]
    assert all(len(phrasings) == 3 for phrasings in per_intent)
