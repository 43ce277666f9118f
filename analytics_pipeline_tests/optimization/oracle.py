"""What each kind of recommendation is worth, computed from the events in pandas and Python."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from analytics_pipeline_tests.optimization.repeats import Event, repeats

WINDOW = 28
GPT_4O = {"input": 2.5, "output": 10.0, "read": 1.25}
"""USD per million tokens, as model_prices has them from October 2024 on."""

Values = dict[tuple[str, str], tuple[float | None, float | None]]
"""usd_per_day and seconds_per_day, by kind and subject."""


class Window:
    """The events of the four weeks up to a day."""

    def __init__(self, events: Sequence[Event], day: date) -> None:
        self.first, self.day = day - timedelta(days=WINDOW - 1), day
        frame = pd.DataFrame(list(events))
        frame["day"] = frame["timestamp"].dt.date
        self.frame = frame[(frame["day"] >= self.first) & (frame["day"] <= day)]
        self.queries = self.of_type("cache_query").copy()
        self.queries["priced"] = [
            _cost(row) for row in self.queries.astype(object).to_dict("records")
        ]
        self.repeats = [
            each for each in repeats(events) if self.first <= each.event["timestamp"].date() <= day
        ]

    def of_type(self, event_type: str) -> pd.DataFrame:
        return self.frame[self.frame["event_type"] == event_type]

    def days(self, frame: pd.DataFrame) -> int:
        return int(frame["day"].nunique())


def _cost(event: dict[str, Any]) -> float | None:
    if event["cost"] is not None and not pd.isna(event["cost"]):
        return float(event["cost"])
    if event["cache_hit"]:
        return 0.0
    if event["model"] == "gpt-4o":
        tokens = event["prompt_tokens"], event["completion_tokens"]
        return float(tokens[0] * GPT_4O["input"] + tokens[1] * GPT_4O["output"]) / 1e6
    return None


def _mean(queries: pd.DataFrame) -> float | None:
    """The mean of the days' mean response times, weighted by their queries."""
    total = weight = 0.0
    for _, of_day in queries.groupby("day"):
        mean = of_day["response_time"].astype(float).mean()
        if not np.isnan(mean):
            total, weight = total + mean * len(of_day), weight + len(of_day)
    return total / weight if weight else None


def repeated_misses(window: Window) -> Values:
    groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for each in window.repeats:
        groups[(each.cause, each.event["model"])].append(each.event)
    days = window.days(window.queries)
    values: Values = {}
    for (cause, model), misses in groups.items():
        costs = [cost for cost in map(_cost, misses) if cost is not None]
        times = [event["response_time"] for event in misses if event["response_time"] is not None]
        hits = window.queries[(window.queries["model"] == model) & window.queries["cache_hit"]]
        hit = _mean(hits)
        seconds = None
        if times and hit is not None:
            seconds = max(sum(times) - len(times) * hit, 0) / days
        values[(cause, model)] = (sum(costs) / days if costs else None, seconds)
    return values


def slow_models(window: Window, limit: float) -> Values:
    values: Values = {}
    for model, queries in window.queries.groupby("model"):
        hits, misses = queries[queries["cache_hit"]], queries[~queries["cache_hit"].astype(bool)]
        p95 = _median_p95(queries)
        if not _median_p95(hits) <= limit < p95:
            continue
        days = window.days(window.queries)
        points = 0.01 * len(queries) / days
        costs = misses["priced"].dropna().astype(float)
        usd = None if costs.empty else points * float(costs.mean())
        hit, miss = _mean(hits), _mean(misses)
        assert hit is not None and miss is not None
        values[("slow_model", str(model))] = (usd, points * (miss - hit))
    return values


def _median_p95(queries: pd.DataFrame) -> float:
    daily = [
        of_day["response_time"].astype(float).quantile(0.95) for _, of_day in queries.groupby("day")
    ]
    return float(np.nanmedian(daily))


def provider_cache(window: Window) -> Values:
    long = window.queries[
        (~window.queries["cache_hit"].astype(bool))
        & (window.queries["prompt_tokens"] >= 1024)
        & (window.queries["model"] == "gpt-4o")
    ]
    usd = 0.0
    for _, calls in long.groupby(["day", "query"]):
        ordered = calls.sort_values("timestamp")
        near = ordered["timestamp"].diff() <= pd.Timedelta(minutes=5)
        usd += float(ordered.loc[near, "prompt_tokens"].sum()) * (
            GPT_4O["input"] - GPT_4O["read"]
        ) / 1e6  # fmt: skip
    return {("provider_cache", "gpt-4o"): (usd / window.days(window.queries), None)} if usd else {}


def cheaper_models(window: Window, least: int) -> Values:
    misses = window.queries[~window.queries["cache_hit"].astype(bool)]
    misses = misses[misses["priced"].notna()]
    used = {
        key: (
            float(group["priced"].astype(float).sum()),
            int((group["prompt_tokens"] + group["completion_tokens"]).sum()),
        )
        for key, group in misses.groupby(["model", "language"], dropna=False)
        if len(group) >= least
    }
    best: dict[str, tuple[float, str]] = {}
    for model in {model for model, _ in used}:
        for other in sorted({other for other, _ in used} - {model}):
            saved = 0.0
            for (name, language), (cost, tokens) in used.items():
                key = next((k for k in used if k[0] == other and _same(k[1], language)), None)
                if name != model or key is None:
                    continue
                rate = used[key][0] / used[key][1]
                if cost / tokens > rate:
                    saved += cost - tokens * rate
            if saved > 0 and saved > best.get(model, (0.0, ""))[0]:
                best[model] = (saved, other)
    days = window.days(window.queries)
    return {
        ("cheaper_model", f"{model} · {other}"): (saved / days, None)
        for model, (saved, other) in best.items()
    }


def _same(language: Any, other: Any) -> bool:
    return bool(language == other or (pd.isna(language) and pd.isna(other)))


def failing_models(window: Window, limit: float) -> Values:
    failures = window.of_type("failed_query")
    days = len({*window.queries["day"], *failures["day"]})
    values: Values = {}
    for model, failed in failures.groupby("model"):
        asked = int((window.queries["model"] == model).sum())
        if len(failed) / (len(failed) + asked) > limit:
            costs = failed["cost"].dropna().astype(float)
            usd = None if costs.empty else float(costs.sum()) / days
            values[("failing_model", str(model))] = (usd, None)
    return values


def failing_pipelines(window: Window, share: float, least: int) -> Values:
    builds = window.of_type("build")
    values: Values = {}
    for repository, of_repository in builds.groupby("repository"):
        decided = of_repository[of_repository["status"].isin(["success", "failure"])]
        failed = decided[decided["status"] == "failure"]
        if len(failed) >= least and len(failed) / len(decided) > share:
            took = (failed["finished_at"] - failed["started_at"]).dt.total_seconds().sum()
            values[("failing_pipeline", f"{repository} · ci")] = (
                None, float(took) / window.days(builds)
            )  # fmt: skip
    return values


def subjects(kind: str, names: Iterable[str]) -> Values:
    """Recommendations without a value."""
    return {(kind, name): (None, None) for name in names}


def failing_components(window: Window, limit: float) -> Values:
    entries = window.of_type("log_entry")
    names = entries["component"].fillna("(none)")
    rates = (entries["level"] == "ERROR").groupby(names).mean()
    return subjects("failing_component", [str(name) for name in rates[rates > limit].index])


def unpriced_models(window: Window) -> Values:
    unpriced = window.queries[window.queries["priced"].isna()]
    return subjects("unpriced_model", [str(name) for name in unpriced["model"].unique()])


def outdated_prices(window: Window, difference: float) -> Values:
    misses = window.queries[~window.queries["cache_hit"].astype(bool)]
    compared = misses[(misses["model"] == "gpt-4o") & misses["cost"].notna()]
    listed = (
        compared["prompt_tokens"] * GPT_4O["input"]
        + compared["completion_tokens"] * GPT_4O["output"]
    ).sum() / 1e6
    reported = compared["cost"].astype(float).sum()
    off = len(compared) >= 20 and abs(listed - reported) / reported > difference
    return subjects("outdated_price", ["gpt-4o"] if off else [])


def never_hit_share(events: Sequence[Event], window: Window) -> float:
    """Share of the entries stored 7 days before a day that got no hit up to its end."""
    never = cohort = 0
    for back in range(WINDOW):
        day = window.day - timedelta(days=back)
        stored_on = day - timedelta(days=7)
        stores: dict[str, Any] = {}
        for event in events:
            if event["event_type"] == "cache_store" and event["timestamp"].date() == stored_on:
                key, moment = event["cache_key"], event["timestamp"]
                stores[key] = min(moment, stores.get(key, moment))
        hits = defaultdict(list)
        for event in events:
            if event.get("cache_hit") and event["timestamp"].date() <= day:
                hits[event["cache_key"]].append(event["timestamp"])
        cohort += len(stores)
        never += sum(not any(hit >= moment for hit in hits[key]) for key, moment in stores.items())
    return never / cohort
