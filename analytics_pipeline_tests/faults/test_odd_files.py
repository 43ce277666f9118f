"""Odd files and folders, each beside a good file: taken with an account, or refused with a reason.

The large ones are read once, by a process whose peak of memory is measured.
"""

import gzip
import io
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd

from analytics_pipeline.ingestion.discovery import LandedFile
from analytics_pipeline.ingestion.intake import Intake
from analytics_pipeline.ingestion.tables import RAW_EVENTS
from analytics_pipeline_tests.faults.test_format_faults import SAMPLES, balanced, content_of
from analytics_pipeline_tests.workspace import Workspace, query_event

MOST_BYTES = 2_000_000_000
LOG_LINE = b"2026-11-10 12:00:00,123 - app - INFO - %s\n"


def event(name: str, **fields: object) -> bytes:
    return json.dumps(query_event(event_id=name, **fields)).encode()


def parquet(columns: dict[str, list[object]], **options: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def ingest_beside_a_good_file(workspace: Workspace) -> tuple[Intake, dict[str, list[int]]]:
    """Ingest twice; the second time does nothing, and the good file is unharmed."""
    workspace.drop("zz good.jsonl", event("good") + b"\n")
    intake = workspace.ingest()
    balanced(workspace)
    accounts = {path: counts.tolist() for path, counts in workspace.accounts().iterrows()}
    assert accounts.pop("zz good.jsonl") == [1, 1, 0, 0, 0]
    before = workspace.partition_bytes_of_all()
    again = workspace.ingest()
    assert (again.taken, again.refused) == ((), intake.refused)
    assert workspace.partition_bytes_of_all() == before
    return intake, accounts


ENCRYPTED = b"PARE" + b"\0" * 100 + b"\x10\0\0\0PARE"
SOUND = parquet({"event_type": ["cache_query"], "timestamp": ["2026-11-10T12:00:00Z"]})
COLUMNS = ["event_type", "timestamp", "cache_hit", *(f"c{n}" for n in range(10_000))]
ROW = ["cache_query", "2026-11-10T12:00:00Z", "true", *["x"] * 10_000]
UNCLOSED = b"event_type,timestamp,cache_hit\ncache_query,2026-11-10T12:00:00Z,true\n" + (
    b'cache_query,"2026-11-10T12:00:00Z,true\ncache_query,2026-11-10T12:00:00Z,true\n'
)

TAKEN: dict[str, tuple[str, bytes, list[int]]] = {
    "garbage first": (
        "a.jsonl",
        b"garbage\n" * 100 + content_of("toon/operations.jsonl"),
        [140, 40, 0, 100, 0],
    ),
    "a log that never matches": ("a.log", b"nothing of it\n" * 200, [200, 0, 0, 200, 0]),
    "a stack trace": (
        "a.log",
        LOG_LINE % b"bad" + b"  File x, line 3\n" * 200_000 + LOG_LINE % b"after",
        [5, 2, 0, 3, 0],
    ),
    "an array cut off": (
        "a.json",
        b"[" + event("1") + b",\n" + event("2") + b",\n" + event("3")[:40],
        [3, 2, 0, 1, 0],
    ),
    "a value not closed": (
        "a.json",
        b"[\n" + event("1")[:-1] + b",\n" + event("2") + b"\n]",
        [2, 1, 0, 1, 0],
    ),
    "10,000 columns": (
        "a.csv",
        "\n".join([",".join(COLUMNS), ",".join(ROW), ",".join(ROW[1:])]).encode(),
        [2, 1, 0, 1, 0],
    ),
    "a quote not closed": ("a.csv", UNCLOSED, [3, 2, 0, 1, 0]),
    "duplicate columns": ("a.csv", b"a,a,b\n1,2,3\n", [2, 0, 0, 2, 0]),
    "a Parquet file of another schema": (
        "a.parquet",
        parquet({"n": [1, 2, None], "l": [[1], None, []]}),
        [3, 0, 0, 3, 0],
    ),
    "a Parquet file without rows": ("a.parquet", parquet({"event_type": []}), []),
    "carriage returns alone": ("a.jsonl", event("1") + b"\r" + event("2"), [1, 0, 0, 1, 0]),
}


@pytest.mark.parametrize("name", TAKEN)
def test_an_odd_file_is_taken_with_every_record_accounted_for(
    workspace: Workspace, name: str
) -> None:
    file, content, expected = TAKEN[name]
    workspace.drop(file, content)
    intake, accounts = ingest_beside_a_good_file(workspace)
    assert intake.refused == ()
    assert accounts.get(file, []) == expected


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "cut Parquet": ("a.parquet", SOUND[:-10], "Write the file again"),
    "damaged Parquet": (
        "a.parquet",
        SOUND[:-60] + b"\xff" * 52 + SOUND[-8:],
        "Write the file again",
    ),
    "encrypted Parquet": ("a.parquet", SOUND[:4] + ENCRYPTED, "Write the file again"),
    "a damaged database": (
        "a.db",
        content_of("behavioral/behavioral.db")[:8000] + b"\xff" * 9000,
        "damaged|malformed",
    ),
    "a database cut off": (
        "a.db",
        content_of("behavioral/behavioral.db")[:5000],
        "malformed|damaged",
    ),
    "a line of 70 MB": (
        "a.jsonl",
        event("1", query="x" * 70_000_000),
        "line 1 is longer than 64 MiB",
    ),
    "a row of 70 MB": (
        "a.parquet",
        parquet({"query": ["a", "x" * 70_000_000]}),
        "row 2 is longer than 64 MiB",
    ),
    "a value of 70 MB": (
        "a.json",
        b"[" + event("1", query="x" * 70_000_000) + b"]",
        "the JSON value 1 .* 64 MiB",
    ),
    "a gzip bomb": ("a.gz", gzip.compress(b"x" * 30_000_000), "ingestion.max_expanded_bytes"),
    "a Zstandard bomb": ("a.zst", zstd.compress(b"x" * 30_000_000), "ingestion.max_expanded_bytes"),
    "a Parquet bomb": (
        "a.parquet",
        parquet({"query": ["x" * 900_000] * 300}),
        "ingestion.max_expanded_bytes",
    ),
    "a bomb of repeated beginnings": (
        "a.parquet",
        parquet(
            {"q": ["x" * 900_000] * 300},
            column_encoding={"q": "DELTA_BYTE_ARRAY"},
            use_dictionary=False,
        ),
        "ingestion.max_expanded_bytes",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_odd_file_is_refused_with_a_reason_that_names_the_mend(
    tmp_path: Path, name: str
) -> None:
    limited = {"max_expanded_bytes": 25_000_000} if "bomb" in name else {}
    workspace = Workspace.create(tmp_path / "w", ingestion=limited)
    file, content, reason = REFUSED[name]
    workspace.drop(file, content)
    intake, accounts = ingest_beside_a_good_file(workspace)
    [(path, found)] = intake.refused
    assert path == file
    assert "Traceback" not in found
    assert re.search(reason, found), found
    assert accounts == {}


LARGE: dict[str, bytes] = {
    "a million empty lines": b"\n" * 1_000_000,
    "a document of 200 MB": b'{"query": "' + b"x" * 200_000_000 + b'"}',
    "long lines": b"\n".join(event(str(n), query="x y " * 240_000) for n in range(60)),
    "a stack trace of 50 MB": (
        LOG_LINE % b"bad" + b"  File x, line 3\n" * 3_000_000 + LOG_LINE % b"after"
    ),
}
READ = """
import sys
from analytics_pipeline.settings import read_settings
from analytics_pipeline_tests.benchmarks.measuring import peak_memory_bytes
from analytics_pipeline_tests.workspace import Workspace
settings = read_settings(
    landing_zone=sys.argv[1], lake=sys.argv[2], ingestion={"settle_seconds": 0},
    privacy={"fields": {"user_id": "keep"}, "redact_text": False},
)
Workspace(settings).ingest()
print(peak_memory_bytes())
"""


def test_large_files_are_read_within_two_gigabytes(workspace: Workspace) -> None:
    for number, (name, content) in enumerate(LARGE.items()):
        workspace.drop(f"{number} {name}", content)
    workspace.drop("good.jsonl", event("good"))
    run = subprocess.run(
        [sys.executable, "-c", READ, str(workspace.landing), str(workspace.settings.lake)],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert int(run.stdout) < MOST_BYTES
    accounts = workspace.accounts()
    balanced(workspace)
    assert accounts["lines"].tolist()[0] == 1_000_000
    assert accounts.loc["2 long lines"].tolist() == [60, 60, 0, 0, 0]
    assert accounts.loc["good.jsonl"].tolist() == [1, 1, 0, 0, 0]


def test_a_file_beyond_the_engines_memory_is_refused_alone(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w", engine={"memory_limit": "100MB", "threads": 2})
    workspace.drop("a.jsonl", b"\n".join(event(f"{n}", query="x y " * 240_000) for n in range(80)))
    workspace.drop("b.jsonl", event("b"))
    intake = workspace.ingest()
    [(path, reason)] = intake.refused
    assert path == "a.jsonl"
    assert "engine.memory_limit, which is 100MB" in reason
    assert workspace.accounts().index.tolist() == ["b.jsonl"]


def test_links_lead_nowhere_outside(workspace: Workspace) -> None:
    outside = workspace.landing.parent / "outside"
    outside.mkdir()
    (outside / "secret.jsonl").write_bytes(event("secret"))
    landing = workspace.landing
    (landing / "file.jsonl").symlink_to(outside / "secret.jsonl")
    (landing / "folder").symlink_to(outside)
    (landing / "loop").symlink_to(landing)
    (landing / "itself.jsonl").symlink_to("itself.jsonl")
    (landing / "dangling.jsonl").symlink_to("nowhere")
    (landing / "zzz inside.jsonl").symlink_to("zz good.jsonl")
    shutil.copy(SAMPLES / "behavioral/behavioral.db", landing / "b.db")
    (landing / "b.db-wal").symlink_to(outside / "secret.jsonl")
    intake, accounts = ingest_beside_a_good_file(workspace)
    assert {problem.path for problem in intake.problems} == {
        "file.jsonl", "folder", "itself.jsonl",
    }  # fmt: skip
    [(path, reason)] = intake.refused
    assert (path, "b.db-wal" in reason, "Remove it" in reason) == ("b.db", True, True)
    assert accounts == {"zzz inside.jsonl": [1, 0, 1, 0, 0]}


def test_what_is_no_ordinary_file_is_passed_over(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace.landing)
    os.mkfifo("pipe.jsonl")
    os.mkfifo("queue")
    Path("queue-wal").write_bytes(event("1"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jsonl")
        file = workspace.drop("replaced.jsonl", event("2"))
        opened = LandedFile.open

        def replaced(landed: LandedFile):
            if landed.path == "replaced.jsonl" and file.is_file():
                file.unlink()
                os.mkfifo(file)
            return opened(landed)

        monkeypatch.setattr(LandedFile, "open", replaced)
        [(path, reason)] = workspace.ingest().refused
    assert (path, "no ordinary file" in reason) == ("replaced.jsonl", True)
    assert workspace.accounts().index.tolist() == ["queue-wal"]


ODD_NAMES = [
    "new\nline.jsonl", "quo'te\".jsonl", "dots..jsonl", "a/b..c/d.jsonl", "back\\slash.jsonl",
    "x'); DROP TABLE line_read; --.jsonl", "x' OR '1'='1.jsonl", "$(path).jsonl", "{0}%s.jsonl",
    "*.jsonl", "[a].jsonl", "\x01\x1b[31m.jsonl", " .jsonl", "event_date=2020-01-01/a.jsonl",
    "n" * 249 + ".jsonl", "ä" * 124 + ".jsonl", "d/" * 250 + "a.jsonl",
    os.fsdecode(b"\xff\xfe.jsonl"),
]  # fmt: skip


def test_odd_names_are_names(workspace: Workspace) -> None:
    for number, name in enumerate(ODD_NAMES):
        target = workspace.landing / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(event(str(number)))
    shutil.copy(SAMPLES / "behavioral/behavioral.db", workspace.landing / ("n" * 252 + ".db"))
    intake, accounts = ingest_beside_a_good_file(workspace)
    assert (intake.refused, intake.problems) == ((), ())
    assert accounts.pop("n" * 252 + ".db")[1] == 60
    assert list(accounts.values()) == [[1, 1, 0, 0, 0]] * len(ODD_NAMES)


def test_folders_that_are_too_deep_are_reported(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace.landing)
    for _ in range(1200):
        os.mkdir("d")  # noqa: PTH102 - pathlib goes through the parents of a path one by one
        os.chdir("d")
    Path("a.jsonl").write_bytes(event("deep"))
    try:
        intake, _ = ingest_beside_a_good_file(workspace)
        [problem] = intake.problems
        assert "300 folders" in problem.reason
    finally:
        subprocess.run(["rm", "-rf", str(workspace.landing)], check=True)


def test_a_locked_database_is_read(workspace: Workspace) -> None:
    file = workspace.landing / "b.db"
    shutil.copy(SAMPLES / "behavioral/behavioral.db", file)
    with sqlite3.connect(file, isolation_level=None) as locking:
        locking.execute("BEGIN EXCLUSIVE")
        intake, accounts = ingest_beside_a_good_file(workspace)
        locking.execute("ROLLBACK")
    assert intake.refused == ()
    assert accounts["b.db"] == [60, 60, 0, 0, 0]


def test_a_file_may_change_its_format_under_its_path(workspace: Workspace) -> None:
    samples = [
        "toon/operations.jsonl", "behavioral/behavioral.db", "native.parquet",
        "text_logs/syslog_rfc5424.log", "native.csv", "github/workflow_runs.json",
    ]  # fmt: skip
    for sample in samples:
        workspace.drop("same", content_of(sample))
        [version] = [each for each in workspace.ingest().taken if each.path == "same"]
        balanced(workspace)
        assert workspace.accounts().loc["same", "lines"] == version.lines > 0
        raw = workspace.frame(RAW_EVENTS)
        assert set(raw.format.fillna("native")) == {version.format}
    workspace.drop("same", b"")
    workspace.ingest()
    assert workspace.events().empty
