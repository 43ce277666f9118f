"""New, vanished and changed fields are noticed by source and day; contracts refuse them."""

from datetime import date
from pathlib import Path

import pytest

from analytics_pipeline.ingestion.quality import compare_with_history
from analytics_pipeline.ingestion.quality_tables import (
    QUARANTINE_REASONS,
    SCHEMA_CHANGES,
    SOURCE_FIELDS,
)
from analytics_pipeline_tests.workspace import Workspace, query_event


def events_of(day: int, number: int = 30, **fields: object) -> list[dict]:
    return [
        query_event(timestamp=f"2026-11-{day:02}T10:00:{second:02}Z", **fields)
        for second in range(number)
    ]


def changes(workspace: Workspace, day: int) -> set[tuple]:
    compare_with_history(workspace.lake, workspace.settings, [date(2026, 11, day)])
    frame = workspace.frame(SCHEMA_CHANGES)
    of_day = frame[frame.event_date == f"2026-11-{day:02}"].astype(object)
    columns = ["source", "field", "change", "before", "after"]
    rows = of_day[columns].where(of_day[columns].notna(), None)
    return {tuple(row) for row in rows.itertuples(index=False)}


def test_the_fields_of_a_source_are_counted_with_their_types(workspace: Workspace) -> None:
    shard = [query_event(shard=1, nested={"deep": True, "list": [1]}), query_event(shard="x")]
    workspace.drop("app/a.jsonl", [*shard, query_event(prompt_tokens="many")])
    workspace.ingest()
    fields = workspace.frame(SOURCE_FIELDS).set_index("field")
    assert set(fields.source) == {"app"}
    assert set(fields.of_records) == {3}
    assert fields.types.drop(["event_id", "timestamp", "cache_hit"], errors="ignore").to_dict() == {
        "shard": "number, text", "nested.deep": "boolean", "nested.list": "list",
        "prompt_tokens": "text",
    }  # fmt: skip
    assert fields.records["shard"] == 2


def test_records_without_any_declared_field_are_counted_too(workspace: Workspace) -> None:
    workspace.drop("a.jsonl", [{"event_type": "cache_query", "shard": 1}])
    workspace.ingest()
    fields = workspace.frame(SOURCE_FIELDS)
    assert list(zip(fields.field, fields.records, fields.of_records, strict=True)) == [
        ("shard", 1, 1)
    ]


def test_new_vanished_and_changed_fields_are_noticed(workspace: Workspace) -> None:
    workspace.drop("app/1.jsonl", events_of(1, user_id="a", shard=1, model="m"))
    workspace.drop("app/2.jsonl", events_of(2, user_id="a", shard="one", region="eu"))
    workspace.drop("other/2.jsonl", events_of(2, zone=1))
    workspace.ingest()
    assert changes(workspace, 1) == set(), "a first day has nothing to be compared with"
    assert changes(workspace, 2) == {
        ("app", "region", "new", None, "text"),
        ("app", "model", "vanished", "text", None),
        ("app", "shard", "type_changed", "number", "text"),
    }


def test_a_rare_field_and_a_small_day_do_not_count_as_vanished(workspace: Workspace) -> None:
    workspace.drop("1.jsonl", [*events_of(1), *events_of(1, 5, model="m")])
    workspace.drop("2.jsonl", events_of(2))
    workspace.drop("3.jsonl", events_of(3, 5))
    workspace.drop("0.jsonl", events_of(1, 60, user_id="a"))
    workspace.ingest()
    assert changes(workspace, 2) == {(".", "user_id", "vanished", "text", None)}
    assert changes(workspace, 3) == set()


def test_a_reason_is_new_that_the_source_did_not_have(workspace: Workspace) -> None:
    workspace.drop(
        "app/1.jsonl", [*events_of(1, cost=0.5), query_event(timestamp="2026-11-01", cost="x")]
    )
    workspace.drop(
        "app/2.jsonl",
        [*events_of(2, cost=1), query_event(timestamp="2026-11-02", cost="x"),
         query_event(timestamp="2026-11-02", cost=-1)],
    )  # fmt: skip
    workspace.ingest()
    days = [date(2026, 11, 1), date(2026, 11, 2)]
    compare_with_history(workspace.lake, workspace.settings, days)
    assert workspace.frame(SCHEMA_CHANGES).empty
    rows = workspace.frame(QUARANTINE_REASONS)
    found = set(zip(rows.event_date.dt.day, rows.reason, rows.lines, rows.is_new, strict=True))
    assert found == {
        (1, "bad_type", 1, False), (2, "bad_type", 1, False), (2, "out_of_range", 1, True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("contract", "reasons", "validated"),
    [
        ("evolve", [], 4),
        ("discard_row", ["undeclared_field"], 3),
        ("freeze", ["frozen_schema", "frozen_schema"], 2),
    ],
)
def test_a_contract_decides_about_undeclared_fields(
    tmp_path: Path, contract: str, reasons: list[str], validated: int
) -> None:
    source = {"folder": "app", "schema_contract": contract, "known_fields": ["shard", "tags.*"]}
    workspace = Workspace.create(tmp_path / "w", sources=[source])
    workspace.drop("app/a.jsonl", [query_event(shard=1, tags={"a": 1}), query_event(sharp=1)])
    workspace.drop("app/b.jsonl", [query_event(user_id="x")])
    workspace.drop("free.jsonl", [query_event(sharp=2)])
    workspace.ingest()
    refused = workspace.quarantine()
    assert refused.reason.tolist() == reasons
    assert all(refused.message.str.contains("sharp"))
    assert all(refused.line.str.contains("cache_query"))
    assert set(refused.path) <= {"app/a.jsonl"}
    assert len(workspace.events()) == validated
