"""The promises of ingestion hold for releases too: over random files, kills, and at once."""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion.corrections import Corrections
from analytics_pipeline.ingestion.fixes import EditedExport, MergePatch
from analytics_pipeline.ingestion.quarantine import Selection, export_lines
from analytics_pipeline.ingestion.release_log import await_releases
from analytics_pipeline.ingestion.releases import release
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS, QUARANTINED_LINES, RAW_EVENTS
from analytics_pipeline_tests.workspace import COUNTS, Workspace, query_event

examples: Callable = settings(
    max_examples=6, deadline=None, suppress_health_check=list(HealthCheck)
)
TABLES = (VALIDATED_EVENTS, QUARANTINED_LINES, FILE_LINE_COUNTS)
PATCH = '{"cache_hit": true, "timestamp": "2026-11-12T00:00:00Z"}'

good = st.builds(
    lambda day, user: json.dumps(
        query_event(timestamp=f"2026-11-{day:02}T01:00:00Z", user_id=user)
    ).encode(),
    st.integers(8, 10), st.sampled_from(["ada", "björn"]),
)  # fmt: skip
bad = st.sampled_from(
    [b"{", b"[]", b"\xff", b"{}", b'{"event_type": "x"}', b"nul\0",
     b'{"event_type": "cache_query", "timestamp": "2026-11-09T05:00:00Z", "cache_hit": 1.50}']
)  # fmt: skip
# Each line of a file: as it comes, and as somebody would mend it.
line_and_fix = st.one_of(good.map(lambda line: (line, line)), st.tuples(bad, good))
zones = st.dictionaries(
    st.sampled_from("abc"), st.lists(line_and_fix, min_size=1, max_size=6), min_size=1, max_size=3
)


def drop_all(workspace: Workspace, zone: dict, which: int) -> None:
    for name, lines in zone.items():
        workspace.drop(name, b"".join(line[which] + b"\n" for line in lines))
    workspace.ingest()


@examples
@given(zones)
def test_to_release_all_lines_fixed_is_to_have_dropped_fixed_files(zone: dict) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mended, clean = (Workspace.create(Path(folder) / name) for name in ("mended", "clean"))
        drop_all(clean, zone, 1)
        drop_all(mended, zone, 0)
        file = Path(folder) / "fix.jsonl"
        export_lines(mended.lake, file)
        rows = [json.loads(text) for text in file.read_text().splitlines()]
        for row in rows:
            row["line"] = zone[row["path"]][row["line_number"] - 1][1].decode()
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        if rows:
            done = release(mended.lake, mended.settings, Selection(), EditedExport(file), by="ada")
            assert done.released == len(rows)
        mended.ingest()
        assert mended.partition_bytes(VALIDATED_EVENTS) == clean.partition_bytes(VALIDATED_EVENTS)
        assert mended.accounts().sum().to_dict() == clean.accounts().sum().to_dict()


@examples
@given(zones, st.sampled_from([None, "{}", '{"cache_hit": 1.5}', '{"nothing": null}']))
def test_a_release_that_mends_nothing_changes_nothing(zone: dict, patch: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "w")
        drop_all(workspace, zone, 0)
        before = [workspace.partition_bytes(table) for table in (RAW_EVENTS, *TABLES)]
        fix = MergePatch(patch) if patch else None
        done = release(workspace.lake, workspace.settings, Selection(), fix, by="ada")
        workspace.ingest()
        assert done.released == 0
        assert [workspace.partition_bytes(table) for table in (RAW_EVENTS, *TABLES)] == before
        with Corrections.open(workspace.lake.state) as kept:
            assert kept.all() == []


def bad_every_second(name: int, line: int) -> dict:
    stamp = f"2026-11-{8 + line % 3:02}T0{name}:00:00Z"
    hit = "?" if line % 2 else True
    return query_event(timestamp=stamp, user_id=f"{name}-{line}", cache_hit=hit)


def fill(workspace: Workspace) -> None:
    for name in range(2):
        workspace.drop(f"{name}.jsonl", [bad_every_second(name, line) for line in range(30)])
    workspace.ingest()


def state_of(workspace: Workspace) -> list[object]:
    return [*(workspace.partition_bytes(table) for table in TABLES), workspace.accounts().to_dict()]


# The process kills itself when it calls a function the given time: before whatever that would do.
KILLED_RELEASE = """
import os, signal, sys
from pathlib import Path
from analytics_pipeline.ingestion import release_log
from analytics_pipeline.ingestion.fixes import MergePatch
from analytics_pipeline.ingestion.quarantine import Selection
from analytics_pipeline.ingestion.releases import release
from analytics_pipeline.lake import lake as lakes
from analytics_pipeline.settings import read_settings
from analytics_pipeline_tests.workspace import PRIVACY_OFF
landing, folder, place, times, patch = sys.argv[1:]
settings = read_settings(
    landing_zone=Path(landing), lake=Path(folder), privacy=PRIVACY_OFF,
    ingestion={"settle_seconds": 0},
)
owner, name = {
    "staged": (release_log, "publish"), "noted": (release_log, "advance"),
    "replaced": (lakes, "publish"), "finished": (release_log.ReleaseLog, "_finish"),
    "removed": (Path, "unlink"),
}[place]
real, calls = getattr(owner, name), [0]
def deadly(*arguments, **named):
    if name != "unlink" or arguments[0].suffix == ".parquet":
        calls[0] += 1
        if calls[0] == int(times):
            os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **named)
setattr(owner, name, deadly)
lake = lakes.Lake.of(settings)
release(lake, settings, Selection(), MergePatch(patch), by="ada")
"""


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """What is there after a release that nobody disturbed."""
    workspace = Workspace.create(tmp_path_factory.mktemp("calm") / "w")
    fill(workspace)
    release(workspace.lake, workspace.settings, Selection(), MergePatch(PATCH), by="ada")
    workspace.ingest()
    return state_of(workspace)


@pytest.mark.parametrize(
    ("place", "times"),
    [("staged", 1), ("noted", 1), ("replaced", 1), ("replaced", 3), ("finished", 1),
     ("noted", 2), ("removed", 1)],
)  # fmt: skip
def test_a_release_killed_at_any_step_is_done_or_not_begun(
    tmp_path: Path, calm: list[object], place: str, times: int
) -> None:
    workspace = Workspace.create(tmp_path / "w")
    fill(workspace)
    before = state_of(workspace)
    arguments = [workspace.landing, workspace.settings.lake, place, times, PATCH]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_RELEASE, *map(str, arguments)], check=False
    )
    assert killed.returncode == -9, "the release was not killed"
    workspace.ingest()
    begun = (place, times) not in {("staged", 1), ("noted", 1)}
    assert state_of(workspace) == (calm if begun else before)
    release(workspace.lake, workspace.settings, Selection(), MergePatch(PATCH), by="ada")
    workspace.ingest()
    assert state_of(workspace) == calm
    assert not list((workspace.lake.state / "releases").iterdir())


def test_two_releases_at_once_release_each_line_once(tmp_path: Path, calm: list[object]) -> None:
    workspace = Workspace.create(tmp_path / "w")
    fill(workspace)
    together = threading.Barrier(2)

    def let_go() -> int:
        together.wait()
        patch = MergePatch(PATCH)
        return release(workspace.lake, workspace.settings, Selection(), patch, by="ada").released

    with ThreadPoolExecutor(2) as pool:
        released = [future.result() for future in [pool.submit(let_go) for _ in range(2)]]
    assert sorted(released) == [0, 30]
    workspace.ingest()
    assert state_of(workspace) == calm


def test_a_release_while_an_intake_takes_a_new_version_of_the_file(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    fill(workspace)
    lines = (workspace.landing / "0.jsonl").read_bytes()
    more = json.dumps(query_event(user_id="grown")).encode() + b"\n"
    together = threading.Barrier(2)

    def take() -> None:
        together.wait()
        workspace.ingest()

    def let_go() -> None:
        together.wait()
        patch = MergePatch(PATCH)
        release(workspace.lake, workspace.settings, Selection(), patch, by="ada")

    for round_ in range(3):
        workspace.drop("0.jsonl", lines + more * (round_ + 1))
        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(take), pool.submit(let_go)]:
                future.result()
    workspace.ingest()
    accounts = workspace.accounts()
    assert accounts.loc["0.jsonl"][COUNTS].tolist() == [33, 33, 0, 0, 0]
    assert accounts.loc["1.jsonl"][COUNTS].tolist() == [30, 30, 0, 0, 0]
    assert len(workspace.events()) == 63


def test_whoever_works_on_raw_events_waits_for_a_release_under_way(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    fill(workspace)
    arguments = [workspace.landing, workspace.settings.lake, "replaced", 2, PATCH]
    subprocess.run([sys.executable, "-c", KILLED_RELEASE, *map(str, arguments)], check=False)
    with workspace.lake.engine() as connection:
        twice = f"SELECT path FROM {workspace.lake.scan(RAW_EVENTS)} GROUP BY path, line_number"
        twice += " HAVING count(*) > 1"
        connection.execute(twice)
        await_releases(workspace.lake)
        assert connection.execute(twice).fetchall() == []
        [(lines,)] = connection.execute(
            f"SELECT count(*) FROM {workspace.lake.scan(RAW_EVENTS)}"
        ).fetchall()
    assert lines == 60
