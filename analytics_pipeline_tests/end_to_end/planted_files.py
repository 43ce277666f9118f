"""Files of every source format, with secrets in each text and ids of users where users stand."""

import csv
import io
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq

from analytics_pipeline.events.catalog import EVENT_TYPES
from analytics_pipeline.events.declaration import EventType, Field, FieldType
from analytics_pipeline.events.tables import fields_of
from analytics_pipeline.ingestion.formats.catalog import formats_of
from analytics_pipeline.ingestion.privacy.paths import parts_of
from analytics_pipeline.ingestion.privacy.policies import policies_of
from analytics_pipeline.ingestion.record_reading import paths_by_field
from analytics_pipeline.settings import Settings

DAY = "2026-11-24"
DATE = re.compile(r"\b20\d\d-\d\d-\d\d(?=[T ])")
MONTH_FIRST = re.compile(r"(?<=Nov )\d\d|\b\d\d(?=/Nov/2026)")
# What these say is of times and kinds; with a secret in it a record would be of no format.
STRUCTURAL = frozenset((
    "event_type", "timestamp", "operation_type", "op", "ts", "call_type", "startTime", "endTime",
    "completionStartTime", "status", "object_kind", "created_at", "updated_at", "started_at",
    "finished_at", "run_started_at", "completed_at", "time", "level", "key", "state", "action",
    "timeUnixNano", "startTimeUnixNano", "endTimeUnixNano", "observedTimeUnixNano",
))  # fmt: skip
BYTES_OF_A_FILE = 60_000
# The members of documents that hold records.
DOCUMENTS = (("workflow_runs",), ("jobs",))


@dataclass(frozen=True)
class Planter:
    """Plants one secret after the other, so that over as many records each text has each of them.

    ``personal`` are the paths, as keys, at which one of the ``users`` is put.
    """

    secrets: Sequence[str]
    users: Sequence[str]
    personal: frozenset[tuple[str, ...]]

    def planted(self, record: Any, number: int) -> Any:
        """A record with a secret behind each of its texts."""
        numbers = count(number)

        def secret() -> str:
            return self.secrets[next(numbers) % len(self.secrets)]

        def inside(value: Any, trail: tuple[str, ...]) -> Any:
            if isinstance(value, dict):
                if value.keys() == {"key", "value"} and (value["key"],) in self.personal:
                    return {**value, "value": {"stringValue": self.users[number % 4]}}
                return {key: inside(inner, (*trail, key)) for key, inner in value.items()}
            if isinstance(value, list):
                return [inside(inner, trail) for inner in value]
            if value is not None and trail[trail[:1] in DOCUMENTS :] in self.personal:
                return self.users[number % len(self.users)]
            if not isinstance(value, str) or (trail and trail[-1] in STRUCTURAL):
                return value
            held = _json_in(value)
            return json.dumps(inside(held, trail)) if held else f"{value} {secret()}".strip()

        return inside(record, ())

    def lines(self, records: Sequence[Any], name: str = "") -> Iterator[str]:
        """The shortest record with each secret in each text, then others with one in each.

        A very long one has but some of them in each, others in each file ``name``.
        """
        shortest = min(records, key=lambda record: len(json.dumps(record)))
        copies = max(4, BYTES_OF_A_FILE // len(json.dumps(shortest)))
        repeated = [shortest] * min(copies, len(self.secrets))
        for number, record in enumerate([*repeated, *records[:8]], crc32(name.encode())):
            yield json.dumps(self.planted(record, number))


def _json_in(text: str) -> Any:
    try:
        held = json.loads(text)
    except ValueError:
        return None
    return held if isinstance(held, dict | list) else None


def _cell(text: str | None) -> Any:
    """A cell, as a number or nothing where it is none of text."""
    try:
        found = json.loads(text or "null")
    except ValueError:
        return text
    return text if isinstance(found, dict | list) else found


def personal_paths(settings: Settings) -> frozenset[tuple[str, ...]]:
    """The paths of all formats that name a person, as keys; of attributes their own names."""
    found = {("user_id",)}
    for each in formats_of(settings):
        paths = policies_of(settings.privacy, each.name, paths_by_field(each), each.personal)
        parts = [parts_of(path) for path in paths.persons]
        found |= set(parts) | {path[-1:] for path in parts if "attributes" in path}
    return frozenset(found)


def plant_sample(sample: Path, target: Path, planter: Planter) -> None:
    """Write a sample anew, in its container, with the secrets planted."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if sample.suffix == ".db":
        _plant_database(sample, target, planter)
        return
    text = DATE.sub(DAY, sample.read_text(encoding="utf-8"))
    if sample.suffix == ".csv":
        rows = [
            {name: _cell(cell) for name, cell in row.items() if name is not None}
            for row in csv.DictReader(io.StringIO(text))
        ]
        planted = [json.loads(line) for line in planter.lines(rows, sample.name)]
        with target.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(planted)
    elif sample.suffix == ".json":
        content = json.loads(text)
        records = content if isinstance(content, list) else [content]
        target.write_text(f"[{','.join(planter.lines(records, sample.name))}]", encoding="utf-8")
    elif sample.suffix == ".jsonl":
        whole = list(planter.lines([json.loads(line) for line in text.splitlines()], sample.name))
        spoilt = broken(whole[: len(planter.secrets)])
        target.write_bytes(b"\n".join([*(line.encode() for line in whole), *spoilt]))
    else:
        logged = MONTH_FIRST.sub("24", text).splitlines()
        lines = [
            f"{logged[number % len(logged)]} {secret} {json.dumps(secret)}"
            for number, secret in enumerate(planter.secrets)
        ]
        target.write_bytes(b"\n".join([*(line.encode() for line in lines), *broken(lines)]))


def broken(lines: Sequence[str]) -> Iterator[bytes]:
    """The same records in forms that cannot become events."""
    for number, line in enumerate(lines):
        match number % 5:
            case 0:
                yield line[:-1].encode()
            case 1:
                yield b"\xff\xfe" + line.encode()
            case 2:
                yield f"[{line}]".encode()
            case 3:
                yield b"not of this format: " + line.encode()
            case 4:
                yield line.encode() + b" \x80 " + line.encode()


def _plant_database(sample: Path, target: Path, planter: Planter) -> None:
    shutil.copyfile(sample, target)
    with sqlite3.connect(target) as database:
        database.row_factory = sqlite3.Row
        rows = [dict(row) for row in database.execute("SELECT * FROM query_sequences")]
        database.execute("DELETE FROM query_sequences")
        for number, line in enumerate(planter.lines(rows)):
            row = json.loads(line) | {"id": number}
            marks = ", ".join("?" * len(row))
            database.execute(f"INSERT INTO query_sequences VALUES ({marks})", list(row.values()))
        database.commit()
        database.execute("VACUUM")


def native_event(event_type: EventType) -> dict[str, Any]:
    """A valid event with a value in each of its fields."""
    event: dict[str, Any] = {"unknown": {"nested": ["a text", {"deeper": "another"}]}}
    for field in fields_of(event_type):
        *outer, last = field.path.split(".")
        inside = event
        for name in outer:
            inside = inside.setdefault(name, {})
        inside[last] = event_type.name if field.path == "event_type" else _value(field)
    return event


def _value(field: Field) -> Any:
    match field.type:
        case FieldType.TEXT:
            return field.accepted[0] if field.accepted else f"the {field.name}"
        case FieldType.TIMESTAMP:
            return f"{DAY}T12:00:00Z"
        case FieldType.BOOLEAN:
            return True
    return max(1, field.minimum or 0) if field.maximum is None else field.maximum


def plant_native(folder: Path, planter: Planter) -> None:
    """Write native events of each type in each container, and what the quarantine is for."""
    folder.mkdir(parents=True)
    events = [native_event(event_type) for event_type in EVENT_TYPES]
    lines = [line for event in events for line in planter.lines([event])]
    records = [json.loads(line) for line in lines]
    badly_typed = [
        json.dumps(record | {"timestamp": f"{DAY} at {secret}"} if number % 2 else
                   record | {"response_time": secret, "cost": secret, "cache_hit": secret,
                             "value": secret, "cpu_usage": secret, "event_type": secret})
        for number, (record, secret) in enumerate(zip(records, planter.secrets, strict=False))
    ]  # fmt: skip
    twice = [line[:-1] + "," + line[1:] for line in lines[: len(planter.secrets)]]
    escaped = [_all_escaped(record) for record in records[: len(planter.secrets)]]
    whole = [*lines, *badly_typed, *twice, *escaped]
    contents = [*(line.encode() for line in whole), *broken(lines)]
    (folder / "events.jsonl").write_bytes(b"\n".join(contents))
    (folder / "array.json").write_text(f"[{','.join(lines)}]")
    flat = [
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in each.items()}
        for each in records
    ]
    columns = list(dict.fromkeys(key for each in flat for key in each))
    with (folder / "events.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(flat)
    table = pa.table({key: [each.get(key) for each in flat] for key in columns})
    pq.write_table(table, folder / "events.parquet")


def _all_escaped(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{_all_escaped(k)}:{_all_escaped(v)}" for k, v in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(_all_escaped, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\u{ord(character):04x}" for character in value) + '"'
    return json.dumps(value)
