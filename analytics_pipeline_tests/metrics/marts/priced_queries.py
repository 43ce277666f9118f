"""Costs and savings of queries, computed in Python one at a time."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

VERSION_PARTS = re.compile(r"latest|\d{4}-\d\d-\d\d|\d{3,8}|v\d+(:\d+)?")
DIMENSIONS = ("model", "user", "team", "language", "framework")


@dataclass(frozen=True)
class Price:
    """A row of the table of prices, rates in USD for a token."""

    pattern: str
    first: date
    last: date
    input: float
    output: float
    read: float
    write: float
    longest: float

    def fits(self, name: str) -> bool:
        """Whether the name is that of the pattern, or its versions follow."""
        whole = plain(name)
        short = plain(without_words_before_a_dot(name.rpartition("/")[2]))
        return self.pattern in beginnings(whole if "/" in self.pattern else short)


def plain(name: str) -> str:
    return name.lower().replace(".", "-")


def without_words_before_a_dot(name: str) -> str:
    word, dot, rest = name.lower().partition(".")
    if dot and word and not re.search(r"[^a-z-]", word):
        return without_words_before_a_dot(rest)
    return name.lower()


@cache
def beginnings(name: str) -> set[str]:
    """What is left of a name without any number of versions at its end."""
    found = {name}
    for place, letter in enumerate(name):
        if letter in "-@:" and VERSION_PARTS.fullmatch(name[place + 1 :]):
            found |= beginnings(name[:place])
    return found


def read_prices(file: Path) -> list[Price]:
    prices = []
    with file.open() as rows:
        for row in csv.DictReader(rows):
            rates = {
                name: float(row[f"usd_per_million_{name}_tokens"] or "nan") / 1e6
                for name in ("input", "output", "cache_read", "cache_write")
            }
            read, write = (
                rates["input"] if pd.isna(rates[name]) else rates[name]
                for name in ("cache_read", "cache_write")
            )
            prices.append(
                Price(
                    plain(row["model_pattern"]),
                    date.fromisoformat(row["valid_from"]),
                    date.fromisoformat(row["valid_to"] or "9999-12-31"),
                    rates["input"],
                    rates["output"],
                    read,
                    write,
                    float(row["max_prompt_tokens"] or "inf"),
                )
            )
    return prices


def price_of(prices: Iterable[Price], model: str, day: date) -> Price | None:
    fitting = [p for p in prices if p.first <= day <= p.last and p.fits(model)]
    return max(fitting, key=lambda p: ("/" in p.pattern, len(p.pattern)), default=None)


def number(event: Mapping[str, Any], name: str) -> Any:
    value = event.get(name)
    return None if value is None or pd.isna(value) else value


def priced(event: Mapping[str, Any], price: Price | None) -> dict[str, Any]:
    """A query with its cost and savings; what is not known is None."""
    failed = event["event_type"] == "failed_query"
    hit = not failed and bool(event["cache_hit"])
    prompt, answer = (number(event, name) for name in ("prompt_tokens", "completion_tokens"))
    read, write = (
        None if failed else number(event, f"provider_cache_{name}_tokens")
        for name in ("read", "write")
    )
    uncached = length = None
    if prompt is not None:
        cached = (read or 0) + (write or 0)
        uncached = prompt if cached > prompt else prompt - cached
        length = uncached + cached
    list_price = saved_by_provider = None
    if price and length is not None and length <= price.longest:
        saved_by_provider = (read or 0) * (price.input - price.read) - (write or 0) * (
            price.write - price.input
        )
        if answer is not None:
            list_price = length * price.input - saved_by_provider + answer * price.output
    reported, told = number(event, "cost"), number(event, "cost_saved")
    calls_provider = bool(answer) if failed else not hit
    price_of_call = list_price if calls_provider else None
    cost, source = None, "none"
    if reported is not None:
        cost, source = reported, "reported"
    elif hit:
        cost, source = 0.0, "cache"
    elif price_of_call is not None:
        cost, source = price_of_call, "priced"
    tokens = None if length is None or answer is None else length + answer
    savings, savings_source = None, "none"
    if hit and told is not None:
        savings, savings_source = told, "reported"
    elif hit and list_price is not None:
        savings, savings_source = list_price - cost, "priced"
    told_tokens = number(event, "tokens_saved")
    return {
        "event_date": event["event_date"],
        "outcome": "failed" if failed else "hit" if hit else "miss",
        **{name: number(event, name) or "(none)" for name in ("model", *DIMENSIONS[2:])},
        "user": number(event, "user_id") or "(none)",
        "has_tokens": tokens is not None,
        "input_tokens": None if hit else length,
        "output_tokens": None if hit else answer,
        "provider_cache_read_tokens": None if hit else read,
        "provider_cache_write_tokens": None if hit else write,
        "tokens_saved": (tokens if told_tokens is None else told_tokens) if hit else None,
        "cost": cost,
        "cost_source": source,
        "price_of_call": price_of_call,
        "response_cache_savings": savings,
        "savings_source": savings_source,
        "provider_cache_savings": saved_by_provider if not hit and (read or write) else None,
    }


def priced_queries(events: pd.DataFrame, prices: Sequence[Price]) -> list[dict[str, Any]]:
    """All queries among the events, with the savings of hits estimated where nothing tells."""
    chosen: dict[Any, Price | None] = {}
    queries = []
    for event in events.to_dict("records"):
        if event["event_type"] in ("cache_query", "failed_query"):
            model, day = number(event, "model"), event["event_date"]
            if (model, day) not in chosen:
                chosen[model, day] = price_of(prices, model, day) if model else None
            queries.append(priced(event, chosen[model, day]))
    misses = defaultdict(list)
    for query in queries:
        if query["outcome"] == "miss" and query["cost"] is not None:
            misses[query["event_date"], query["model"]].append(query["cost"])
    for query in queries:
        same = misses.get((query["event_date"], query["model"]))
        if query["outcome"] == "hit" and query["savings_source"] == "none" and same:
            query["response_cache_savings"] = fmean(same) - query["cost"]
            query["savings_source"] = "estimated"
    return queries
