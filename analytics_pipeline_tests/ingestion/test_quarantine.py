"""The quarantine: counted, exported, fixed and released, line by line."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion.corrections import Correction, Corrections
from analytics_pipeline.ingestion.fixes import EditedExport, Fix, FixError, MergePatch
from analytics_pipeline.ingestion.ledger import Ledger
from analytics_pipeline.ingestion.quarantine import (
    Selection,
    export_lines,
    quarantine_counts,
    quarantined_lines,
)
from analytics_pipeline.ingestion.releases import Release, release
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS, RAW_EVENTS
from analytics_pipeline.lake.lake import LakeError
from analytics_pipeline.settings import read_settings
from analytics_pipeline_tests.workspace import COUNTS, Workspace, query_event

BAD_TYPE = query_event(cache_hit="?")
BAD_TIME = query_event(timestamp="tomorrow")
HIT = MergePatch('{"cache_hit": true}')


def let_go(
    workspace: Workspace, selection: Selection | None = None, fix: Fix | None = None, **options: Any
) -> Release:
    """Release lines, and bring their dates up to date."""
    done = release(
        workspace.lake, workspace.settings, selection or Selection(), fix, by="ada", **options
    )
    workspace.ingest()
    return done


def edited(workspace: Workspace, file: Path, edit: Callable[[dict[str, Any]], Any]) -> EditedExport:
    """An export of all quarantined lines in which each line is what ``edit`` makes of its row."""
    export_lines(workspace.lake, file)
    rows = [json.loads(text) for text in file.read_text().splitlines()]
    file.write_text("".join(json.dumps(row | {"line": edit(row)}) + "\n" for row in rows))
    return EditedExport(file)


def corrections(workspace: Workspace) -> list[Correction]:
    with Corrections.open(workspace.lake.state) as kept:
        return kept.all()


def account(workspace: Workspace, path: str) -> dict[str, int]:
    found = workspace.accounts().loc[path]
    return {name: int(found[name]) for name in COUNTS if found[name]}


def outcomes(done: Release) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for each in done.outcomes:
        counted[each.becomes] += each.lines
    return dict(counted)


def test_lines_are_counted_shown_and_exported_by_reason_file_and_date(
    workspace: Workspace, tmp_path: Path
) -> None:
    other_day = query_event(timestamp="2026-11-12T00:00:00Z", cache_hit=3)
    workspace.drop("app/a.jsonl", [query_event(), BAD_TYPE, other_day])
    workspace.drop("app/b[1].jsonl", b'{"half": \n\xff\xfe\n')
    workspace.ingest()
    lake = workspace.lake

    def counts(**limits: Any) -> int:
        return sum(count.lines for count in quarantine_counts(lake, Selection(**limits)))

    assert counts() == 4
    assert counts(reason="bad_type") == 2
    assert counts(path="app/*") == 4
    assert counts(path="app/b[1].jsonl") == 2
    assert counts(path="a*", reason="not_utf8") == 1
    assert counts(first=date(2026, 11, 12), last=date(2026, 11, 12)) == 1
    assert counts(last=date(2026, 11, 11), reason="bad_type") == 1
    shown = quarantined_lines(lake, Selection(reason="bad_type"), limit=1)
    assert [(line.path, line.line_number) for line in shown] == [("app/a.jsonl", 2)]
    file = tmp_path / "lines.jsonl"
    assert export_lines(lake, file, Selection(path="app/b*")) == 2
    rows = [json.loads(text) for text in file.read_text().splitlines()]
    assert [row["line"] for row in rows] == ['{"half": ', None]
    assert rows[1]["bytes"] == "//4="
    assert {"path", "line_number", "event_date", "format", "reason", "message"} < set(rows[0])
    with pytest.raises(LakeError, match="does not exist"):
        export_lines(lake, tmp_path / "nowhere" / "lines.jsonl")


def test_a_patch_moves_lines_from_quarantined_to_validated_under_their_own_dates(
    workspace: Workspace,
) -> None:
    lines = [query_event(user_id="a"), BAD_TYPE, {**BAD_TIME, "user_id": "b"}, [1]]
    workspace.drop("a.jsonl", lines)
    workspace.drop("b.jsonl", [BAD_TYPE])
    workspace.ingest()
    patch = MergePatch('{"cache_hit": false, "timestamp": "2026-11-12T01:00:00Z"}')
    rehearsed = let_go(workspace, Selection(path="a.jsonl"), patch, dry_run=True)
    assert account(workspace, "a.jsonl") == {"lines": 4, "validated": 1, "quarantined": 3}
    assert corrections(workspace) == []
    done = let_go(workspace, Selection(path="a.jsonl"), patch)
    assert done == rehearsed
    assert outcomes(done) == {"event": 2}
    assert done.left_out == (("no JSON object", 1),)
    assert done.dates == (date(2026, 11, 10), date(2026, 11, 12))
    assert account(workspace, "a.jsonl") == {"lines": 4, "validated": 3, "quarantined": 1}
    assert account(workspace, "b.jsonl") == {"lines": 1, "quarantined": 1}
    events = workspace.events()
    assert sorted(events.event_date.dt.day) == [10, 12, 12]
    [first, _] = corrections(workspace)
    assert (first.path, first.line_number, first.reason) == ("a.jsonl", 2, "bad_type")
    assert first.corrected_by == "ada"
    assert json.loads(str(first.original)) == BAD_TYPE
    with Ledger.open(workspace.lake.state) as ledger:
        assert ledger.dates_of(["a.jsonl"]) == {date(2026, 11, 10), date(2026, 11, 12)}


def test_an_edited_export_releases_its_lines_once_and_no_line_that_changed_since(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.drop("a.jsonl", [BAD_TYPE, {"event_type": "x"}, query_event(cache_hit=9)])
    workspace.drop("b.jsonl", b"\xff\xfe\n{")
    workspace.ingest()

    def edit(row: dict[str, Any]) -> str | None:
        good = {("a.jsonl", 1): query_event(user_id="1"), ("b.jsonl", 1): query_event(user_id="2"),
                ("a.jsonl", 3): query_event(user_id="3")}  # fmt: skip
        event = good.get((row["path"], row["line_number"]))
        return row["line"] if event is None else json.dumps(event)

    fix = edited(workspace, tmp_path / "lines.jsonl", edit)
    workspace.drop("a.jsonl", [BAD_TYPE, {"event_type": "x"}, query_event(cache_hit=10)])
    workspace.ingest()
    done = let_go(workspace, fix=fix)
    assert outcomes(done) == {"event": 2, "unknown_event_type": 1, "not_json": 1}
    assert done.left_out == (("another line stands there by now", 1),)
    assert set(workspace.events().user_id) == {"1", "2"}
    assert [each.original for each in corrections(workspace)][1] == b"\xff\xfe"
    again = let_go(workspace, fix=fix)
    assert again.released == 0
    assert again.dates == ()
    assert account(workspace, "b.jsonl") == {"lines": 2, "validated": 1, "quarantined": 1}


def test_a_line_that_is_emptied_is_blank_and_stays_accounted_for(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.drop("a.jsonl", [query_event(), {"not": "an event"}])
    workspace.ingest()
    done = let_go(workspace, fix=edited(workspace, tmp_path / "f", lambda _: ""))
    assert outcomes(done) == {"blank": 1}
    assert account(workspace, "a.jsonl") == {"lines": 2, "validated": 1, "blank": 1}


def test_a_correction_outlives_that_the_file_is_taken_again(workspace: Workspace) -> None:
    fixed = {**BAD_TYPE, "cache_hit": True}
    workspace.drop("a.jsonl", [BAD_TYPE])
    workspace.ingest()
    let_go(workspace, fix=HIT)
    workspace.drop("a.jsonl", [BAD_TYPE, query_event(user_id="grown")])
    workspace.ingest()
    assert account(workspace, "a.jsonl") == {"lines": 2, "validated": 2}
    workspace.drop("a.jsonl", [{**BAD_TYPE, "user_id": "another line"}])
    workspace.ingest()
    assert account(workspace, "a.jsonl") == {"lines": 1, "quarantined": 1}
    workspace.drop("a.jsonl", [BAD_TYPE])
    workspace.ingest()
    assert account(workspace, "a.jsonl") == {"lines": 1, "validated": 1}
    raw = workspace.frame(RAW_EVENTS)
    assert json.loads(raw.line[0]) == fixed


def test_it_does_not_matter_whether_a_file_grows_before_or_after_a_release(tmp_path: Path) -> None:
    start = [BAD_TIME, {"event_type": "x"}, BAD_TYPE]
    grown = [*start, query_event(timestamp="2026-11-14T00:00:00Z")]
    patch = MergePatch('{"timestamp": "2026-11-12T00:00:00Z", "cache_hit": true}')
    orders = []
    for release_first in (True, False):
        workspace = Workspace.create(tmp_path / str(release_first))
        workspace.drop("a.jsonl", start)
        workspace.ingest()
        if not release_first:
            workspace.drop("a.jsonl", grown)
            workspace.ingest()
        assert let_go(workspace, fix=patch).released == 2
        workspace.drop("a.jsonl", grown)
        workspace.ingest()
        orders.append(
            [workspace.partition_bytes(table) for table in (VALIDATED_EVENTS, FILE_LINE_COUNTS)]
        )
    assert orders[0] == orders[1]


def test_a_line_can_be_corrected_again_and_the_latest_text_counts(tmp_path: Path) -> None:
    source = {"folder": "app", "schema_contract": "discard_row"}
    workspace = Workspace.create(tmp_path / "w")
    workspace.drop("app/a.jsonl", [BAD_TYPE])
    workspace.ingest()
    let_go(workspace, fix=MergePatch('{"cache_hit": true, "shard": 1}'))
    assert len(workspace.events()) == 1
    strict = changed(workspace, sources=[source])
    strict.drop("app/a.jsonl", [BAD_TYPE, query_event(user_id="grown")])
    strict.ingest()
    assert strict.quarantine().reason.tolist() == ["undeclared_field"]
    assert let_go(strict, fix=MergePatch('{"shard": null}')).released == 1
    strict.drop("app/a.jsonl", [BAD_TYPE])
    strict.ingest()
    assert account(strict, "app/a.jsonl") == {"lines": 1, "validated": 1}
    assert [json.loads(str(each.replacement)) for each in corrections(strict)] == [
        {**BAD_TYPE, "cache_hit": True}
    ] * 2


def changed(workspace: Workspace, **settings: Any) -> Workspace:
    """The same lake under other settings."""
    kept = workspace.settings.model_dump(exclude_unset=True)
    return Workspace(read_settings(**(kept | settings)))


def test_lines_are_judged_again_by_the_settings_as_they_are_now(tmp_path: Path) -> None:
    strict = {"folder": "app", "schema_contract": "discard_row", "time_zone": "UTC"}
    soon = datetime.now(UTC) + timedelta(hours=1)
    workspace = Workspace.create(
        tmp_path / "w", sources=[strict], first_event_date=date(2026, 11, 1)
    )
    old = {"timestamp": "2026-10-05T00:30:00", "user_id": "old"}
    workspace.drop(
        "app/a.jsonl",
        [query_event(shard=1), query_event(**old), query_event(timestamp=soon.isoformat())],
    )
    workspace.ingest()
    assert sorted(workspace.quarantine().reason) == [
        "future_timestamp", "too_old", "undeclared_field",
    ]  # fmt: skip
    assert let_go(workspace).dates == ()
    lenient = changed(
        workspace,
        sources=[{"folder": "app", "time_zone": "Europe/Berlin"}],
        first_event_date=date(2026, 10, 1),
        ingestion={"settle_seconds": 0, "future_tolerance_seconds": 7200},
    )
    done = let_go(lenient)
    assert outcomes(done) == {"event": 3}
    assert corrections(lenient) == []
    assert account(lenient, "app/a.jsonl") == {"lines": 3, "validated": 3}
    stamps = lenient.events().set_index("user_id").timestamp
    assert str(stamps["old"]) == "2026-10-04 22:30:00"


def test_a_line_ahead_of_the_clock_is_released_once_its_time_has_come(workspace: Workspace) -> None:
    ahead = datetime.now(UTC) + timedelta(seconds=302)
    workspace.drop("a.jsonl", [query_event(timestamp=ahead.isoformat())])
    workspace.ingest()
    assert workspace.quarantine().reason.tolist() == ["future_timestamp"]
    while datetime.now(UTC) + timedelta(seconds=300) < ahead:
        pass
    assert outcomes(let_go(workspace)) == {"event": 1}
    assert account(workspace, "a.jsonl") == {"lines": 1, "validated": 1}


def test_a_frozen_file_is_released_by_the_line_that_froze_it(tmp_path: Path) -> None:
    source = {"folder": "app", "schema_contract": "freeze"}
    workspace = Workspace.create(tmp_path / "w", sources=[source])
    workspace.drop("app/a.jsonl", [query_event(user_id="a"), query_event(shard=1), BAD_TYPE])
    workspace.ingest()
    assert Counter(workspace.quarantine().reason) == {"frozen_schema": 2, "bad_type": 1}
    kept = let_go(workspace, Selection(reason="bad_type"), HIT)
    assert outcomes(kept) == {"frozen_schema": 1}
    done = let_go(workspace, fix=MergePatch('{"shard": null, "cache_hit": true}'))
    assert outcomes(done) == {"event": 3}
    assert account(workspace, "app/a.jsonl") == {"lines": 3, "validated": 3}


def test_an_event_that_is_there_already_becomes_a_duplicate(workspace: Workspace) -> None:
    workspace.drop("a.jsonl", [query_event(event_id="1")])
    workspace.drop("b.jsonl", [query_event(event_id="1", cache_hit="?")])
    workspace.ingest()
    let_go(workspace, fix=HIT)
    assert len(workspace.events()) == 1
    assert workspace.accounts().duplicate.sum() == 1
    assert workspace.accounts().quarantined.sum() == 0


def test_records_of_other_formats_are_read_again_by_their_own_mapping(
    workspace: Workspace, tmp_path: Path
) -> None:
    span = {
        "traceId": "5b8efff798038103d269b633813fc60c", "name": "chat",
        "startTimeUnixNano": "1794700800000000000", "endTimeUnixNano": "1794700801000000000",
        "attributes": [
            {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
            {"key": "gen_ai.request.model", "value": {"stringValue": "m"}},
            {"key": "gen_ai.usage.input_tokens", "value": {"stringValue": "many"}},
        ],
    }  # fmt: skip
    spans = [{**span, "spanId": f"eee19b7ec3c1b17{number}"} for number in range(3)]
    workspace.drop("otlp.jsonl", [{"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}])
    workspace.drop(
        "app.log",
        b"2026-11-10 12:00:00,000 - root - ERROR - lost\nTraceback\n"
        b"2026-13-10 12:00:00,000 - root - INFO - odd\nof two lines\n",
    )
    workspace.ingest()
    refused = workspace.quarantine()
    assert Counter(zip(refused.path, refused.reason, strict=True)) == {
        ("otlp.jsonl", "bad_type"): 3, ("app.log", "bad_timestamp"): 1,
    }  # fmt: skip

    def edit(row: dict[str, Any]) -> str:
        return str(row["line"]).replace('"many"', '"12"').replace("2026-13-10", "2026-11-13")

    done = let_go(workspace, fix=edited(workspace, tmp_path / "f", edit))
    assert outcomes(done) == {"event": 4}
    assert account(workspace, "otlp.jsonl") == {"lines": 3, "validated": 3}
    assert account(workspace, "app.log") == {"lines": 2, "validated": 2}
    events = workspace.events().dropna(subset="message")
    assert dict(zip(events.event_date.dt.day, events.message, strict=True)) == {
        10: "lost\nTraceback", 13: "odd\nof two lines",
    }  # fmt: skip


def test_a_replacement_passes_the_privacy_door(tmp_path: Path) -> None:
    opted_out = tmp_path / "opted_out.txt"
    opted_out.write_text("bob\n")
    privacy = {"key": "a key for these tests", "opt_out_file": str(opted_out)}
    workspace = Workspace.create(tmp_path / "w", privacy=privacy)
    workspace.drop("a.jsonl", [BAD_TYPE, {**BAD_TYPE, "note": "of somebody"}])
    workspace.ingest()
    texts = [
        query_event(user_id="ada.lovelace", query="mail ada@example.org"),
        query_event(user_id="bob", query="what bob asked"),
    ]
    fix = edited(workspace, tmp_path / "f", lambda row: json.dumps(texts[row["line_number"] - 1]))
    assert outcomes(let_go(workspace, fix=fix)) == {"event": 1, "opted_out": 1}
    [event] = workspace.events().itertuples()
    assert len(event.user_id.rpartition("-")[2]) == 32
    counts = workspace.frame(FILE_LINE_COUNTS)
    assert counts.opted_out.sum() == 1
    workspace.drop("a.jsonl", [BAD_TYPE, {**BAD_TYPE, "note": "of somebody"}, query_event()])
    workspace.ingest()
    assert len(workspace.events()) == 2
    assert workspace.frame(FILE_LINE_COUNTS).opted_out.sum() == 1
    with workspace.lake.engine() as connection:
        stored = [
            repr(connection.execute(f"FROM read_parquet('{file}')").fetchall()).encode()
            if file.suffix == ".parquet" else file.read_bytes()
            for file in workspace.settings.lake.rglob("*") if file.is_file()
        ]  # fmt: skip
    for hidden in (b"ada.lovelace", b"ada@example", b"what bob asked", b"of somebody"):
        assert not any(hidden in content for content in stored), hidden


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a file"),
        ('{"path": ', "cannot be read"),
        ('{"path": "a", "line": "x"}', "1 lines without path, line_number or digest"),
        ('{"path": "a", "line_number": 1, "digest": "d", "line": "x"}\n' * 2, "more than once"),
    ],
)
def test_a_fix_that_cannot_be_read_is_refused_with_the_reason(
    workspace: Workspace, tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "fix.jsonl"
    if text:
        file.write_text(text)
    with pytest.raises(FixError, match=message):
        let_go(workspace, fix=EditedExport(file))


@pytest.mark.parametrize("text", ["[1]", '{"a"', "/nowhere.json"])
def test_a_patch_must_be_a_json_object(text: str) -> None:
    with pytest.raises(FixError, match="The patch"):
        MergePatch.read(text)
