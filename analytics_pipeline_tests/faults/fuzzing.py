"""Feeds mutated files of every format to the intake for a while, and tells what broke.

``python -m analytics_pipeline_tests.faults.fuzzing --minutes 10 --seed 1`` mutates the samples of
all formats: bits, truncations, splices of two files, repeated and swapped pieces, odd values in
place of JSON values, odd names and wrong extensions. Each round ingests some dozens of them in a
lake of its own. It must not raise; every file must be taken or refused with a reason, and every
record accounted for. A file that breaks a round is found by halving it, and kept.
"""

import argparse
import gzip
import json
import random
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from analytics_pipeline.ingestion.tables import COUNTS
from analytics_pipeline_tests.workspace import Workspace, query_event

SAMPLES = Path(__file__).parents[2] / "samples"
LARGEST = 200_000
FILES_A_ROUND = 40
ODD_VALUES = [
    b"null", b"true", b"-0", b"1e999", b"-1e-999", b"NaN", b"Infinity", b"9" * 40, b'"\\ud800"',
    b'"\\u0000"', b"[]", b"{}", b'""', b'"' + b"x" * 5000 + b'"', b"[" * 2000, b'{"a":' * 2000,
    b'"2026-13-45T99:99:99Z"', b'"\xff\xfe"', b"0.1.2", b"'single'", b"1763049283123456789",
    b'"=cmd()"', b'"; DROP TABLE raw_events; --"', b"\xef\xbb\xbf", b"\r", b"\x00",
]  # fmt: skip
ODD_NAMES = [
    "a'b.jsonl", 'q".csv', "n\nl.json", "x;DROP TABLE raw.log", "..hidden", "ü/é.db", "p.parquet",
    "a.jsonl.gz", "b.zst", "%s{0}.txt", "$(path).json",
]  # fmt: skip
JSON_VALUE = re.compile(rb'(?<=[:,\[])\s*(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)')


def corpus() -> list[bytes]:
    """The sample files that are small enough, and some made ones."""
    found = [
        file.read_bytes()
        for file in sorted(SAMPLES.rglob("*"))
        if file.is_file() and file.suffix not in {".md"} and file.stat().st_size <= LARGEST
    ]
    events = [
        json.dumps(query_event(user_id=f"u{n}", context={"language": "Go"})) for n in range(9)
    ]
    lines = "\n".join(events).encode()
    found += [lines, gzip.compress(lines), f"[{','.join(events)}]".encode(), b"\n" * 50]
    return found


def flip(data: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.randint(1, 20)):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return data


def truncate(data: bytearray, chance: random.Random) -> bytearray:
    return data[: chance.randrange(len(data) + 1)]


def repeat(data: bytearray, chance: random.Random) -> bytearray:
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:end] + data[start:end] * chance.randint(1, 3) + data[end:]


def insert(data: bytearray, chance: random.Random) -> bytearray:
    position = chance.randrange(len(data) + 1)
    return data[:position] + chance.choice(ODD_VALUES) + data[position:]


def replace_values(data: bytearray, chance: random.Random) -> bytearray:
    share = chance.choice([0.01, 0.05, 0.3])
    return bytearray(
        JSON_VALUE.sub(
            lambda match: chance.choice(ODD_VALUES) if chance.random() < share else match[0],
            bytes(data),
        )
    )


MUTATIONS: tuple[Callable[[bytearray, random.Random], bytearray], ...] = (
    flip, truncate, repeat, insert, replace_values, replace_values,
)  # fmt: skip


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """A sample, changed in one to three ways, sometimes spliced with another."""
    data = bytearray(chance.choice(seeds))
    if chance.random() < 0.15:
        other = chance.choice(seeds)
        data = data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]
    for _ in range(chance.randint(1, 3)):
        data = chance.choice(MUTATIONS)(data, chance)
    return gzip.compress(bytes(data)) if chance.random() < 0.05 else bytes(data)


def problem_of(files: Sequence[tuple[str, bytes]]) -> str | None:
    """What goes wrong when the files are ingested into a new lake."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "w", privacy={"key": "a key for fuzzing"})
        for name, content in files:
            workspace.drop(name, content)
        try:
            intake = workspace.ingest()
        except Exception:
            return traceback.format_exc()
        accounts = workspace.accounts()
        taken = {version.path: version.lines for version in intake.taken}
        if len(taken) + len(intake.refused) != len(files):
            return f"of {len(files)} files {len(taken)} are taken and {len(intake.refused)} refused"
        for path, lines in taken.items():
            if lines and accounts.loc[path, COUNTS[0]] != lines:
                return f"{path} has {lines} lines, {accounts.loc[path].to_dict()} are accounted for"
        if (accounts["lines"] != accounts[list(COUNTS[1:5])].sum(axis="columns")).any():
            return f"outcomes do not add up: {accounts}"
    return None


def smallest(files: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Fewer of the files that still go wrong."""
    while len(files) > 1:
        half = len(files) // 2
        broken = next((part for part in (files[:half], files[half:]) if problem_of(part)), None)
        if broken is None:
            return files
        files = broken
    return files


def main() -> None:
    """Fuzz until the time is over; exits with 1 where something broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("fuzzing-results"))
    arguments = parser.parse_args()
    seeds, chance = corpus(), random.Random(arguments.seed)
    ends = time.monotonic() + 60 * arguments.minutes
    rounds = files_fed = broken = 0
    while time.monotonic() < ends:
        files = [
            (
                f"{number}-{chance.choice(ODD_NAMES)}"
                if chance.random() < 0.2
                else f"{number}{chance.choice(['.jsonl', '.json', '.csv', '.log', '.db', ''])}",
                mutated(seeds, chance),
            )
            for number in range(FILES_A_ROUND)
        ]
        rounds, files_fed = rounds + 1, files_fed + len(files)
        problem = problem_of(files)
        if problem is not None:
            broken += 1
            found = smallest(files)
            folder = arguments.keep / f"{arguments.seed}-{rounds}"
            folder.mkdir(parents=True, exist_ok=True)
            for number, (name, content) in enumerate(found):
                (folder / f"{number}").write_bytes(content)
                print(f"round {rounds}: {name!r} in {folder}", flush=True)
            (folder / "problem.txt").write_text(problem_of(found) or problem)
            print((problem_of(found) or problem).splitlines()[-1], flush=True)
    print(json.dumps({"rounds": rounds, "files": files_fed, "broken": broken}))
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
