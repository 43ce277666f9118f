"""The history of incidents as a table of the lake."""

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest

from analytics_pipeline.alerting.incidents.changes import from_json
from analytics_pipeline.alerting.incidents.history import write_history
from analytics_pipeline.alerting.incidents.store import IncidentStore
from analytics_pipeline.alerting.store import FILE_NAME
from analytics_pipeline.alerting.tables import INCIDENT_EVENTS
from analytics_pipeline.lake.contracts import checked
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline_tests.alerting.incidents.life import (
    HIT_RATE,
    SMALL,
    UPDATE,
    WHOLE,
    at,
    november,
    report,
)

DIED = RuntimeError("died")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def digests(lake: Lake) -> dict[date, str]:
    return {
        day: hashlib.sha256(lake.partition_file(INCIDENT_EVENTS, day).read_bytes()).hexdigest()
        for day in lake.dates(INCIDENT_EVENTS)
    }


def test_each_entry_stands_under_its_date(lake: Lake) -> None:
    with IncidentStore.open(lake.state) as store, lake.engine() as connection:
        store.apply([report(17, SMALL), report(18, SMALL, severity="ERROR")], at(19))
        [incident] = store.incidents()
        store.acknowledge(incident.id, "ada", "on it", now=at(20))
        store.apply([report(None, WHOLE, source=UPDATE, evaluated_at=at(20))], at(21))
        store.apply([report(19)], at(21))
        days = [november(day) for day in (17, 18, 19, 20, 21)]
        assert write_history(lake, store) == lake.dates(INCIDENT_EVENTS) == days
        frame = checked(INCIDENT_EVENTS, lake.frame(connection, INCIDENT_EVENTS))
    rows = frame.to_dict("records")
    assert [
        (row["event_date"].day, row["change"], row["status"], row["severity"]) for row in rows
    ] == [
        (17, "opened", "open", "WARN"),
        (18, "worsened", "open", "ERROR"),
        (19, "resolved", "resolved", "ERROR"),
        (20, "acknowledged", "acknowledged", "ERROR"),
        (21, "opened", "open", "WARN"),
    ]  # fmt: skip
    first = rows[0]
    assert (first["rule"], first["asset"], first["team"]) == (
        "hit_rate", "daily_cache_metrics", "search",
    )  # fmt: skip
    assert json.loads(first["labels"]) == SMALL
    assert (rows[3]["noted_by"], rows[3]["message"]) == ("ada", "on it")
    assert rows[4]["rule"] == "update"
    # The lake alone gives the incident back.
    details: dict[str, object] = {}
    for row in sorted(rows, key=lambda row: row["sequence"]):
        if row["incident_id"] == incident.id:
            details |= json.loads(row["details"])
    with IncidentStore.open(lake.state) as store:
        assert from_json(details) == store.incident(incident.id)


def test_only_dates_that_changed_are_written_and_equal_history_gives_equal_bytes(
    lake: Lake, tmp_path: Path
) -> None:
    other = Lake(tmp_path / "other")
    with IncidentStore.open(lake.state) as store:
        for day in (17, 18):
            store.apply([report(day, SMALL)], at(19))
            assert write_history(lake, store) == [november(day)]
            assert write_history(lake, store) == []
        before = {
            day: lake.partition_file(INCIDENT_EVENTS, day).stat().st_mtime_ns
            for day in lake.dates(INCIDENT_EVENTS)
        }
        store.apply([report(18, SMALL, evaluated_at=at(20))], at(20))
        assert write_history(lake, store) == [november(18)]
        after = lake.partition_file(INCIDENT_EVENTS, november(17)).stat().st_mtime_ns
        assert after == before[november(17)]
    with IncidentStore.open(other.state) as store:
        for each in (report(17, SMALL), report(18, SMALL)):
            store.apply([each], at(19))
        store.apply([report(18, SMALL, evaluated_at=at(20))], at(20))
        write_history(other, store)
    assert digests(lake) == digests(other)


def test_writing_that_stopped_before_it_was_noted_is_completed(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise DIED

    with IncidentStore.open(lake.state) as store:
        store.apply([report(17, SMALL)], at(19))
        with monkeypatch.context() as patched:
            patched.setattr("analytics_pipeline.alerting.incidents.history.transaction", die)
            with pytest.raises(RuntimeError, match="died"):
                write_history(lake, store)
        written = digests(lake)
        assert write_history(lake, store) == [november(17)]
    assert digests(lake) == written


def test_what_is_in_the_lake_outlives_a_store_that_was_lost(lake: Lake) -> None:
    with IncidentStore.open(lake.state) as store, lake.engine() as connection:
        store.apply([report(18, SMALL)], at(19))
        write_history(lake, store)
    for file in lake.state.glob(f"{FILE_NAME}*"):
        file.unlink()
    with IncidentStore.open(lake.state) as store, lake.engine() as connection:
        store.apply([report(18, WHOLE, source=HIT_RATE, evaluated_at=at(20))], at(20))
        for _ in range(2):
            write_history(lake, store)
            rows = lake.frame(connection, INCIDENT_EVENTS).to_dict("records")
            assert [json.loads(row["labels"]) for row in rows] == [SMALL, WHOLE]
