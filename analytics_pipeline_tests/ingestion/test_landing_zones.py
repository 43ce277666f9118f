"""From a local folder and from an S3-compatible store: the same files give the same lake."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.doctor import examine
from analytics_pipeline.ingestion.discovery import LandingZoneError, open_landing_zone
from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.ledger import Ledger
from analytics_pipeline.ingestion.polling import Poll
from analytics_pipeline.settings import Settings, read_settings
from analytics_pipeline_tests.object_store import running_object_store
from analytics_pipeline_tests.workspace import Workspace, query_event

BUCKET = "drops"
PATIENCE = {"retries": {"max_attempts": 0}, "connect_timeout": 5}


@dataclass(frozen=True)
class Zone:
    """A landing zone of either kind, and how a test changes it."""

    settings: Settings
    put: Callable[[str, bytes], Any]
    remove: Callable[[str], Any]

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.settings)

    def walked(self, after: str | None = None, until: str | None = None) -> list[str]:
        zone = open_landing_zone(self.settings)
        return [file.path for file in zone.walk(after, until, problems=[])]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with running_object_store() as address:
        yield address


@pytest.fixture
def bucket(endpoint: str) -> Iterator[Any]:
    import boto3

    bucket = boto3.resource("s3", endpoint_url=endpoint).create_bucket(Bucket=BUCKET)
    yield bucket
    bucket.objects.all().delete()
    bucket.delete()


def settings_of(url: str, lake: Path, endpoint: str) -> Settings:
    # The settle time is long: it must not matter for objects.
    return read_settings(
        landing_zone=url, lake=lake, ingestion={"settle_seconds": 3600},
        landing_zone_options={"endpoint_url": endpoint, "config_kwargs": PATIENCE},
    )  # fmt: skip


@pytest.fixture(params=["folder", "object store"])
def zone(request: pytest.FixtureRequest, tmp_path: Path) -> Zone:
    if request.param == "folder":
        workspace = Workspace.create(tmp_path)
        return Zone(
            workspace.settings, workspace.drop, lambda name: (workspace.landing / name).unlink()
        )
    endpoint, bucket = request.getfixturevalue("endpoint"), request.getfixturevalue("bucket")
    return Zone(
        settings_of(f"s3://{BUCKET}/zone", tmp_path / "lake", endpoint),
        lambda name, content: bucket.put_object(Key=f"zone/{name}", Body=content),
        lambda name: bucket.Object(f"zone/{name}").delete(),
    )


def lines(*ids: str, day: int = 10) -> bytes:
    return b"".join(
        json.dumps(query_event(event_id=id_, timestamp=f"2026-11-{day}T12:00:00Z")).encode() + b"\n"
        for id_ in ids
    )


def event_ids(zone: Zone) -> list[str]:
    return sorted(zone.workspace.events().event_id)


def test_new_rewritten_and_vanished_files(zone: Zone) -> None:
    zone.put("top.jsonl", lines("top"))
    zone.put("2026-11-10/a.jsonl", lines("a1", "a2"))
    zone.put("2026-11-11/nested/deep/b.jsonl", lines("b", day=11))
    zone.put("2026-11-11/c.tmp", lines("never"))
    taken = zone.workspace.ingest().taken
    assert [version.path for version in taken] == [
        "2026-11-10/a.jsonl", "2026-11-11/nested/deep/b.jsonl", "top.jsonl",
    ]  # fmt: skip
    assert event_ids(zone) == ["a1", "a2", "b", "top"]
    assert zone.workspace.ingest().taken == ()

    # Rewritten at once, with as many bytes: only the version tells.
    zone.put("top.jsonl", lines("pot"))
    zone.put("2026-11-12/d.jsonl", lines("d", day=12))
    zone.remove("2026-11-10/a.jsonl")
    taken = zone.workspace.ingest().taken
    assert [version.path for version in taken] == ["2026-11-12/d.jsonl", "top.jsonl"]
    assert event_ids(zone) == ["a1", "a2", "b", "d", "pot"], "what vanished was taken before"
    assert zone.workspace.ingest().taken == ()


def test_walks_resume_in_the_order_of_components(zone: Zone) -> None:
    names = ["a-b", "a.b/1", "a/1", "a/b c/é", "a/2", "b", "日/x%20y.jsonl", "q'uo\"te;--/z"]
    for name in names:
        zone.put(name, b"")
    ordered = sorted(names, key=lambda name: name.split("/"))
    assert zone.walked() == ordered
    for number in (0, 3, 5, len(ordered) - 1):
        assert zone.walked(ordered[number]) == ordered[number + 1 :]
        assert zone.walked(None, ordered[number]) == ordered[: number + 1]


def test_an_intake_of_a_range(zone: Zone) -> None:
    for name in ("a/1", "a/2", "b", "c"):
        zone.put(name, lines(name))
    taken = take_in(zone.workspace.lake, zone.settings, after="a/1", until="b").taken
    assert [version.path for version in taken] == ["a/2", "b"]


def test_a_poll_finds_what_is_new_among_what_is_known(zone: Zone) -> None:
    for name in ("a/1", "a/2", "b/1"):
        zone.put(name, lines(name))
    zone.workspace.ingest()
    zone.put("a/3", lines("a/3"))
    state = zone.workspace.lake.state
    with Ledger.open(state) as ledger:
        poll = Poll(open_landing_zone(zone.settings), ledger, zone.settings)
        [group] = poll.look("a/2", most=1)
    assert group.range == ("a/2", "a/3")
    after, until = group.range
    taken = take_in(zone.workspace.lake, zone.settings, after=after, until=until).taken
    assert [version.path for version in taken] == ["a/3"]


def test_the_bytes_of_a_file_can_be_read_in_any_order(zone: Zone) -> None:
    zone.put("a.bin", bytes(range(256)) * 1000)
    [file] = open_landing_zone(zone.settings).walk(problems=[])
    assert file.state.size == 256_000
    assert file.state_now() == file.state
    with file.open() as handle:
        handle.seek(-2, 2)
        assert handle.read() == b"\xfe\xff"
        handle.seek(256 * 500 + 7)
        assert handle.read(2) == b"\x07\x08"
    zone.put("a.bin", bytes(range(255, -1, -1)) * 1000)
    assert file.state_now() != file.state
    zone.remove("a.bin")
    with pytest.raises(FileNotFoundError):
        file.state_now()


def test_keys_that_no_folder_has_are_named(bucket: Any, endpoint: str, tmp_path: Path) -> None:
    for key in ("zone/", "zone/a/", "zone/a/x", "zone/b//y", "zone/c/../z", "zone//w"):
        bucket.put_object(Key=key, Body=lines(key) if key[-1] != "/" else b"")
    settings = settings_of(f"s3://{BUCKET}/zone/", tmp_path, endpoint)
    intake = Workspace(settings).ingest()
    assert [version.path for version in intake.taken] == ["a/x"]
    assert {problem.path for problem in intake.problems} == {"", "b/"}


def test_an_object_and_a_folder_may_have_one_name(
    bucket: Any, endpoint: str, tmp_path: Path
) -> None:
    for key in ("zone/a", "zone/a/x", "zone/b"):
        bucket.put_object(Key=key, Body=lines(key))
    settings = settings_of(f"s3://{BUCKET}/zone", tmp_path, endpoint)
    zone = Zone(settings, bucket.put_object, bucket.Object)
    assert zone.walked() == ["a", "a/x", "b"]
    assert zone.walked("a") == ["a/x", "b"]
    assert zone.walked("a/x") == ["b"]
    assert zone.walked(None, "a") == ["a"]


def test_a_store_without_the_folder_is_empty_and_one_without_the_bucket_is_none(
    bucket: Any, endpoint: str, tmp_path: Path
) -> None:
    settings = settings_of(f"s3://{BUCKET}/nothing/yet", tmp_path, endpoint)
    assert Workspace(settings).ingest().taken == ()
    missing = settings_of("s3://no-such-bucket/x", tmp_path, endpoint)
    with pytest.raises(LandingZoneError, match="s3://no-such-bucket/x does not exist"):
        Workspace(missing).ingest()
    away = settings_of(f"s3://{BUCKET}/x", tmp_path, "http://127.0.0.1:9")
    with pytest.raises(LandingZoneError, match=r"cannot be listed: .* Check the URL"):
        Workspace(away).ingest()
    assert bucket.name == BUCKET
    findings = {finding.subject: finding for finding in examine(settings)}
    assert findings["landing zone"].message == f"s3://{BUCKET}/nothing/yet with 0 files"


def test_a_second_zone_of_another_kind_keeps_its_files_apart(
    bucket: Any, endpoint: str, workspace: Workspace
) -> None:
    workspace.drop("a.jsonl", lines("local"))
    workspace.ingest()
    bucket.put_object(Key="zone/a.jsonl", Body=lines("remote"))
    url = f"s3://{BUCKET}/zone"
    taken = Workspace(settings_of(url, workspace.settings.lake, endpoint)).ingest().taken
    assert [version.path for version in taken] == [f"{url}/a.jsonl"]
    assert sorted(workspace.events().event_id) == ["local", "remote"]


def test_any_file_system_that_fsspec_knows(tmp_path: Path) -> None:
    import fsspec

    files = fsspec.filesystem("memory")
    files.pipe("/zone/day/a.jsonl", lines("in memory"))
    try:
        workspace = Workspace(read_settings(landing_zone="memory://zone", lake=tmp_path))
        assert [version.path for version in workspace.ingest().taken] == ["day/a.jsonl"]
        assert workspace.ingest().taken == ()
        files.pipe("/zone/day/a.jsonl", lines("in mem'ry"))
        assert len(workspace.ingest().taken) == 1
        assert workspace.events().event_id.tolist() == ["in mem'ry"]
    finally:
        files.rm("/zone", recursive=True)
