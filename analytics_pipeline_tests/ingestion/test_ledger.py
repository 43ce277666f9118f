"""What the ledger remembers of files, over all versions of its own schema."""

import sqlite3
from datetime import date, datetime
from pathlib import Path

import pytest

from analytics_pipeline.ingestion.discovery import FileState
from analytics_pipeline.ingestion.ledger import FileVersion, Ledger
from analytics_pipeline.ingestion.pending_updates import PendingUpdates

DAYS = (date(2026, 11, 10), date(2026, 11, 11))
STATE = FileState(10, 20, 30, "version")
NOW = datetime.fromisoformat("2026-11-12T01:02:03.000004")

FIRST_SCHEMA = """
CREATE TABLE landing_zone (location TEXT PRIMARY KEY);
CREATE TABLE file_version (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL, sha256 TEXT NOT NULL, taken_at TEXT NOT NULL,
    lines INTEGER NOT NULL, problem TEXT
) WITHOUT ROWID;
CREATE TABLE refused_file (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL, problem TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE file_date (
    path TEXT NOT NULL, event_date TEXT NOT NULL, PRIMARY KEY (path, event_date)
) WITHOUT ROWID;
INSERT INTO landing_zone VALUES ('/drops');
INSERT INTO file_version VALUES ('a', 1, 2, 3, 'digest', '2026-11-12T01:02:03', 4, NULL);
INSERT INTO file_date VALUES ('a', '2026-11-10');
INSERT INTO refused_file VALUES ('b', 1, 2, 3, 'Permission denied');
"""


def version(path: str, **fields: object) -> FileVersion:
    values = {"state": STATE, "sha256": "digest", "taken_at": NOW, "lines": 4, "problem": None}
    return FileVersion(path, **(values | fields))  # type: ignore[arg-type]


def test_a_ledger_of_the_first_schema_is_completed(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        connection.executescript(FIRST_SCHEMA)
    connection.close()
    for _ in range(2):
        with Ledger.open(tmp_path) as ledger:
            [held] = ledger.versions()
            assert held == FileVersion(
                "a", FileState(1, 2, 3), "digest",
                datetime.fromisoformat("2026-11-12T01:02:03"), 4, None, (DAYS[0],), {}, "native",
            )  # fmt: skip
            assert ledger.refused_states(["b"]) == {"b": FileState(1, 2, 3)}
            assert ledger.path_prefix("/drops") == ""
    with Ledger.open(tmp_path) as ledger:
        ledger.commit([version("a", format="otlp")], [])
        assert [held.format for held in ledger.versions()] == ["otlp"]


def test_digests_of_dates_are_kept_until_a_date_is_about_to_change(tmp_path: Path) -> None:
    digests = {DAYS[0]: "x", DAYS[1]: "y"}
    with Ledger.open(tmp_path) as ledger:
        taken = version("a", event_dates=DAYS, date_digests=digests)
        ledger.commit([taken, version("b", event_dates=DAYS)], DAYS)
        assert ledger.versions()[0] == taken
        assert ledger.digests_of("a") == digests
        assert ledger.digests_of("b") == {}
        # Killed after this, nobody knows what the partition of the second date holds.
        ledger.announce({"a": [*DAYS, date(2026, 11, 12)]}, [DAYS[1], date(2026, 11, 12)])
        assert ledger.digests_of("a") == {DAYS[0]: "x"}
        assert ledger.dates_of(["a"]) == {*DAYS, date(2026, 11, 12)}


def test_states_are_looked_up_for_the_named_files_only(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.commit([version(f"f{number}") for number in range(100)], [])
        ledger.refuse("r'\"\n", STATE, "Permission denied")
        assert ledger.known_states(["f1", "f99", "f100", "r'\"\n"]) == {"f1": STATE, "f99": STATE}
        assert ledger.refused_states(["f1", "r'\"\n"]) == {"r'\"\n": STATE}
        assert ledger.version_count() == 100
        ledger.commit([version("r'\"\n")], [])
        assert ledger.refusals() == {}


def test_versions_taken_since_a_time(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.commit(
            [
                version("old", taken_at=datetime.fromisoformat("2026-11-12T00:00:00")),
                version("new"),
            ],
            [],
        )
        assert [held.path for held in ledger.versions(since=NOW)] == ["new"]


@pytest.mark.parametrize("further", ["/other", "s3://bucket/zone"])
def test_files_of_the_first_zone_need_no_prefix(tmp_path: Path, further: str) -> None:
    with Ledger.open(tmp_path) as ledger:
        assert ledger.path_prefix("/drops") == ""
        assert ledger.path_prefix(further) == f"{further}/"
        assert ledger.path_prefix("/drops") == ""


def test_a_change_during_an_update_is_not_settled_by_it(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger, PendingUpdates.open(tmp_path) as pending:
        ledger.commit([version("a", event_dates=DAYS)], DAYS)
        pending.begin_update("run", DAYS)
        ledger.commit([version("b", event_dates=DAYS[1:])], DAYS[1:])
        pending.finish_update("run")
        assert list(pending.awaiting_update()) == [DAYS[1]]
        assert pending.update_runs() == []
