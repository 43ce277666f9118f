"""The promises of ingestion over files of every format, in any split, order and number of runs."""

import gzip
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion.tables import QUARANTINED_LINES
from analytics_pipeline_tests.ingestion.mixed_files import MIXED_FILES
from analytics_pipeline_tests.workspace import COUNTS, Workspace

examples: Callable = settings(
    max_examples=2, deadline=None, suppress_health_check=list(HealthCheck)
)
COMPRESSIONS: tuple[Callable[[bytes], bytes], ...] = (bytes, gzip.compress, zstd.compress)
FILES_AT_ONCE = 5

# For each of some files the parts of it that are there, in the order of the file.
landing_zones = st.lists(
    st.sampled_from(sorted(MIXED_FILES)), min_size=2, max_size=FILES_AT_ONCE, unique=True
).flatmap(
    lambda names: st.fixed_dictionaries(
        {
            name: st.sets(st.integers(0, len(MIXED_FILES[name].parts) - 1), min_size=1).map(sorted)
            for name in names
        }
    )
)
chances = st.randoms(use_true_random=False)


def written(name: str, parts: list[int]) -> bytes:
    mixed = MIXED_FILES[name]
    return mixed.write([mixed.parts[number] for number in parts])


def files_of(zone: Mapping[str, list[int]]) -> dict[str, bytes]:
    return {name: written(name, parts) for name, parts in zone.items()}


def records_of(zone: Mapping[str, list[int]]) -> dict[str, int]:
    return {
        name: sum(MIXED_FILES[name].records(MIXED_FILES[name].parts[part]) for part in parts)
        for name, parts in zone.items()
    }


@contextmanager
def new_workspace() -> Iterator[Workspace]:
    with tempfile.TemporaryDirectory() as folder:
        yield Workspace.create(Path(folder) / "workspace")


def drop(workspace: Workspace, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        workspace.drop(name, content)


def validated_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    with new_workspace() as workspace:
        drop(workspace, files)
        workspace.ingest()
        return workspace.partition_bytes(VALIDATED_EVENTS)


def pieces_of(name: str, parts: list[int], chance: random.Random) -> dict[str, bytes]:
    """The same records in several files in random order, each compressed or not."""
    rest = list(parts)
    chance.shuffle(rest)
    pieces = {}
    while rest:
        size = chance.randint(1, len(rest))
        piece, rest = rest[:size], rest[size:]
        compress = bytes if name.endswith(".db") else chance.choice(COMPRESSIONS)
        # In the folder of the whole, so that it is the same source.
        stem = f"{chance.randint(0, 9)} {Path(name).stem} {len(rest)}"
        pieces[f"{Path(name).parent}/{stem}"] = compress(written(name, piece))
    return pieces


@examples
@given(landing_zones)
def test_conservation_each_record_of_each_format_has_one_outcome(zone: dict) -> None:
    with new_workspace() as workspace:
        drop(workspace, files_of(zone))
        intake = workspace.ingest()
        assert intake.refused == ()
        assert {version.path: version.lines for version in intake.taken} == records_of(zone)
        accounts = workspace.accounts()
        assert accounts["lines"].to_dict() == records_of(zone)
        assert (accounts["lines"] == accounts[COUNTS[1:]].sum(axis="columns")).all()
        assert len(workspace.events()) == accounts["validated"].sum()
        assert len(workspace.quarantine()) == accounts["quarantined"].sum()
        assert not workspace.events().duplicated(["event_date", "event_id"]).any()


@examples
@given(landing_zones, chances)
def test_idempotence_neither_order_nor_number_of_runs_matters(
    zone: dict, chance: random.Random
) -> None:
    files = files_of(zone)
    names = list(files)
    chance.shuffle(names)
    with new_workspace() as at_once, new_workspace() as one_by_one:
        drop(at_once, files)
        at_once.ingest()
        for name in names:
            drop(one_by_one, {name: files[name]})
            if chance.random() < 0.7:
                one_by_one.ingest()
        one_by_one.ingest()
        for table in (VALIDATED_EVENTS, QUARANTINED_LINES):
            assert one_by_one.partition_bytes(table) == at_once.partition_bytes(table)
        assert one_by_one.accounts()["lines"].to_dict() == records_of(zone)
        before = one_by_one.partition_bytes_of_all()
        # The same again: nothing is new, whatever the clock says of the files.
        drop(one_by_one, files)
        assert one_by_one.ingest().taken == ()
        assert one_by_one.partition_bytes_of_all() == before


@examples
@given(landing_zones, chances)
def test_identity_any_split_of_the_records_gives_the_same_events(
    zone: dict, chance: random.Random
) -> None:
    pieces: dict[str, bytes] = {}
    for name, parts in zone.items():
        pieces |= pieces_of(name, parts, chance)
    assert validated_of(pieces) == validated_of(files_of(zone))


@examples
@given(landing_zones, chances)
def test_identity_copies_under_other_names_add_nothing(zone: dict, chance: random.Random) -> None:
    files = files_of(zone)
    copies = {
        f"{Path(name).parent}/copy {number}": content if name.endswith(".db")
        else chance.choice(COMPRESSIONS)(content)
        for number, (name, content) in enumerate(files.items())
    }  # fmt: skip
    expected = validated_of(files)
    with new_workspace() as workspace:
        first, second = chance.sample([files, copies], 2)
        for some in (first, second):
            drop(workspace, some)
            workspace.ingest()
        assert workspace.partition_bytes(VALIDATED_EVENTS) == expected
        assert sum(workspace.accounts()["lines"]) == 2 * sum(records_of(zone).values())


@examples
@given(landing_zones, landing_zones)
def test_change_a_rewritten_file_of_any_format_replaces_what_it_contributed(
    before: dict, after: dict
) -> None:
    final = {**before, **after}
    with new_workspace() as workspace:
        for zone in (before, after):
            drop(workspace, files_of(zone))
            workspace.ingest()
        assert workspace.partition_bytes(VALIDATED_EVENTS) == validated_of(files_of(final))
        assert workspace.accounts()["lines"].to_dict() == records_of(final)
