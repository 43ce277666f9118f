"""The marts of the cache against pandas, over events read from the raw files."""

import json
import random
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from pandas.core.groupby import SeriesGroupBy

from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.project import Project
from analytics_pipeline_tests.metrics.raw_files import RawLake, assert_same_rows, copied_lake

MARTS = (
    "int_cache_key_days", "daily_cache_metrics", "daily_cache_metrics_by_slice",
    "daily_cache_entry_metrics",
)  # fmt: skip
DIMENSIONS = ("model", "language", "framework", "team", "match_type")
PERCENTILES = (50, 90, 95, 99)
KNOWN_STORE_DAYS, NEVER_HIT_DAYS = 30, 7
FIRST = date(2026, 1, 10)


def stated(source: random.Random, **fields: Any) -> dict[str, Any]:
    """The fields without some of them, as logs leave them out."""
    return {name: value for name, value in fields.items() if source.random() < 0.8}


def events_with_gaps(source: random.Random) -> Iterator[dict[str, Any]]:
    """Six weeks in which fields, kinds of events, and whole days are missing."""
    for number in range(48):
        kinds = source.choices(
            ["cache_query", "cache_store", "failed_query"],
            source.choice([(6, 3, 1), (6, 0, 1), (0, 3, 2), (6, 2, 0), (0, 0, 1)]),
            k=source.choice([0, 1, 5, 40]),
        )
        # Between days 20 and 30 hits state no key.
        key_stated = 0.0 if 20 <= number < 30 else 0.9
        for kind in kinds:
            key = f"k{source.randrange(60)}"
            at = datetime.combine(FIRST, datetime.min.time()) + timedelta(
                days=number, hours=source.randrange(24), minutes=source.choice([0, 30])
            )
            event = {
                "event_type": kind,
                "timestamp": f"{at.isoformat()}Z",
                **stated(source, team=source.choice("xy")),
                "context": stated(
                    source, language=source.choice(["go", "c"]), framework=source.choice("pq")
                ),
            }
            if kind == "cache_store":
                yield {**event, "cache_key": key}
                continue
            event |= stated(
                source,
                model=source.choice(["large", "small", f"rare{source.randrange(9)}"]),
                response_time=round(source.lognormvariate(0, 1), 3),
            )
            if kind == "failed_query":
                yield {**event, "error": "timeout"}
                continue
            event["cache_hit"] = source.random() < 0.6
            event |= stated(
                source, match_type=source.choice(["exact", "semantic", "intent", "none"])
            )
            yield {**event, "cache_key": key} if source.random() < key_stated else event


@pytest.fixture(scope="module")
def gaps(tmp_path_factory: pytest.TempPathFactory, project: Project) -> RawLake:
    """Events that leave out what they may."""
    folder = tmp_path_factory.mktemp("gaps")
    source = random.Random(7)
    lines = [json.dumps(event) for event in events_with_gaps(source)]
    (folder / "raw").mkdir()
    (folder / "raw/events.jsonl").write_text("\n".join(lines) + "\n")
    return copied_lake(folder, folder / "raw", project)


@pytest.fixture(params=["generated", "sample", "gaps"])
def raw(request: pytest.FixtureRequest) -> RawLake:
    lake: RawLake = request.getfixturevalue(request.param)
    return lake


def queries_of(raw: RawLake) -> pd.DataFrame:
    names = dict.fromkeys([*raw.events.columns, "response_time", *DIMENSIONS])
    queries = raw.of_type("cache_query").reindex(columns=list(names))
    return queries.assign(
        cache_hit=queries["cache_hit"].astype(bool),
        response_time=queries["response_time"].astype(float),
        **{name: queries[name].astype(object).fillna("(none)") for name in DIMENSIONS},
    )


def summary(queries: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Counts and response times of the queries by the keys."""
    hits = queries["cache_hit"]
    found = queries.groupby(keys)["cache_hit"].agg(total_queries="size", cache_hits="sum")
    found["cache_misses"] = queries[~hits].groupby(keys).size().reindex(found.index, fill_value=0)
    found["hit_rate"] = found["cache_hits"] / found["total_queries"]
    for kind, rows in (("", queries), ("hit_", queries[hits]), ("miss_", queries[~hits])):
        times = rows.groupby(keys)["response_time"]
        found[f"average_{kind}response_time"] = times.mean()
        for percentile in PERCENTILES:
            found[f"p{percentile}_{kind}response_time"] = times.quantile(percentile / 100)
    return found


def gains_of_hits(queries: pd.DataFrame) -> SeriesGroupBy:
    """How much longer than each hit a miss of its model took that day, where it is known."""
    keys = ["event_date", "model"]
    misses = queries[~queries["cache_hit"]].groupby(keys)["response_time"].mean()
    hits = queries[queries["cache_hit"]].join(misses.rename("miss_time"), on=keys)
    return (hits["miss_time"] - hits["response_time"]).groupby(hits["event_date"])


def assert_mart(
    raw: RawLake, name: str, expected: pd.DataFrame, keys: tuple[str, ...] = ("event_date",)
) -> None:
    """Every column of a mart is as expected, in every row."""
    mart = raw.mart(name)
    columns = [column for column in mart.columns if column not in keys]
    assert_same_rows(mart, expected, keys, columns)


def test_days(raw: RawLake) -> None:
    queries = queries_of(raw)
    expected = summary(queries, ["event_date"]).reindex(raw.days).rename_axis("event_date")
    asked = expected["total_queries"].notna()
    for kind in ("exact", "semantic", "intent"):
        of_kind = queries[queries["cache_hit"] & (queries["match_type"] == kind)]
        counts = of_kind.groupby("event_date").size().reindex(raw.days, fill_value=0)
        expected[f"{kind}_hits"] = counts.where(asked)
    gains = gains_of_hits(queries)
    expected["time_saved_hits"] = gains.count().reindex(raw.days, fill_value=0).where(asked)
    saved = gains.sum(min_count=1).reindex(raw.days)
    expected["time_saved"] = saved.mask(expected["cache_hits"] == 0, 0.0)
    stores = raw.of_type("cache_store").groupby("event_date").size().reindex(raw.days)
    expected["stores"] = stores
    expected["store_to_hit_ratio"] = (stores / expected["cache_hits"]).where(
        expected["cache_hits"] > 0
    )
    failed = raw.of_type("failed_query").groupby("event_date").size()
    failed = failed.reindex(raw.days, fill_value=0)
    questions = expected["total_queries"].fillna(0) + failed
    expected["failed_queries"] = failed.where(questions > 0)
    expected["error_rate"] = (failed / questions).where(questions > 0)
    assert_mart(raw, "daily_cache_metrics", expected.reset_index())


def test_slices(raw: RawLake) -> None:
    queries = queries_of(raw)
    failures = raw.of_type("failed_query").reindex(columns=["event_date", *DIMENSIONS])
    failures = failures.astype(object).fillna("(none)")
    parts = []
    for dimension in DIMENSIONS:
        keys = ["event_date", dimension]
        failed = failures.groupby(keys).size().rename("failed_queries")
        part = summary(queries, keys)
        if dimension == "match_type":
            part["failed_queries"] = None
        else:
            part = part.join(failed, how="outer")
        part = part.rename_axis(["event_date", "value"]).reset_index()
        parts.append(part.assign(dimension=dimension))
    expected = pd.concat(parts)
    counts = ["total_queries", "cache_hits", "cache_misses"]
    expected[counts] = expected[counts].fillna(0)
    may_fail = expected["dimension"] != "match_type"
    expected["failed_queries"] = expected["failed_queries"].astype(float).fillna(0).where(may_fail)
    questions = expected["total_queries"] + expected["failed_queries"]
    expected["error_rate"] = expected["failed_queries"] / questions
    keys_of_mart = ("event_date", "dimension", "value")
    assert_mart(raw, "daily_cache_metrics_by_slice", expected, keys_of_mart)


Times = dict[str, list[pd.Timestamp]]


def times_by_key(events: pd.DataFrame) -> Times:
    found: Times = defaultdict(list)
    for key, time in zip(events["cache_key"], events["timestamp"], strict=True):
        if not pd.isna(key):
            found[key].append(time)
    return {key: sorted(times) for key, times in found.items()}


def key_ages(hits: pd.DataFrame, stores: Times) -> list[float]:
    """Seconds since the latest store, of each hit that has one in the days that count."""
    ages = []
    for key, time in zip(hits["cache_key"], hits["timestamp"], strict=True):
        earlier = stores.get(key, [])[: bisect_right(stores.get(key, []), time)]
        if earlier and (time.date() - earlier[-1].date()).days <= KNOWN_STORE_DAYS:
            ages.append((time - earlier[-1]).total_seconds())
    return ages


def never_hit(key: str, day: date, stores: Times, hits: Times) -> bool:
    """Whether a key that was stored in the day of the cohort has no hit since, up to a day."""
    of_cohort = day - timedelta(days=NEVER_HIT_DAYS)
    stored = next(time for time in stores[key] if time.date() == of_cohort)
    later = hits.get(key, [])[bisect_left(hits.get(key, []), stored) :]
    return not later or later[0].date() > day


def test_entries(raw: RawLake) -> None:
    queries, stored = queries_of(raw), raw.of_type("cache_store")
    all_hits = queries[queries["cache_hit"]]
    stores, hits = times_by_key(stored), times_by_key(all_hits)
    keys = stored.groupby("event_date")["cache_key"].unique()
    rows = []
    for day in raw.days:
        of_day = all_hits[all_hits["event_date"] == day]
        asked = bool((queries["event_date"] == day).any())
        ages = pd.Series(key_ages(of_day, stores), dtype=float)
        start = day - timedelta(days=NEVER_HIT_DAYS)
        cohort = list(keys.get(start, []))
        since = all_hits[(all_hits["event_date"] >= start) & (all_hits["event_date"] <= day)]
        known = cohort and (since.empty or since["cache_key"].notna().any())
        unused = sum(never_hit(key, day, stores, hits) for key in cohort)
        rows.append(
            {
                "event_date": day,
                "average_key_age_at_hit": ages.mean(),
                "p50_key_age_at_hit": ages.quantile(0.5),
                "p95_key_age_at_hit": ages.quantile(0.95),
                "hits_with_known_store": len(ages) if asked else None,
                "hits_with_unknown_store": len(of_day) - len(ages) if asked else None,
                "entries_stored": len(keys.get(day, [])) or None,
                "cohort_entries": len(cohort) or None,
                "never_hit_entries": unused if known else None,
                "never_hit_share": unused / len(cohort) if known else None,
            }
        )
    assert_mart(raw, "daily_cache_entry_metrics", pd.DataFrame(rows))


def test_keys(raw: RawLake) -> None:
    """Times are compared as text, in which one that is not there is null."""
    queries, keys = queries_of(raw), ["event_date", "cache_key"]
    parts = {"stored": raw.of_type("cache_store"), "hit": queries[queries["cache_hit"]]}
    found = {}
    for kind, events in parts.items():
        times = events.assign(text=events["timestamp"].map(str)).groupby(keys)["text"]
        found[f"{kind}_count"] = times.size()
        found[f"first_{kind}_at"] = times.min().astype("str")
        found[f"last_{kind}_at"] = times.max().astype("str")
    expected = pd.DataFrame(found).rename(columns={"stored_count": "stores", "hit_count": "hits"})
    expected = expected.fillna({"stores": 0, "hits": 0}).rename_axis(keys).reset_index()
    mart = raw.mart("int_cache_key_days")
    columns = [column for column in mart.columns if column not in keys]
    times_of_mart = mart.select_dtypes("datetime").columns
    assert len(times_of_mart) == 4
    for name in times_of_mart:
        mart[name] = mart[name].map(str, na_action="ignore").astype(object)
    assert_same_rows(mart, expected, keys, columns)


def test_the_lakes_have_what_the_metrics_tell_apart(generated: RawLake, gaps: RawLake) -> None:
    days, entries = gaps.mart("daily_cache_metrics"), gaps.mart("daily_cache_entry_metrics")
    assert (days["time_saved_hits"] < days["cache_hits"]).any()
    assert (days["time_saved"] < 0).any()
    assert (days["cache_hits"] > 0)[days["time_saved"].isna()].any()
    assert entries["hits_with_known_store"].sum() > 0 < entries["hits_with_unknown_store"].sum()
    unknown = entries["never_hit_entries"].isna() & entries["cohort_entries"].notna()
    assert unknown.any()
    shares = generated.mart("daily_cache_entry_metrics")["never_hit_share"].dropna()
    assert 0 < shares.mean() < 1


def test_a_day_computed_alone_is_as_in_a_range(gaps: RawLake, project: Project) -> None:
    before = {name: gaps.mart(name) for name in MARTS}
    with gaps.lake.engine() as connection:
        for day in random.Random(3).sample(gaps.days, 6):
            written = build(gaps.lake, connection, project, [day], MARTS)
            assert {name: list(days) for name, days in written.items()} == {
                name: [day] for name in MARTS
            }
    for name, rows in before.items():
        pd.testing.assert_frame_equal(gaps.mart(name), rows)
