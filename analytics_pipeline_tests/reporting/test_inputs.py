"""The input versions of a report: the files that lie there, and the files that were dropped."""

from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS, QUARANTINED_LINES
from analytics_pipeline.lake.table import Table
from analytics_pipeline.reporting import inputs
from analytics_pipeline.reporting.inputs import file_versions, input_versions, partition_versions
from analytics_pipeline_tests.workspace import Workspace, query_event

DAY, NEXT = date(2026, 11, 10), date(2026, 11, 11)
TABLES = (VALIDATED_EVENTS, FILE_LINE_COUNTS)


def reading(*days: date) -> list[tuple[Table, tuple[date, ...]]]:
    return [(table, days) for table in TABLES]


def digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace.create(tmp_path / "workspace")
    workspace.drop("b.jsonl", [query_event()])
    workspace.drop(
        "a.jsonl", [query_event(event_id="1"), query_event(timestamp=f"{NEXT}T01:00:00Z")]
    )
    workspace.drop("c.jsonl", [query_event(timestamp=f"{NEXT}T01:00:00Z", event_id="3")])
    workspace.ingest()
    return workspace


def test_they_are_the_digests_of_the_files_in_order(workspace: Workspace) -> None:
    lake, landing = workspace.lake, workspace.landing
    found = input_versions(lake, reading(NEXT, DAY), [NEXT, DAY])
    assert [(each.kind, each.name, each.event_date, each.sha256) for each in found] == [
        *(
            ("partition", table.name, day, digest(lake.partition_file(table, day)))
            for table in (FILE_LINE_COUNTS, VALIDATED_EVENTS)
            for day in (DAY, NEXT)
        ),
        ("file", "a.jsonl", DAY, digest(landing / "a.jsonl")),
        ("file", "a.jsonl", NEXT, digest(landing / "a.jsonl")),
        ("file", "b.jsonl", DAY, digest(landing / "b.jsonl")),
        ("file", "c.jsonl", NEXT, digest(landing / "c.jsonl")),
    ]
    assert {each.name for each in file_versions(lake, [DAY])} == {"a.jsonl", "b.jsonl"}


def test_a_file_that_changes_has_another_version(workspace: Workspace) -> None:
    lake = workspace.lake
    before = set(input_versions(lake, reading(DAY, NEXT), [DAY, NEXT]))
    workspace.drop("b.jsonl", [query_event(cache_hit=False)])
    workspace.ingest()
    after = set(input_versions(lake, reading(DAY, NEXT), [DAY, NEXT]))
    changed = {(each.name, each.event_date) for each in before ^ after}
    # Its one line becomes another in both tables' day, but its count stays what it was.
    assert changed == {("b.jsonl", DAY), ("validated_events", DAY)}


def test_a_file_that_leaves_a_date_is_no_longer_named_there(workspace: Workspace) -> None:
    workspace.drop("a.jsonl", [query_event(timestamp=f"{NEXT}T01:00:00Z")])
    workspace.ingest()
    assert {each.name for each in file_versions(workspace.lake, [DAY])} == {"b.jsonl"}


def test_what_was_never_built_is_not_named(workspace: Workspace, tmp_path: Path) -> None:
    assert partition_versions(workspace.lake, TABLES, [date(2020, 1, 1)]) == ()
    workspace.lake.partition_file(QUARANTINED_LINES, DAY).unlink(missing_ok=True)
    assert partition_versions(workspace.lake, [QUARANTINED_LINES], [DAY]) == ()
    empty = Workspace.create(tmp_path / "empty")
    assert input_versions(empty.lake, reading(DAY), [DAY]) == ()
    assert not empty.lake.state.exists()


def test_a_partition_is_read_once_until_it_changes(workspace: Workspace) -> None:
    lake = workspace.lake
    inputs._sha256.cache_clear()
    for _ in range(3):
        partition_versions(lake, TABLES, [DAY, NEXT])
    assert inputs._sha256.cache_info().misses == 4
    workspace.drop("d.jsonl", [query_event(event_id="4")])
    workspace.ingest()
    (found,) = partition_versions(lake, [VALIDATED_EVENTS], [DAY])
    assert found.sha256 == digest(lake.partition_file(VALIDATED_EVENTS, DAY))
