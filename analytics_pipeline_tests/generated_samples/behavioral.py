"""Generates a sample of aicache's behavioral.db.

``python -m analytics_pipeline_tests.generated_samples.behavioral samples/formats/behavioral``
writes it.
"""

import hashlib
import json
import random
import sqlite3
import sys
from pathlib import Path
from typing import Any

SEED = 20261111
START = 1_794_297_600.25  # 2026-11-10T08:00:00.25Z
ROWS = 60
TABLE = """
    CREATE TABLE query_sequences (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user_id TEXT,
        session_id TEXT,
        query_hash TEXT,
        query_text TEXT,
        context TEXT,
        timestamp REAL,
        cache_hit BOOLEAN,
        response_time REAL
    )
"""
QUESTIONS = ("How do I sort a dict?", "What is a monad?", "Wie funktioniert „yield“?", "何ですか")


def rows(chance: random.Random) -> list[tuple[Any, ...]]:
    """The rows of the table, without their ids."""
    made = []
    at = START
    for number in range(ROWS):
        at += chance.expovariate(1 / 50)
        user = chance.choice(("default", "ada", "grace"))
        context = _context(number, user, chance)
        question = chance.choice(QUESTIONS)
        digest = hashlib.sha256((question + (context or "")).encode()).hexdigest()[:16]
        made.append(
            (
                user, f"{number // 10:08x}", digest, question, context, at,
                chance.random() < 0.4, chance.uniform(0.001, 2.5),
            )
        )  # fmt: skip
    return made


def _context(number: int, user: str, chance: random.Random) -> str | None:
    odd = {7: None, 17: "", 27: "{not json", 37: "null", 47: '["a list"]'}
    if number in odd:
        return odd[number]
    context: dict[str, Any] = {
        "model": chance.choice(("claude-3-opus", "gpt-4o")),
        "project_path": f"/home/{user}/shop",
        "user_id": user,
        "time_of_day": "morning",
    }
    if chance.random() < 0.8:
        context |= {"language": chance.choice(("Python", "Go")), "framework": None}
    return json.dumps(context)


def main(folder: Path) -> None:
    """Write the sample anew."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "behavioral.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(TABLE)
        connection.executemany(
            "INSERT INTO query_sequences (user_id, session_id, query_hash, query_text, context, "
            "timestamp, cache_hit, response_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows(random.Random(SEED)),
        )
    connection.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
