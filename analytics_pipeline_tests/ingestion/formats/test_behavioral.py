"""aicache behavioral.db: each event against the rows as sqlite3 reads them."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.ingestion.formats.behavioral import BEHAVIORAL
from analytics_pipeline.ingestion.formats.toon import TOON
from analytics_pipeline_tests.generated_samples import behavioral as generated
from analytics_pipeline_tests.ingestion.formats.mapping import mapped
from analytics_pipeline_tests.ingestion.formats.reading_samples import FORMATS, as_read, present
from analytics_pipeline_tests.ingestion.formats.splitting import records_of

DATABASE = FORMATS / "behavioral" / "behavioral.db"
NUMBERS = ("response_time", "timestamp")


def rows(path: Path = DATABASE) -> list[dict[str, Any]]:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute("SELECT * FROM query_sequences")]
    finally:
        connection.close()


def context_of(row: dict[str, Any]) -> dict[str, Any] | None:
    """The context of a row where it is an object."""
    try:
        context = json.loads(row["context"])
    except (TypeError, ValueError):
        return None
    return context if isinstance(context, dict) else None


def expected(row: dict[str, Any]) -> dict[str, Any]:
    context = context_of(row) or {}
    return present(
        {
            "timestamp": pytest.approx(row["timestamp"]), "user_id": row["user_id"],
            "session_id": row["session_id"], "query": row["query_text"],
            "cache_hit": str(row["cache_hit"]),
            "response_time": pytest.approx(row["response_time"]),
            "context.language": context.get("language"), "model": context.get("model"),
        }
    )  # fmt: skip


def test_each_row_is_the_event_that_it_says() -> None:
    read = rows()
    found = mapped(BEHAVIORAL, records_of(BEHAVIORAL, [json.dumps(row) for row in read]))
    assert {each.event_type for each in found} == {"cache_query"}
    assert [as_read(each.fields, NUMBERS) for each in found] == [expected(row) for row in read]


def test_what_is_not_mapped_is_kept_and_the_context_is_opened() -> None:
    read = rows()
    found = mapped(BEHAVIORAL, records_of(BEHAVIORAL, [json.dumps(row) for row in read]))
    odd = 0
    for row, event in zip(read, found, strict=True):
        left = json.loads(event.unmapped or "")
        assert (left["id"], left["query_hash"]) == (row["id"], row["query_hash"])
        context = context_of(row)
        if context is None:
            odd += 1
            assert left["context"] == row["context"]
        else:
            assert left["context"] == {
                key: value
                for key, value in context.items()
                if key not in ("language", "framework", "model")
            }
    assert odd == 5


def test_a_context_is_opened_without_loss() -> None:
    document = '{"context":"{\\"a\\":null,\\"b\\":1.50,\\"c\\":[{}]}","id":12345678901234567890}'
    assert records_of(BEHAVIORAL, [document, '{"context":"{}"}', '{"context":{"a":1}}']) == [
        '{"context":{"a":null,"b":1.50,"c":[{}]},"id":12345678901234567890}',
        '{"context":{}}',
        '{"context":{"a":1}}',
    ]


def test_rows_with_the_same_id_in_two_databases_differ() -> None:
    one = rows()[0]
    other = one | {"session_id": "ffffffff"}
    first, second = mapped(BEHAVIORAL, [json.dumps(one), json.dumps(other)])
    assert "event_id" not in first.fields
    assert first.fields != second.fields
    assert json.loads(first.unmapped or "")["id"] == json.loads(second.unmapped or "")["id"]


def test_rows_are_recognized() -> None:
    assert BEHAVIORAL.recognizes and TOON.recognizes
    for row in rows():
        assert BEHAVIORAL.recognizes(row)
        assert not TOON.recognizes(row)
        assert not BEHAVIORAL.recognizes(row | {"event_type": "cache_query"})


def test_the_sample_is_what_the_script_writes(tmp_path: Path) -> None:
    generated.main(tmp_path)
    assert rows(tmp_path / "behavioral.db") == rows()
