"""Files as they should not be: each ends in a stated outcome, nothing lost, nothing double."""

import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from analytics_pipeline.ingestion.discovery import LandedFile, LandingZoneError
from analytics_pipeline.ingestion.pending_updates import PendingUpdates
from analytics_pipeline.ingestion.reading.records import RecordReader
from analytics_pipeline_tests.workspace import Workspace, query_event


def lines(number: int, **fields: object) -> bytes:
    return b"".join(
        json.dumps(query_event(event_id=f"{fields}{i}", **fields)).encode() + b"\n"
        for i in range(number)
    )


def account(workspace: Workspace, name: str) -> list[int]:
    """Lines, validated, duplicate, quarantined, blank."""
    return workspace.accounts().loc[name].tolist()


def test_an_empty_file_is_taken_and_holds_no_line(workspace: Workspace) -> None:
    workspace.drop("empty.jsonl", b"")
    assert [version.lines for version in workspace.ingest().taken] == [0]
    assert workspace.ingest().taken == ()
    assert workspace.accounts().empty


def test_the_last_line_counts_without_its_end(workspace: Workspace) -> None:
    workspace.drop("a.jsonl", lines(3).removesuffix(b"\n"))
    workspace.ingest()
    assert account(workspace, "a.jsonl") == [3, 3, 0, 0, 0]


def test_windows_line_ends_and_byte_order_mark_are_no_content(workspace: Workspace) -> None:
    workspace.drop("a.jsonl", b"\xef\xbb\xbf" + lines(2).replace(b"\n", b"\r\n") + b"\r\n")
    workspace.ingest()
    assert account(workspace, "a.jsonl") == [3, 2, 0, 0, 1]


def test_nul_bytes_refuse_their_line_only(workspace: Workspace) -> None:
    workspace.drop("a.jsonl", lines(1) + b"\0\0{}\0\n" + lines(1, user_id="\0"))
    workspace.ingest()
    assert account(workspace, "a.jsonl") == [3, 2, 0, 1, 0]
    assert workspace.quarantine().line.tolist() == ["\0\0{}\0"]


def test_of_a_truncated_gzip_the_readable_lines_are_taken_with_a_message(
    workspace: Workspace,
) -> None:
    whole = gzip.compress(lines(5000))
    file = workspace.drop("a.jsonl.gz", whole[: len(whole) // 2])
    [version] = workspace.ingest().taken
    assert version.problem
    assert "only the beginning was read" in version.problem
    read, validated, duplicate, quarantined, blank = account(workspace, "a.jsonl.gz")
    assert 0 < validated < 5000
    assert quarantined <= 1, "at most the line that was cut"
    assert read == version.lines == validated + quarantined
    assert (duplicate, blank) == (0, 0)
    workspace.drop(file.name, whole)
    [version] = workspace.ingest().taken
    assert version.problem is None
    assert account(workspace, "a.jsonl.gz") == [5000, 5000, 0, 0, 0]


def test_damaged_gzip_is_read_to_the_damage(workspace: Workspace) -> None:
    whole = bytearray(gzip.compress(os.urandom(100) + b"\n" + lines(20_000)))
    whole[len(whole) // 2] ^= 0xFF
    workspace.drop("a.gz", bytes(whole))
    [version] = workspace.ingest().taken
    assert version.problem
    assert account(workspace, "a.gz")[0] == version.lines


def test_gzip_of_several_members_is_one_file(workspace: Workspace) -> None:
    members = gzip.compress(lines(2, model="a")) + gzip.compress(lines(3, model="b")) + b"\0" * 512
    workspace.drop("a.gz", members)
    [version] = workspace.ingest().taken
    assert version.problem is None
    assert account(workspace, "a.gz") == [5, 5, 0, 0, 0]


def test_a_file_still_being_written_is_left_until_it_settles(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w", ingestion={"settle_seconds": 0.5})
    workspace.drop("a.jsonl", lines(1))
    intake = workspace.ingest()
    assert (intake.taken, intake.unsettled) == ((), ("a.jsonl",))
    time.sleep(0.6)
    assert [version.path for version in workspace.ingest().taken] == ["a.jsonl"]


def test_temporary_names_are_passed_over(workspace: Workspace) -> None:
    for name in (".a.jsonl", "a.jsonl.tmp", "a.part", "_a.jsonl", "~a", "a~", ".hidden/a.jsonl"):
        workspace.drop(name, lines(1))
    assert workspace.ingest().taken == ()


def test_a_file_that_grows_while_it_is_read_is_taken_whole_later(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = workspace.drop("a.jsonl", lines(10))
    size = file.stat().st_size
    read = RecordReader.batches

    def grow_behind(reader: RecordReader):
        yield from read(reader)
        if file.stat().st_size == size:
            with file.open("ab") as handle:
                handle.write(lines(5, model="later"))

    with monkeypatch.context() as patch:
        patch.setattr(RecordReader, "batches", grow_behind)
        assert workspace.ingest().taken == ()
    assert workspace.events().empty
    workspace.ingest()
    assert account(workspace, "a.jsonl") == [15, 15, 0, 0, 0]


def test_a_file_that_vanishes_before_it_is_read_harms_no_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = workspace.drop("a.jsonl", lines(1))
    workspace.drop("b.jsonl", lines(2))
    opened = LandedFile.open

    def vanish(file: LandedFile):
        gone.unlink(missing_ok=True)
        return opened(file)

    monkeypatch.setattr(LandedFile, "open", vanish)
    assert [version.path for version in workspace.ingest().taken] == ["b.jsonl"]
    assert account(workspace, "b.jsonl") == [2, 2, 0, 0, 0]


def test_what_a_vanished_file_contributed_stays(workspace: Workspace) -> None:
    workspace.drop("a.jsonl", lines(3))
    workspace.ingest()
    (workspace.landing / "a.jsonl").unlink()
    workspace.ingest()
    assert len(workspace.events()) == 3


def test_a_file_that_is_only_touched_is_not_taken_again(workspace: Workspace) -> None:
    file = workspace.drop("a.jsonl", lines(3))
    workspace.ingest()
    os.utime(file)
    assert workspace.ingest().taken == ()
    with PendingUpdates.open(workspace.lake.state) as pending:
        assert pending.awaiting_update() == {}


def test_a_landing_zone_that_does_not_exist_is_named(workspace: Workspace) -> None:
    shutil.rmtree(workspace.landing)
    with pytest.raises(LandingZoneError, match=str(workspace.landing)):
        workspace.ingest()


def test_a_file_without_read_permission_is_reported_and_taken_once_allowed(
    workspace: Workspace,
) -> None:
    workspace.drop("open.jsonl", lines(2))
    closed = workspace.drop("closed.jsonl", lines(1, model="m"))
    closed.chmod(0)
    first = ingest_without_privileges(workspace)
    assert first == "['open.jsonl'] (('closed.jsonl', 'Permission denied'),)"
    closed.chmod(0o600)
    assert ingest_without_privileges(workspace) == "['closed.jsonl'] ()"


def ingest_without_privileges(workspace: Workspace) -> str:
    """Ingest in a process that may not override permissions, even where root runs the tests."""
    landing, lake = str(workspace.landing), str(workspace.settings.lake)
    script = (
        "from analytics_pipeline.settings import read_settings\n"
        "from analytics_pipeline_tests.workspace import Workspace\n"
        f"settings = read_settings(landing_zone={landing!r}, lake={lake!r},"
        " ingestion={'settle_seconds': 0})\n"
        "intake = Workspace(settings).ingest()\n"
        "print([version.path for version in intake.taken], intake.refused)\n"
    )
    drop = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
    command = [*drop, sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_two_landing_zones_with_files_of_one_name_are_two_sources(workspace: Workspace) -> None:
    workspace.drop("a.jsonl", lines(1, model="one"))
    workspace.ingest()
    other = workspace.landing.parent / "other"
    other.mkdir()
    (other / "a.jsonl").write_bytes(lines(1, model="two"))
    Workspace(workspace.settings.model_copy(update={"landing_zone": other})).ingest()
    assert sorted(workspace.events().model) == ["one", "two"]
    assert set(workspace.accounts().index) == {"a.jsonl", f"{other}/a.jsonl"}


def test_two_intakes_and_validations_at_once_end_right(workspace: Workspace) -> None:
    for number in range(8):
        workspace.drop(f"{number}.jsonl", lines(50, model=str(number)))
    workers = [threading.Thread(target=workspace.ingest) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(workspace.events()) == 400
    assert workspace.accounts().validated.tolist() == [50] * 8
    assert isinstance(workspace.events().timestamp.iloc[0], pd.Timestamp)


def test_a_database_that_is_written_to_while_it_is_read_is_taken_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = workspace.landing / "behavioral.db"
    row = (
        "INSERT INTO query_sequences VALUES (NULL, 'u', 's', 'h', 'why?', '{}', 1762776000, 1, 0.1)"
    )
    connect = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    with closing(connect) as database:
        database.execute(
            "CREATE TABLE query_sequences (id INTEGER PRIMARY KEY, user_id, session_id, "
            "query_hash, query_text, context, timestamp, cache_hit, response_time)"
        )
        database.execute(row)
        read = RecordReader.batches

        def write_behind(reader: RecordReader):
            yield from read(reader)
            database.execute(row)

        with monkeypatch.context() as patch:
            patch.setattr(RecordReader, "batches", write_behind)
            assert [version.path for version in workspace.ingest().taken] == ["behavioral.db"]
        before = len(workspace.events())
        assert [version.path for version in workspace.ingest().taken] == ["behavioral.db"]
        [(rows,)] = database.execute("SELECT count(*) FROM query_sequences").fetchall()
    assert before < len(workspace.events()) == rows
