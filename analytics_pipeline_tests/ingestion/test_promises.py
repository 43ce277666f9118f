"""The promises of ingestion, over random files in random order and in any number of runs."""

import gzip
import itertools
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline_tests.workspace import COUNTS, Workspace, query_event

examples: Callable = settings(
    max_examples=10, deadline=None, suppress_health_check=list(HealthCheck)
)

days = st.sampled_from(["2026-11-08", "2026-11-09", "2026-11-10"])
valid = st.builds(
    lambda day, hour, user: json.dumps(
        query_event(timestamp=f"{day}T{hour:02}:00:00Z", user_id=user)
    ).encode(),
    days, st.integers(0, 3), st.sampled_from(["ada", "björn"]),
)  # fmt: skip
identified = st.builds(
    lambda day, number, hit: json.dumps(
        query_event(timestamp=f"{day}T12:00:00Z", event_id=f"{day}-{number}", cache_hit=hit)
    ).encode(),
    days, st.integers(0, 3), st.booleans(),
)  # fmt: skip
blank = st.sampled_from([b"", b"  ", b"\t"])
bad = st.sampled_from([b"{", b"[]", b"\xff", b"{}", b'{"event_type": "x"}', b"\0", b"nul\0"])
line = st.one_of(valid, valid, identified, blank, bad)


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """A file: lines with either line end, with or without the last one, plain or gzip."""
    lines = draw(st.lists(line, max_size=8))
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    content = end.join(lines) + (end if draw(st.booleans()) else b"")
    return gzip.compress(content, mtime=0) if draw(st.booleans()) else content


landing_zones = st.dictionaries(st.sampled_from("abcde"), contents(), min_size=1, max_size=4)


def number_of_lines(content: bytes) -> int:
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    return content.count(b"\n") + (not content.endswith(b"\n") and content != b"")


@contextmanager
def new_workspace() -> Iterator[Workspace]:
    with tempfile.TemporaryDirectory() as folder:
        yield Workspace.create(Path(folder) / "workspace")


def partitions_after(*rounds: dict[str, bytes]) -> dict[str, bytes]:
    """The bytes of the validated events after the files were dropped in several runs."""
    with new_workspace() as workspace:
        for files in rounds:
            for name, content in files.items():
                workspace.drop(name, content)
            workspace.ingest()
        return workspace.partition_bytes(VALIDATED_EVENTS)


@examples
@given(landing_zones)
def test_conservation_every_line_of_every_file_is_accounted_for(files: dict[str, bytes]) -> None:
    with new_workspace() as workspace:
        for name, content in files.items():
            workspace.drop(name, content)
        workspace.ingest()
        accounts = workspace.accounts()
        lines = {name: number_of_lines(content) for name, content in files.items()}
        assert accounts["lines"].to_dict() == {name: n for name, n in lines.items() if n}
        assert (accounts["lines"] == accounts[COUNTS[1:]].sum(axis="columns")).all()
        assert len(workspace.events()) == accounts["validated"].sum()
        assert len(workspace.quarantine()) == accounts["quarantined"].sum()


@examples
@given(landing_zones, st.randoms(use_true_random=False))
def test_idempotence_neither_order_nor_number_of_runs_matters(
    files: dict[str, bytes], random: object
) -> None:
    names = list(files)
    random.shuffle(names)  # type: ignore[attr-defined]
    one_by_one = [{name: files[name]} for name in names]
    assert partitions_after(files) == partitions_after(*one_by_one, {}, files)


@examples
@given(landing_zones)
def test_identity_copies_add_nothing_and_identical_lines_stay(files: dict[str, bytes]) -> None:
    copies = {f"copy-of-{name}": content for name, content in files.items()}
    before = partitions_after(files)
    assert partitions_after(files, copies) == before
    assert partitions_after(copies, files) == before
    with new_workspace() as workspace:
        for name, content in files.items():
            workspace.drop(name, content)
        workspace.ingest()
        events = workspace.events()
        assert not events.duplicated(["event_date", "event_id"]).any()
        anonymous = events[events.user_id.notna()]
        stored = Counter(zip(anonymous.timestamp.map(str), anonymous.user_id, strict=True))
        assert stored == most_in_one_file(files.values())


def most_in_one_file(files: Iterator[bytes]) -> Counter:
    """Of events without an id: how many of each there are in the file that has the most."""
    most: Counter = Counter()
    for content in files:
        plain = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        found: Counter = Counter()
        for text in plain.splitlines():
            try:
                event = json.loads(text)
            except ValueError:
                continue
            if isinstance(event, dict) and "user_id" in event:
                found[event["timestamp"].replace("T", " ").removesuffix("Z"), event["user_id"]] += 1
        most |= found
    return most


@examples
@given(st.lists(landing_zones, min_size=2, max_size=3))
def test_change_a_rewritten_file_replaces_what_it_contributed(
    rounds: list[dict[str, bytes]],
) -> None:
    final = dict(itertools.chain.from_iterable(files.items() for files in rounds))
    assert partitions_after(*rounds) == partitions_after(final)


def test_lateness_only_the_dates_of_a_late_file_are_rebuilt(workspace: Workspace) -> None:
    for day in (7, 8, 9):
        workspace.drop(f"{day}", [query_event(timestamp=f"2026-11-0{day}T00:00:00Z", user_id="a")])
    workspace.ingest()
    files = {
        day: workspace.lake.partition_file(VALIDATED_EVENTS, day)
        for day in workspace.lake.dates(VALIDATED_EVENTS)
    }
    before = {day: file.stat().st_mtime_ns for day, file in files.items()}
    workspace.drop("late", [query_event(timestamp="2026-11-08T01:00:00Z")])
    touched = workspace.ingest().event_dates
    rebuilt = {day for day, file in files.items() if file.stat().st_mtime_ns != before[day]}
    assert [str(day) for day in touched] == ["2026-11-08"]
    assert {str(day) for day in rebuilt} == {"2026-11-08"}
    assert len(workspace.events()) == 4


def test_of_a_file_that_grows_only_the_new_dates_are_touched(workspace: Workspace) -> None:
    lines = [query_event(timestamp=f"2026-11-{day:02}T00:00:00Z", user_id="a") for day in (1, 2)]
    workspace.drop("app.log", lines)
    workspace.ingest()
    for day in (3, 4):
        lines.append(query_event(timestamp=f"2026-11-{day:02}T00:00:00Z", user_id="a"))
        workspace.drop("app.log", lines)
        touched = workspace.ingest().event_dates
    assert [str(day) for day in touched] == ["2026-11-04"]
    workspace.drop("app.log", lines[1:])
    assert "2026-11-01" in {str(day) for day in workspace.ingest().event_dates}
    assert [stamp.day for stamp in workspace.events().timestamp] == [2, 3, 4]
