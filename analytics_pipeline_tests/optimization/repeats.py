"""Which misses are repeats, found once more in plain Python by comparing each with all before."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

Event = dict[str, Any]

HORIZON = timedelta(days=7)
LEAST_CHARACTERS = 20


class Repeat(NamedTuple):
    """A miss with its cause, and how long before it the question was known."""

    event: Event
    cause: str
    age: timedelta


def _text(event: Event) -> str | None:
    text = event.get("query")
    if text is None or len(text) < LEAST_CHARACTERS or "[REDACTED:" in text:
        return None
    return f"{event.get('model') or ''}\n{text}"


def _words(event: Event) -> str | None:
    text = _text(event)
    if text is None:
        return None
    model, _, query = text.partition("\n")
    words = " ".join(re.findall(r"[^\W_]+", query.lower()))
    return f"{model}\n{words}" if words else None


def _answered_at(event: Event) -> datetime:
    moment: datetime = event["timestamp"]
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    done = moment + timedelta(seconds=event.get("response_time") or 0.0)
    return min(done, midnight - timedelta(microseconds=1))


Moments = dict[str, list[tuple[datetime, bool]]]
"""When a question was answered, and whether from the cache, by what tells it."""


def repeats(events: Sequence[Event]) -> list[Repeat]:
    """The misses that repeat a question, each with its cause."""
    queries = [event for event in events if event["event_type"] == "cache_query"]
    stores = [event for event in events if event["event_type"] == "cache_store"]
    by_key: Moments = {}
    by_text: Moments = {}
    by_words: Moments = {}
    for event in queries:
        answer = _answered_at(event), event["cache_hit"]
        for told, name in (
            (by_key, event.get("cache_key")), (by_text, _text(event)), (by_words, _words(event))
        ):  # fmt: skip
            if name is not None:
                told.setdefault(name, []).append(answer)
    stored: dict[str, list[datetime]] = {}
    for event in stores:
        stored.setdefault(event["cache_key"], []).append(event["timestamp"])
    days_with_stores = {event["timestamp"].date() for event in stores}

    found = []
    for miss in queries:
        if miss["cache_hit"]:
            continue
        moment, key = miss["timestamp"], miss.get("cache_key")
        texts = _before(by_text, _text(miss), moment)
        same = _before(by_key, key, moment) if key is not None else texts
        entries = [answered for answered, hit in same if hit]
        entries += [at for at in stored.get(key or "", []) if moment - HORIZON <= at < moment]
        words = _before(by_words, _words(miss), moment)
        logged = any(moment.date() - timedelta(days=back) in days_with_stores for back in range(8))
        if entries:
            found.append(Repeat(miss, "lost_entries", moment - max(entries)))
        elif same:
            cause = "unstored_answers" if key is not None and logged else "repeated_misses"
            found.append(Repeat(miss, cause, moment - max(same)[0]))
        elif words and not texts:
            found.append(Repeat(miss, "reworded_questions", moment - max(words)[0]))
    return found


def _before(moments: Moments, name: str | None, moment: datetime) -> list[tuple[datetime, bool]]:
    answers = moments.get(name, []) if name is not None else []
    return [(at, hit) for at, hit in answers if moment - HORIZON <= at < moment]
