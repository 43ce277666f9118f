"""Generates samples of aicache TOON operations, with the field names and roundings of aicache.

``python -m analytics_pipeline_tests.generated_samples.toon samples/formats/toon`` writes them.
"""

import hashlib
import json
import random
import sys
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

SEED = 20261110
START = datetime.fromisoformat("2026-11-10T08:00:00.120000")
OPERATIONS = ("exact_hit", "semantic_hit", "intent_hit", "exact_miss", "semantic_miss",
              "cache_error")  # fmt: skip
WEIGHTS = (30, 15, 5, 25, 20, 5)
USD_PER_PROMPT_TOKEN, USD_PER_ANSWER_TOKEN = 15e-6, 75e-6
QUESTIONS = (
    "How do I read a CSV file in pandas?",
    "Explain Python decorators",
    "Warum ist die Äquivalenz von „==“ und „is“ falsch?",
    "What does 'git rebase --onto' do?",
    "Write a SQL query that finds duplicates",
    "How do I mock a clock in pytest?",
    "為什麼要用索引",
)
LEVELS = ((80, "critical"), (60, "high"), (40, "medium"), (1e-9, "low"))
COMPACT = ("v", "id", "ts", "op", "st", "dur", "q_orig", "q_norm", "q_hash", "tok_saved", "tok_pct",
           "cost_saved", "sem_score", "opt_level", "roi")  # fmt: skip


def operation(number: int, chance: random.Random) -> dict[str, Any]:
    """One operation in the full form."""
    kind = chance.choices(OPERATIONS, WEIGHTS)[0]
    strategy, _, outcome = kind.partition("_")
    hit, error = outcome == "hit", kind == "cache_error"
    question = chance.choice(QUESTIONS)
    normalized = " ".join(question.lower().split()).rstrip("?")
    digest = hashlib.sha256(normalized.encode()).hexdigest()
    prompt, answer = chance.randrange(8, 900), 0 if hit else chance.randrange(20, 1200)
    cost = round(prompt * USD_PER_PROMPT_TOKEN + answer * USD_PER_ANSWER_TOKEN, 6)
    semantic = strategy == "semantic"
    similarity = chance.uniform(0.85, 1) if hit else chance.uniform(0.3, 0.85)
    at = START + timedelta(seconds=number * 97, microseconds=chance.randrange(1_000_000))
    created = at - timedelta(seconds=chance.randrange(60, 90_000))
    percent = 100.0 if hit else 0.0
    return {
        "version": "1.0",
        "operation_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "timestamp": at.isoformat(),
        "operation_type": kind,
        "strategy_used": "none" if error else strategy,
        "duration_ms": chance.uniform(0.4, 9) if hit else chance.uniform(4, 2500),
        "query": {
            "original": question,
            "normalized": normalized,
            "hash": digest,
            "embedding_dimension": 384 if semantic else None,
            "intent": "definition_request" if strategy == "intent" else None,
            "semantic_tags": ["python"] if semantic else [],
        },
        "tokens": {
            "without_cache": {"prompt": prompt, "completion": answer, "total": prompt + answer},
            "with_cache": {
                "prompt": 0 if hit else prompt,
                "completion": 0 if hit else answer,
                "total": 0 if hit else prompt + answer,
            },
            "saved": {
                "prompt": prompt if hit else 0,
                "completion": answer if hit else 0,
                "total": prompt + answer if hit else 0,
                "percent": percent,
            },
            "costs": {
                "without_cache": cost,
                "with_cache": 0.0 if hit else cost,
                "saved": cost if hit else 0.0,
            },
            "model": chance.choice(("claude-3-opus", "gpt-4o")),
        },
        "semantic_match": {
            "enabled": semantic,
            "similarity_score": round(similarity, 4) if semantic else None,
            "confidence": round(similarity, 4) if semantic and hit else None,
            "matched_entry_key": hashlib.sha256(b"entry").hexdigest() if semantic and hit else None,
            "semantic_distance": round(1 - similarity, 4) if semantic else None,
            "threshold_used": 0.85,
            "threshold_met": semantic and hit,
        },
        "cache_metadata": {
            "cache_key": digest,
            "cache_age_seconds": round((at - created).total_seconds(), 2) if hit else 0,
            "ttl_remaining_seconds": round(chance.uniform(1, 86_400), 2) if hit else None,
            "access_count": chance.randrange(20) if hit else 0,
            "last_accessed": created.isoformat() if hit else None,
            "created_at": (created if hit else at).isoformat(),
            "memory_size_bytes": chance.randrange(100, 9000) if hit else 0,
            "eviction_policy": "lru",
        },
        "optimization_insights": {
            "optimization_level": next((n for least, n in LEVELS if percent >= least), "none"),
            "roi_score": percent / 100,
            "suggested_actions": ["semantic_match_effective"] if semantic and hit else [],
            "eviction_risk": "low" if hit else "none",
            "cache_efficiency_score": 1.0 if hit else 0.0,
            "predictability_score": 0.7 if semantic else 0.9,
            "pattern_detected": False,
            "similar_queries_found": 0,
        },
        "context": _context(chance),
        "error_message": "database is locked" if error else None,
    }


def _context(chance: random.Random) -> dict[str, Any]:
    if chance.random() < 0.3:
        return {}
    user = chance.choice(("ada", "grace", "linus"))
    return {
        "language": "Python",
        "framework": chance.choice(("django", "flask")),
        "user_id": user,
        "session_id": f"s-{user}-1",
        "project_path": f"/home/{user}/shop",
    }


def compact(full: dict[str, Any]) -> dict[str, Any]:
    """The compact form of an operation."""
    score = full["semantic_match"]["similarity_score"]
    values = (
        full["version"], full["operation_id"], full["timestamp"], full["operation_type"],
        full["strategy_used"], full["duration_ms"], full["query"]["original"],
        full["query"]["normalized"], full["query"]["hash"], full["tokens"]["saved"]["total"],
        round(full["tokens"]["saved"]["percent"], 1), full["tokens"]["costs"]["saved"],
        round(score, 2) if score else None,
        full["optimization_insights"]["optimization_level"],
        round(full["optimization_insights"]["roi_score"], 2),
    )  # fmt: skip
    return dict(zip(COMPACT, values, strict=True))


def export(operations: list[dict[str, Any]]) -> str:
    """The CSV export, as aicache writes it: nothing is quoted, and an absent value is None."""
    rows = [COMPACT, *(compact(each).values() for each in operations)]
    return "\n".join(",".join(str(value) for value in row) for row in rows)


def main(folder: Path) -> None:
    """Write the samples; each operation is in one file only."""
    chance = random.Random(SEED)
    operations = [operation(number, chance) for number in range(120)]
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, text: str) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

    write("operations.jsonl", "\n".join(json.dumps(each) for each in operations[:40]))
    write("operations.json", json.dumps(operations[40:52], indent=2))
    for each in operations[52:55]:
        name = each["operation_id"]
        write(f"toon_data/{name[:2]}/{name}.json", json.dumps(each, indent=2))
    write("compact.json", json.dumps([compact(each) for each in operations[55:75]], indent=2))
    write("export.csv", export(operations[75:117]))
    with_commas = operations[117:]
    for each in with_commas[1:]:
        each["query"]["original"] = "In Go, what is a channel?"
        each["query"]["normalized"] = "in go, what is a channel"
    write("export_with_commas.csv", export(with_commas))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
