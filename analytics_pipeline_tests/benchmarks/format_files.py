"""Large files of each source format: its samples again and again, with ids and times of their own.

The records of a sample are repeated with other ids, times, users and questions, spread over three
days, until the file has the wanted size. Everything here is generated.
"""

import json
import random
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

from analytics_pipeline_tests.generated_samples.behavioral import TABLE as BEHAVIORAL_TABLE

SAMPLES = Path(__file__).parents[2] / "samples/formats"
START = datetime(2026, 11, 18, tzinfo=UTC)
PERIOD = timedelta(days=3)
RUNS_OF_A_PAGE = 30
SESSION_QUESTIONS = 20
WORDS = (
    "sort", "a", "list", "of", "tuples", "by", "their", "second", "item", "without", "copying",
    "iterator", "closes", "twice", "in", "Python", "parser", "for", "dates", "from", "headers",
)  # fmt: skip

Record = dict[str, Any]


class Chance:
    """Draws what varies from record to record; the same seed draws the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def moment(self) -> datetime:
        return START + PERIOD * self._random.random()

    def id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def hexadecimal(self, digits: int) -> str:
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def user(self) -> str:
        return f"dev-{self._random.randrange(400):04}"

    def question(self) -> str:
        return " ".join(self._random.choices(WORDS, k=8))

    def seconds(self) -> float:
        return round(self._random.expovariate(2), 4)

    def number(self, below: int) -> int:
        return self._random.randrange(below)


def write_toon(file: Path, size: int) -> int:
    """TOON operations in their full form, as JSON lines; returns how many records there are."""

    def vary(record: Record, chance: Chance) -> None:
        key = chance.hexadecimal(64)
        record["operation_id"] = chance.id()
        record["timestamp"] = chance.moment().replace(tzinfo=None).isoformat()
        record["duration_ms"] = chance.seconds() * 1000
        record["query"] |= {"original": chance.question(), "hash": key}
        if record["cache_metadata"]:
            record["cache_metadata"]["cache_key"] = key
        if record["context"]:
            record["context"] |= {"user_id": chance.user(), "session_id": chance.hexadecimal(8)}

    return _write_lines(file, size, _varied("toon/operations.jsonl", vary))


def write_litellm(file: Path, size: int) -> int:
    """Payloads of LiteLLM's loggers, as JSON lines; returns how many records there are."""

    def vary(record: Record, chance: Chance) -> None:
        start = chance.moment().timestamp()
        end = start + chance.seconds()
        record |= {
            "id": f"chatcmpl-{chance.id()}", "litellm_call_id": chance.id(),
            "trace_id": chance.id(), "startTime": start, "endTime": end,
            "completionStartTime": end, "response_time": end - start, "end_user": chance.user(),
            "messages": [{"role": "user", "content": chance.question()}],
        }  # fmt: skip

    return _write_lines(file, size, _varied("litellm/sdk.jsonl", vary))


def write_litellm_spend_logs(file: Path, size: int) -> int:
    """Rows of LiteLLM's spend logs, as JSON lines; returns how many records there are."""

    def vary(record: Record, chance: Chance) -> None:
        start = chance.moment()
        end = start + timedelta(seconds=chance.seconds())
        times = [_iso(time).removesuffix("Z") for time in (start, end, end)]
        record |= {
            "request_id": f"chatcmpl-{chance.id()}", "litellm_call_id": chance.id(),
            "session_id": chance.id(), "user": chance.user(),
            **dict(zip(("startTime", "endTime", "completionStartTime"), times, strict=True)),
        }  # fmt: skip

    return _write_lines(file, size, _varied("litellm/spend_logs.jsonl", vary))


def write_opentelemetry(file: Path, size: int) -> int:
    """Export requests of spans, as JSON lines; returns how many spans there are."""
    spans = 0

    def vary(request: Record, chance: Chance) -> None:
        nonlocal spans
        trace, start = chance.hexadecimal(32), int(chance.moment().timestamp() * 1e9)
        for resource in request["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    end = start + int(chance.seconds() * 1e9)
                    span |= {
                        "traceId": trace, "spanId": chance.hexadecimal(16),
                        "startTimeUnixNano": str(start), "endTimeUnixNano": str(end),
                    }  # fmt: skip
                    spans += 1

    requests = _varied(
        ("opentelemetry/litellm_1_110_2_traces.jsonl", "opentelemetry/openai_v2_traces.jsonl"), vary
    )
    _write_lines(file, size, requests)
    return spans


def write_github(file: Path, size: int) -> int:
    """Pages of GitHub's list of workflow runs, one a line; returns how many runs there are."""
    chance = Chance(1)
    numbers = count(1)
    runs = json.loads((SAMPLES / "github/workflow_runs.json").read_text())["workflow_runs"]

    def page() -> str:
        texts = []
        for run in islice(cycle(runs), RUNS_OF_A_PAGE):
            number, start = next(numbers), chance.moment()
            end = start + timedelta(seconds=chance.number(1800))
            url = f"{run['url'].rpartition('/')[0]}/{number}"
            changed = {
                "id": number, "run_number": number, "url": url, "head_sha": chance.hexadecimal(40),
                "created_at": _iso(start), "run_started_at": _iso(start), "updated_at": _iso(end),
            }  # fmt: skip
            texts.append(json.dumps(run | changed))
        return f'{{"total_count": 100000, "workflow_runs": [{", ".join(texts)}]}}'

    return RUNS_OF_A_PAGE * _write_lines(file, size, iter(page, None))


def write_access_log(file: Path, size: int) -> int:
    """Requests in nginx's combined format; returns how many lines there are."""

    def line(chance: Chance, at: datetime) -> str:
        return (
            f"10.{chance.number(256)}.{chance.number(256)}.{chance.number(256)} - {chance.user()} "
            f'[{at:%d/%b/%Y:%H:%M:%S} +0000] "GET /v1/questions/{chance.hexadecimal(12)} HTTP/1.1" '
            f"{(200, 200, 200, 404, 500)[chance.number(5)]} {chance.number(50_000)} "
            '"https://example.com/questions" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox"'
        )

    return _write_lines(file, size, _log_lines(line))


def write_python_logging(file: Path, size: int) -> int:
    """Records of Python's logging, some with a traceback; returns how many records there are."""

    def line(chance: Chance, at: datetime) -> str:
        level = ("INFO", "INFO", "DEBUG", "WARNING", "ERROR")[chance.number(5)]
        text = (
            f"{at:%Y-%m-%d %H:%M:%S},{chance.number(1000):03} - cache.store - {level} - "
            f"{chance.question()} for {chance.user()} as entry {chance.hexadecimal(12)}"
        )
        if level == "ERROR" and chance.number(5) == 0:
            text += (
                '\nTraceback (most recent call last):\n  File "/srv/cache/store.py", line 81, in '
                "get\n    entry = self._entries[key]\nKeyError: 'entry'"
            )
        return text

    return _write_lines(file, size, _log_lines(line))


def write_syslog(file: Path, size: int) -> int:
    """Lines of syslog as RFC 3164 has them; returns how many lines there are."""

    def line(chance: Chance, at: datetime) -> str:
        return (
            f"{at:%b} {at.day:2} {at:%H:%M:%S} web-{chance.number(8)} "
            f"cache[{1000 + chance.number(30_000)}]: {chance.question()} as entry "
            f"{chance.hexadecimal(12)}"
        )

    return _write_lines(file, size, _log_lines(line))


def write_behavioral(file: Path, size: int) -> int:
    """The table of a behavioral.db; returns how many rows there are."""
    rows_per_megabyte = 3000
    rows = rows_per_megabyte * size // 1_000_000
    chance = Chance(1)

    def row(number: int) -> tuple[Any, ...]:
        user = chance.user()
        context = {
            "model": "gpt-4o", "project_path": f"/home/{user}/shop", "user_id": user,
            "time_of_day": "morning", "language": "Python", "framework": None,
        }  # fmt: skip
        return (
            user, f"{number // SESSION_QUESTIONS:08x}", chance.hexadecimal(16), chance.question(),
            json.dumps(context), chance.moment().timestamp(), number % 3 > 0, chance.seconds(),
        )  # fmt: skip

    with sqlite3.connect(file) as connection:
        connection.execute(BEHAVIORAL_TABLE)
        connection.executemany(
            "INSERT INTO query_sequences (user_id, session_id, query_hash, query_text, context, "
            "timestamp, cache_hit, response_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            map(row, range(rows)),
        )
    connection.close()
    return rows


def _iso(time: datetime) -> str:
    return time.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _varied(
    samples: str | tuple[str, ...], vary: Callable[[Record, Chance], None]
) -> Iterator[str]:
    """The records of samples again and again, each varied anew."""
    chance = Chance(1)
    names = (samples,) if isinstance(samples, str) else samples
    texts = [text for name in names for text in (SAMPLES / name).read_text().splitlines()]
    for record in cycle([json.loads(text) for text in texts]):
        vary(record, chance)
        yield json.dumps(record)


def _log_lines(line: Callable[[Chance, datetime], str]) -> Iterator[str]:
    """Lines of a log in the order of their times."""
    chance = Chance(1)
    # At this pace a log of 100 MB stays within the three days.
    for number in count():
        yield line(chance, START + timedelta(milliseconds=250 * number))


def _write_lines(file: Path, size: int, lines: Iterator[str]) -> int:
    written = records = 0
    with file.open("w") as handle:
        while written < size:
            written += handle.write(next(lines) + "\n")
            records += 1
    return records
