"""Rows of SQLite databases, from snapshots that disturb no writer."""

import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from analytics_pipeline.ingestion.reading.errors import UnreadableFileError
from analytics_pipeline.ingestion.reading.sqlite_rows import SqliteSnapshot
from analytics_pipeline_tests.ingestion.reading.reading import records_of

TABLE = "CREATE TABLE query (id INTEGER PRIMARY KEY, text TEXT, hit BOOLEAN, at REAL, raw BLOB)"


def rows_of(path: Path, scratch: Path, tables: tuple[str, ...] = ("query",)) -> list[dict]:
    with path.open("rb") as file, SqliteSnapshot.of(file, path, scratch) as snapshot:
        return [json.loads(record) for record in records_of(snapshot.batches(tables))]


def test_rows_are_objects_of_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(TABLE)
        connection.executemany(
            "INSERT INTO query VALUES (?, ?, ?, ?, ?)",
            [(1, 'ein "Wörtchen"\n', True, 1763049283.25, b"text"),
             (7, None, 0, None, b"\xff\xfe"), (2**62, "", None, -0.5, None)],
        )  # fmt: skip
    assert rows_of(path, tmp_path / "scratch") == [
        {"id": 1, "text": 'ein "Wörtchen"\n', "hit": 1, "at": 1763049283.25, "raw": "text"},
        {"id": 7, "hit": 0, "raw": "//4="},
        {"id": 2**62, "text": "", "at": -0.5},
    ]


def stored(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return path


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    reals = [1700000000.123456, 0.1, 1 / 3, 5e-324, -1.7976931348623157e308, float("inf")]
    path = stored(tmp_path / "a.db", TABLE)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO query (at) VALUES (?)", [(real,) for real in reals])
    assert [row["at"] for row in rows_of(path, tmp_path / "scratch")] == reals


def test_a_table_may_have_many_columns_and_computed_ones(tmp_path: Path) -> None:
    columns = ", ".join(f"c{number} DEFAULT {number}" for number in range(1900))
    path = stored(
        tmp_path / "a.db",
        f"CREATE TABLE query ({columns}, twice AS (c1 * 2))",
        "INSERT INTO query DEFAULT VALUES",
    )
    [row] = rows_of(path, tmp_path / "scratch")
    assert row == {**{f"c{number}": number for number in range(1900)}, "twice": 2}


def test_texts_and_names_are_kept_whatever_they_hold(tmp_path: Path) -> None:
    path = stored(
        tmp_path / "a.db",
        'CREATE TABLE query ([it\'s "x"] TEXT)',
        "INSERT INTO query VALUES ('a' || char(0) || '\"\\b'), (CAST(x'ff61' AS TEXT)), (NULL)",
    )
    with path.open("rb") as file, SqliteSnapshot.of(file, path, tmp_path) as snapshot:
        records = records_of(snapshot.batches(("query",)))
    assert json.loads(records[0]) == {'it\'s "x"': 'a\0"\\b'}
    assert records[1:] == [b'{"it\'s \\"x\\"":"\xffa"}', b"{}"]


def test_rows_come_in_the_order_of_their_ids_whatever_indexes_there_are(tmp_path: Path) -> None:
    path = stored(
        tmp_path / "a.db",
        "CREATE TABLE query (text TEXT)",
        "INSERT INTO query VALUES ('c'), ('a'), ('b')",
        "CREATE INDEX by_text ON query (text)",
    )
    assert [row["text"] for row in rows_of(path, tmp_path / "scratch")] == ["c", "a", "b"]


def test_each_batch_may_be_read_by_another_thread(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(TABLE)
        connection.executemany("INSERT INTO query (text) VALUES (?)", [("x",)] * 9000)
    with path.open("rb") as file, SqliteSnapshot.of(file, path, tmp_path / "scratch") as snapshot:
        batches = snapshot.batches(("query",))
        sizes = [len(next(batches))]
        with ThreadPoolExecutor(1) as other:
            sizes += other.submit(lambda: [len(batch) for batch in batches]).result()
    assert sum(sizes) == 9000


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_writer_goes_on_while_a_snapshot_is_read(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "drop" / "a.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute(TABLE)
    stop, written = threading.Event(), []

    def write() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA wal_autocheckpoint = 7")
            while not stop.wait(0.15):
                number = len(written) + 1
                connection.execute("BEGIN IMMEDIATE")
                for _ in range(2):
                    connection.execute("INSERT INTO query (text) VALUES (?)", [str(number)])
                connection.execute("COMMIT")
                written.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    counts = []
    try:
        while len(counts) < 8 or not counts[-1]:
            before = len(written)
            rows = rows_of(path, tmp_path / "scratch")
            assert len(rows) % 2 == 0, "half of a transaction was read"
            assert len(rows) >= 2 * before
            counts.append(len(rows))
    finally:
        stop.set()
        writer.join()
    assert {file.name for file in path.parent.iterdir()} <= {"a.db", "a.db-wal", "a.db-shm"}
    assert not any((tmp_path / "scratch").iterdir())


def test_a_database_with_a_log_is_read_though_it_is_written_to_all_the_time(tmp_path: Path) -> None:
    path = stored(
        tmp_path / "a.db",
        TABLE,
        "CREATE TABLE other (content BLOB)",
        "INSERT INTO other VALUES (zeroblob(20000000))",
    )
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = wal")
            while not stop.wait(0.002):
                connection.execute("INSERT INTO query (text) VALUES ('x'), ('y')")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not path.with_name("a.db-wal").exists():
            stop.wait(0.01)
        counts = [len(rows_of(path, tmp_path / "scratch")) for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    assert counts == sorted(set(counts)), "each snapshot has more rows than the one before"
    assert all(count % 2 == 0 for count in counts), "half of a transaction was read"


def test_what_stands_in_the_wal_is_read_and_digested(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    digests = set()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute(TABLE)
        for number in range(1, 4):
            connection.execute("INSERT INTO query (text) VALUES ('x')")
            assert len(rows_of(path, tmp_path / "scratch")) == number
            with path.open("rb") as file, SqliteSnapshot.of(file, path, tmp_path) as snapshot:
                digests.add(snapshot.sha256)
    assert len(digests) == 3


def test_a_locked_database_is_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(TABLE)
        connection.execute("INSERT INTO query (text) VALUES ('x')")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("INSERT INTO query (text) VALUES ('not committed')")
        assert [row["text"] for row in rows_of(path, tmp_path / "scratch")] == ["x"]


def test_damaged_and_strange_databases_are_refused_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(TABLE)
        connection.executemany("INSERT INTO query (text) VALUES (?)", [("x" * 3000,)] * 50)
    with pytest.raises(UnreadableFileError, match=r"none of the tables events.*It has: query"):
        rows_of(path, tmp_path / "scratch", ("events",))
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:4096] + b"\x5a" * 9000 + whole[13096:]):
        path.write_bytes(damaged)
        with pytest.raises(UnreadableFileError, match=r"damaged|cannot be read"):
            rows_of(path, tmp_path / "scratch")
