"""What a walk through a local landing zone finds, in which order, and what it leaves alone."""

import json
import os
import sqlite3
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.ingestion.discovery import (
    LandedFile,
    LandingZoneError,
    Problem,
    open_landing_zone,
)
from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.landing_zone import LandingZone
from analytics_pipeline.ingestion.paths import components, native, printable, within
from analytics_pipeline.settings import read_settings
from analytics_pipeline_tests.workspace import Workspace, query_event

NAMES = ["a", "a-b", "a.b", "b", "B", "é", "日", "c d"]
trees = st.sets(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join), min_size=1, max_size=20
)


def zone_of(workspace: Workspace) -> LandingZone:
    return open_landing_zone(workspace.settings)


def walked(
    workspace: Workspace, after: str | None = None, until: str | None = None
) -> list[LandedFile]:
    problems: list[Problem] = []
    files = list(zone_of(workspace).walk(after, until, problems=problems))
    assert problems == []
    return files


@given(trees, st.sampled_from(NAMES), st.data())
def test_a_walk_in_pieces_is_the_whole_walk(
    tmp_path_factory: pytest.TempPathFactory, tree: set[str], other: str, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("walk")
    workspace = Workspace.create(root)
    files = {path for path in tree if not any(p.startswith(f"{path}/") for p in tree)}
    for path in files:
        workspace.drop(path, b"")
    every = sorted(files, key=components)
    assert [file.path for file in walked(workspace)] == every
    # A place in the order need not be that of a file which is still there.
    place = st.sampled_from([*every, *(f"{path}/{other}" for path in every), other])
    after, until = data.draw(place), data.draw(place)
    middle = [path for path in every if within(path, after, until)]
    assert [file.path for file in walked(workspace, after, until)] == middle
    before, behind = walked(workspace, None, after), walked(workspace, after)
    assert [file.path for file in [*before, *behind]] == every


def test_what_lies_before_the_position_is_not_looked_at(workspace: Workspace) -> None:
    workspace.drop("b/2", b"")
    workspace.drop("c", b"")
    (workspace.landing / "a").mkdir()
    for link in ("a/1", "b/1"):
        (workspace.landing / link).symlink_to("/etc/hostname")
    problems: list[Problem] = []
    assert [file.path for file in zone_of(workspace).walk(problems=problems)] == ["b/2", "c"]
    assert [problem.path for problem in problems] == ["a/1", "b/1"], "a look at them is noticed"
    problems.clear()
    assert [f.path for f in zone_of(workspace).walk("b/1", problems=problems)] == ["b/2", "c"]
    assert problems == []


STRANGE = [
    b"new\nline.jsonl", b"it's \"quoted\".jsonl", b"..jsonl..", b"a;b#c?d%20e*.jsonl",
    b"x'); DROP TABLE file_version; --.jsonl", b"\xff\xfe latin.jsonl", b"back\\slash.jsonl",
    b"\\xff\\xfe latin.jsonl", "emoji 🎉 e\u0301.jsonl".encode(), b"$(path).jsonl", b"  ",
]  # fmt: skip


def test_files_of_any_name_are_taken_once_each(workspace: Workspace) -> None:
    workspace = Workspace(
        read_settings(
            landing_zone=workspace.landing, lake=workspace.settings.lake,
            ingestion={"settle_seconds": 0, "exclude": []},
        )
    )  # fmt: skip
    workspace.drop("plain", b"")
    for number, name in enumerate(STRANGE):
        location = os.fsencode(workspace.landing) + b"/" + name
        with open(location, "wb") as file:  # noqa: PTH123 - the name is no text
            file.write(json.dumps(query_event(event_id=str(number))).encode())
    taken = {version.path for version in workspace.ingest().taken}
    assert len(taken) == len(STRANGE) + 1
    assert {os.fsencode(native(path)) for path in taken} == {b"plain", *STRANGE}
    assert len(workspace.events()) == len(STRANGE)
    assert set(workspace.accounts().index) == taken - {"plain"}
    assert workspace.ingest().taken == ()


@given(
    st.binary(min_size=1, max_size=12).filter(lambda name: b"\0" not in name and b"/" not in name)
)
def test_every_name_has_a_text_of_its_own(name: bytes) -> None:
    text = printable(os.fsdecode(name))
    text.encode()
    assert os.fsencode(native(text)) == name


def test_links_out_of_the_zone_are_named_and_not_read(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.jsonl").write_text("{}\n")
    workspace.drop("kept/a.jsonl", [query_event()])
    (workspace.landing / "file.jsonl").symlink_to(tmp_path / "outside" / "secret.jsonl")
    (workspace.landing / "folder").symlink_to(tmp_path / "outside")
    (workspace.landing / "relative.jsonl").symlink_to("../../outside/secret.jsonl")
    (workspace.landing / "inside.jsonl").symlink_to("kept/a.jsonl")
    (workspace.landing / "dangling.jsonl").symlink_to("nowhere.jsonl")
    (workspace.landing / "again").symlink_to("kept")
    intake = workspace.ingest()
    assert [version.path for version in intake.taken] == ["inside.jsonl", "kept/a.jsonl"]
    assert [problem.path for problem in intake.problems] == [
        "file.jsonl", "folder", "relative.jsonl",
    ]  # fmt: skip
    assert all("leads out of the landing zone" in problem.reason for problem in intake.problems)


def test_a_link_that_comes_after_the_listing_is_not_read(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.drop("a/a.jsonl", [query_event()])
    [file] = walked(workspace)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.jsonl").write_text("secret")
    (workspace.landing / "a").rename(tmp_path / "moved")
    (workspace.landing / "a").symlink_to(tmp_path / "outside")
    with pytest.raises(PermissionError, match="leads out"):
        file.open()


def database(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (x)")
    return connection


@pytest.mark.parametrize("name", ["behavioral.db", "no-ending"])
def test_what_lies_beside_a_database_belongs_to_it(workspace: Workspace, name: str) -> None:
    connection = database(workspace.landing / name)
    beside = sorted(file.name for file in workspace.landing.iterdir())
    assert beside == [name, f"{name}-shm", f"{name}-wal"]
    [first] = walked(workspace)
    before = (workspace.landing / name).stat()
    connection.execute("INSERT INTO t VALUES (1)")
    assert (workspace.landing / name).stat() == before, "only the WAL has grown"
    [second] = walked(workspace)
    assert (first.path, second.path) == (name, name)
    assert first.state != second.state == second.state_now()
    reader = sqlite3.connect(f"file:{workspace.landing / name}?mode=ro", uri=True)
    assert reader.execute("SELECT count(*) FROM t").fetchone() == (1,)
    reader.close()
    assert second.state_now() == second.state, "reading changes nothing"
    connection.close()


def test_files_that_are_only_named_like_those_of_a_database_are_files(
    workspace: Workspace,
) -> None:
    for name in ("trip", "trip-journal", "build-wal"):
        workspace.drop(name, b"text")
    assert [file.path for file in walked(workspace)] == ["build-wal", "trip", "trip-journal"]


def test_a_database_is_not_waited_for(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    workspace.drop("a.sqlite3", b"")
    workspace.drop("a.jsonl", b"")
    now = time.time_ns()
    settled = {file.path: file.settled(now, 60) for file in walked(workspace)}
    assert settled == {"a.jsonl": False, "a.sqlite3": True}


def test_an_intake_of_a_range_takes_what_lies_in_it(workspace: Workspace) -> None:
    for name in ("a/1", "a/2", "b", "b-c", "c/1"):
        workspace.drop(name, [query_event(event_id=name)])
    taken = take_in(workspace.lake, workspace.settings, after="a/1", until="b-c").taken
    assert [version.path for version in taken] == ["a/2", "b", "b-c"]
    assert [version.path for version in workspace.ingest().taken] == ["a/1", "c/1"]


def test_a_url_that_nothing_opens_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adlfs", None)  # As where the package is not installed.
    messages = {
        "nonsense://bucket/x": "nonsense://bucket/x cannot be understood",
        "az://container/x": r"Install aicache-analytics\[azure\]",
    }
    for url, message in messages.items():
        with pytest.raises(LandingZoneError, match=message):
            open_landing_zone(read_settings(landing_zone=url, lake=tmp_path))


def test_a_landing_zone_is_an_absolute_folder_or_a_url(tmp_path: Path) -> None:
    assert read_settings(landing_zone="drops").landing_zone == Path.cwd() / "drops"
    assert read_settings(landing_zone=f"file://{tmp_path}/a%20b").landing_zone == tmp_path / "a b"
    assert read_settings(landing_zone="s3://bucket/x").landing_zone == "s3://bucket/x"
    with_password = read_settings(landing_zone="memory://user:pw@host/x", lake=tmp_path)
    assert "pw" not in open_landing_zone(with_password).location
