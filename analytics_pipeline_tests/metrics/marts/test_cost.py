"""The marts of cost against Python, over generated events, the sample, and made-up priced ones."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from math import fsum
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pandas as pd
import pytest

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.evaluating import evaluate
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.seeds import seed_rows
from analytics_pipeline_tests.metrics.events import store_events
from analytics_pipeline_tests.metrics.marts.priced_queries import (
    DIMENSIONS,
    priced_queries,
    read_prices,
)
from analytics_pipeline_tests.metrics.raw_files import RawLake, assert_same_rows

Query = dict[str, Any]
# Names as they arrive; of some the price changes within the made-up days.
MODELS = (
    "gpt-4o", "openai/gpt-4o", "gpt-4o-2024-05-13", "azure/eu/gpt-4o-2024-08-06", "GPT-4o-mini",
    "gpt-4o-audio-preview", "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
    "anthropic/claude-3.5-sonnet", "claude-3-opus@20240229", "gemini/gemini-1.5-pro-002",
    "models/gemini-1.5-flash-latest", "mistral.mistral-large-2407-v1:0", "atlas-large", None,
)  # fmt: skip
FIRST = date(2024, 9, 12)
SUMS = (
    "input_tokens", "output_tokens", "provider_cache_read_tokens", "provider_cache_write_tokens",
    "tokens_saved", "response_cache_savings", "provider_cache_savings",
)  # fmt: skip


def marts(project: Project) -> list[str]:
    """Those of cost, and what they are made from."""
    users = ["int_user_days", "int_user_recency", "daily_engagement_metrics"]
    return [*users, *(name for name in project.marts if "cost" in name)]


def made_up_events(day: date, random: Random, queries: int) -> list[Query]:
    def sometimes(value: Any) -> Any:
        return value if random.random() < 0.7 else None

    return [
        {
            "event_type": random.choice(["cache_query"] * 5 + ["failed_query", "ui_interaction"]),
            "event_date": day,
            "user_id": sometimes(random.choice(["ada", "bob", "eve"])),
            "team": sometimes(random.choice(["red", "blue"])),
            "language": sometimes(random.choice(["python", "go"])),
            "framework": sometimes("django"),
            "cache_hit": random.random() < 0.4,
            "model": random.choice(MODELS),
            "prompt_tokens": sometimes(random.choice([0, 700, 5_000, 128_000, 150_000])),
            "completion_tokens": sometimes(random.choice([0, 3, 900])),
            "provider_cache_read_tokens": sometimes(random.choice([0, 600, 4_000])),
            "provider_cache_write_tokens": sometimes(random.choice([0, 90])),
            "cost": random.choice([None, None, None, 0.0, random.random() / 50]),
            "cost_saved": random.choice([None, None, None, 0.01, -0.02]),
            "tokens_saved": random.choice([None, None, 5_000]),
        }
        for _ in range(queries)
    ]


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory, project: Project) -> RawLake:
    """Seven weeks over two ends of a month, with silent days."""
    lake = Lake(tmp_path_factory.mktemp("made_up"))
    days = [FIRST + timedelta(days=number) for number in range(50)]
    random = Random(11)
    by_day = {
        day: made_up_events(day, random, 0 if number in {0, 9, 20, 21, 49} else 60)
        for number, day in enumerate(days)
    }
    with lake.engine() as connection:
        for day, events in by_day.items():
            store_events(lake, connection, day, events)
        # The first days at last, as where they are backfilled.
        build(lake, connection, project, days[25:], marts(project))
        build(lake, connection, project, days[:25], marts(project))
    events = pd.DataFrame([event for events in by_day.values() for event in events], dtype=object)
    return RawLake(lake, project, events, days)


@pytest.fixture(params=["made_up", "generated", "sample"])
def raw(request: pytest.FixtureRequest) -> RawLake:
    lake: RawLake = request.getfixturevalue(request.param)
    return lake


@pytest.fixture
def queries(raw: RawLake) -> list[Query]:
    return priced_queries(raw.events, read_prices(raw.project.seeds["model_prices"].file))


def total(queries: Iterable[Query], name: str, when: Callable[[Query], bool] | None = None) -> Any:
    """The sum of what is known; None where nothing is."""
    known = [q[name] for q in queries if q[name] is not None and (when is None or when(q))]
    if not known:
        return None
    return sum(known) if "tokens" in name else fsum(known)


def divided(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def summed(queries: Sequence[Query]) -> dict[str, Any]:
    answered = [q for q in queries if q["outcome"] != "failed"]
    with_cost = [q for q in answered if q["cost"] is not None]
    cost, saved = total(queries, "cost"), total(queries, "response_cache_savings")
    return {
        "queries": len(answered),
        "queries_with_cost": len(with_cost),
        "unpriced_queries": sum(q["has_tokens"] and q["cost"] is None for q in answered),
        **{name: total(queries, name) for name in SUMS},
        "total_cost": cost,
        "failed_query_cost": total(queries, "cost", lambda q: q["outcome"] == "failed"),
        "cost_per_query": divided(total(answered, "cost"), len(with_cost)),
        "savings_rate": None if None in (cost, saved) else divided(saved, cost + saved),
    }


def grouped(queries: Iterable[Query], *names: str) -> dict[tuple[Any, ...], list[Query]]:
    groups = defaultdict(list)
    for query in queries:
        groups[tuple(query[name] for name in names)].append(query)
    return groups


def savings_from(queries: Sequence[Query], source: str) -> Any:
    return total(queries, "response_cache_savings", lambda q: q["savings_source"] == source)


def of_day(queries: Sequence[Query], users: int) -> dict[str, Any]:
    """What a day with queries has."""
    misses = [q for q in queries if q["outcome"] == "miss" and q["cost"] is not None]
    sums = summed(queries)
    return {
        **sums,
        "reported_cost": total(queries, "cost", lambda q: q["cost_source"] == "reported"),
        "priced_cost": total(queries, "cost", lambda q: q["cost_source"] == "priced"),
        "cost_per_miss": divided(total(misses, "cost"), len(misses)),
        "cost_per_active_user": divided(sums["total_cost"], users),
        **{
            f"{source}_response_cache_savings": savings_from(queries, source)
            for source in ("reported", "priced", "estimated")
        },
    }


def of_month(raw: RawLake, by_day: dict[tuple[Any, ...], list[Query]], day: date) -> dict[str, Any]:
    costs = {other: total(by_day.get((other,), []), "cost") for other in raw.days if other <= day}
    month = [c for d, c in costs.items() if d.month == day.month and c is not None]
    week = [c for d, c in costs.items() if (day - d).days < 7 and c is not None]
    begun = [d for (d,) in by_day if 6 <= (day - d).days <= 30]
    left = (pd.Timestamp(day) + pd.offsets.MonthEnd(0)).day - day.day
    return {
        "cost_month_to_date": fsum(month) if month else None,
        "projected_month_cost": fsum(month) + fsum(week) / 7 * left if begun and week else None,
    }


def test_days(raw: RawLake, queries: list[Query]) -> None:
    by_day = grouped(queries, "event_date")
    people = raw.of_type("cache_query", "cache_store", "ui_interaction")
    users = people.groupby("event_date")["user_id"].nunique()
    rows = [
        {
            "event_date": day,
            **(of_day(by_day[(day,)], users.get(day, 0)) if (day,) in by_day else {}),
            **of_month(raw, by_day, day),
        }
        for day in raw.days
    ]
    mart = raw.mart("daily_cost_metrics")
    expected = pd.DataFrame(rows, columns=mart.columns, dtype=object)
    assert_same_rows(mart, expected, ["event_date"], [*mart.columns.drop("event_date")])
    costs = [{**row, "queries": len(by_day.get((row["event_date"],), [])) or None} for row in rows]
    history = raw.mart("int_daily_costs")
    expected = pd.DataFrame(costs, columns=history.columns, dtype=object)
    assert_same_rows(history, expected, ["event_date"], ["queries", "total_cost"])


def test_slices(raw: RawLake, queries: list[Query]) -> None:
    of_days = {day: total(of, "cost") for (day,), of in grouped(queries, "event_date").items()}
    rows = []
    for dimension in DIMENSIONS:
        for (day, value), some in grouped(queries, "event_date", dimension).items():
            sums = summed(some)
            share = divided(sums["total_cost"], of_days[day])
            keys = {"event_date": day, "dimension": dimension, "value": value}
            rows.append({**keys, **sums, "cost_share": share})
    mart = raw.mart("daily_cost_metrics_by_slice")
    keys = ["event_date", "dimension", "value"]
    expected = pd.DataFrame(rows, columns=mart.columns, dtype=object)
    assert_same_rows(mart, expected, keys, [*mart.columns.drop(keys)])


def test_reconciliation(raw: RawLake, queries: list[Query]) -> None:
    rows = []
    misses = [query for query in queries if query["outcome"] == "miss"]
    for (day, model), some in grouped(misses, "event_date", "model").items():
        both = [
            q for q in some if q["cost_source"] == "reported" and q["price_of_call"] is not None
        ]
        sources = [q["cost_source"] for q in some]
        reported, price = total(both, "cost"), total(both, "price_of_call")
        difference = price - reported if both else None
        rows.append(
            {
                "event_date": day,
                "model": model,
                "misses": len(some),
                "compared_misses": len(both),
                "only_reported_misses": sources.count("reported") - len(both),
                "only_priced_misses": sources.count("priced"),
                "misses_without_cost": sources.count("none"),
                "reported_cost": reported,
                "priced_cost": price,
                "difference": difference,
                "relative_difference": divided(difference, reported),
            }
        )
    mart = raw.mart("daily_cost_reconciliation")
    expected = pd.DataFrame(rows, columns=mart.columns, dtype=object)
    keys = ["event_date", "model"]
    assert_same_rows(mart, expected, keys, [*mart.columns.drop(keys)])


def test_query_costs(raw: RawLake, queries: list[Query]) -> None:
    names = {"user_id": "user"}
    for query in queries:
        query["has_price"] = query["price_of_call"] is not None
    keys = [
        "event_date", "outcome", "cost_source", "savings_source", "has_price", "model", "user_id",
        "team", "language", "framework",
    ]  # fmt: skip
    rows = [
        {
            **dict(zip(keys, values, strict=True)),
            "queries": len(some),
            "queries_with_tokens": sum(query["has_tokens"] for query in some),
            "cost": total(some, "cost"),
            "priced_cost": total(some, "price_of_call"),
            **{name: total(some, name) for name in SUMS},
        }
        for values, some in grouped(queries, *(names.get(key, key) for key in keys)).items()
    ]
    mart = raw.mart("int_query_costs")
    expected = pd.DataFrame(rows, columns=mart.columns, dtype=object)
    assert_same_rows(mart, expected, keys, [*mart.columns.drop(keys)])


def test_every_data_test_passes(raw: RawLake) -> None:
    failing = {}
    with raw.lake.engine() as connection:
        for name, mart in raw.project.marts.items():
            if "cost" in name:
                for result in evaluate(connection, raw.lake.scan(mart.table), mart.declared.tests):
                    if result.failing and result.test.severity == "error":
                        failing[name, result.test.name] = result.examples
    assert not failing


def test_the_made_up_events_bring_every_case(made_up: RawLake) -> None:
    costs = made_up.mart("int_query_costs")
    assert set(costs["cost_source"]) == {"reported", "priced", "cache", "none"}
    assert set(costs["savings_source"]) == {"reported", "priced", "estimated", "none"}
    days = made_up.mart("daily_cost_metrics")
    assert days["projected_month_cost"].notna().sum() > 30
    assert days["projected_month_cost"].isna().sum() > 5


def test_equal_events_give_equal_bytes(tmp_path: Path, project: Project) -> None:
    events = """
        select
            'cache_query' as event_type, i % 3 = 0 as cache_hit, 'gpt-4o' as model,
            exp(hash(i) % 10000 / 1000) / 1000 as cost,
            case when i % 2 = 0 then exp(hash(i) % 777 / 100) end as cost_saved
        from range(60_000) numbers(i)"""
    lake = Lake(tmp_path)
    seen = set()
    with lake.engine() as connection:
        nothing = f"from {lake.scan(VALIDATED_EVENTS, [])}"
        connection.execute(f"create table many as {nothing} union all by name {events}")
        for threads, order in ((1, "cost"), (4, "hash(cost)"), (4, "hash(cost_saved)")):
            connection.execute(f"set threads = {threads}")
            unordered = replace(VALIDATED_EVENTS, order_by=())
            lake.replace(connection, unordered, FIRST, f"from many order by {order}")
            build(lake, connection, project, [FIRST], marts(project))
            seen.add(
                tuple(
                    lake.partition_file(project.marts[name].table, FIRST).read_bytes()
                    for name in marts(project)
                )
            )
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("change", "test"),
    [
        ("replace (least(valid_from, date '2024-01-01') as valid_from)", "no_overlapping_periods"),
        ("replace (null::date as valid_to)", "no_overlapping_periods"),
        ("replace (valid_from - 9999 as valid_to)", "no_overlapping_periods"),
        (
            "replace (-usd_per_million_input_tokens as usd_per_million_input_tokens)",
            "accepted_range_usd_per_million_input_tokens",
        ),
        ("replace ('gpt' as model_pattern)", "unique_combination_of_columns"),
    ],
)
def test_of_the_prices(project: Project, change: str, test: str) -> None:
    seed = project.seeds["model_prices"]
    with duckdb.connect() as connection:
        whole = evaluate(connection, seed_rows(seed), seed.declared.tests)
        assert {result.test.name: result.failing for result in whole if result.failing} == {}
        changed = evaluate(
            connection, f"(select * {change} from {seed_rows(seed)})", seed.declared.tests
        )
    assert test in {result.test.name for result in changed if result.failing}
