import gzip
import json
import re
from collections import Counter, defaultdict
from datetime import date, datetime
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pandas as pd
import pytest

from analytics_pipeline.samples.generation import GenerationError, GenerationSummary, generate
from analytics_pipeline.settings import IngestionSettings
from analytics_pipeline_tests.samples.declared import FIELDS, lines_of, moment, reason_of

END = date(2026, 11, 20)
# What only the records of other sources become.
NOT_GENERATED = {"build_job", "span"}
EVENTS, DAYS = 40_000, 40


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> GenerationSummary:
    destination = tmp_path_factory.mktemp("generated")
    return generate(
        destination,
        events=EVENTS,
        days=DAYS,
        end=END,
        seed=11,
        late_share=0.01,
        duplicate_share=0.01,
        bad_share=0.01,
    )


@pytest.fixture(scope="module")
def truth(summary: GenerationSummary) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(summary.truth_file.read_text())
    return document


@pytest.fixture(scope="module")
def calm_events(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The events of a period without incidents."""
    destination = tmp_path_factory.mktemp("calm")
    generate(destination, events=EVENTS, days=DAYS, end=END, seed=11, incidents=False, bad_share=0)
    return frame_of(list(lines_of(destination, "*.jsonl")))


class Line(NamedTuple):
    file: Path
    content: bytes
    reason: str | None


@pytest.fixture(scope="module")
def lines(summary: GenerationSummary) -> list[Line]:
    return [
        Line(file, content, reason_of(content))
        for file in sorted(summary.destination.rglob("*.jsonl"))
        for content in file.read_bytes().split(b"\n")[:-1]
    ]


@pytest.fixture(scope="module")
def events(lines: list[Line]) -> pd.DataFrame:
    """The distinct valid events."""
    return frame_of([line.content for line in lines if line.reason is None])


def frame_of(valid: list[bytes]) -> pd.DataFrame:
    found = [json.loads(line) for line in dict.fromkeys(valid)]
    frame = pd.DataFrame(found)
    frame["moment"] = pd.to_datetime([moment(event) for event in found])
    frame["date"] = frame["moment"].dt.strftime("%Y-%m-%d")
    return frame


def contents(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("first", 5), ("second", 5), ("other", 6)):
        generate(tmp_path / name, events=3_000, days=9, end=END, seed=seed)
    first = contents(tmp_path / "first")
    assert len(first) > 9
    assert contents(tmp_path / "second") == first
    assert contents(tmp_path / "other") != first


def test_gzip_holds_the_same_lines_and_is_the_same_each_time(tmp_path: Path) -> None:
    arguments = {"events": 2_000, "days": 4, "end": END, "seed": 5}
    generate(tmp_path / "plain", **arguments)  # type: ignore[arg-type]
    for name in ("first", "second"):
        generate(tmp_path / name, gzip=True, **arguments)  # type: ignore[arg-type]
    plain = sorted((tmp_path / "plain").rglob("*.jsonl"))
    assert plain
    for file in plain:
        compressed = tmp_path / "first" / f"{file.relative_to(tmp_path / 'plain')}.gz"
        assert gzip.decompress(compressed.read_bytes()) == file.read_bytes()
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_every_line_is_accounted_for(
    summary: GenerationSummary,
    truth: dict[str, Any],
    lines: list[Line],
    events: pd.DataFrame,
) -> None:
    bad = Counter(line.reason for line in lines if line.reason)
    assert dict(bad) == truth["bad_lines_by_reason"]
    assert len(bad) == 10
    duplicates = len(lines) - bad.total() - len(events)
    assert (len(events), duplicates, bad.total(), len(lines)) == (
        EVENTS - truth["lost_events"] - truth["spoiled_events"],
        truth["duplicate_lines"],
        truth["bad_lines"],
        truth["lines"],
    )
    assert (summary.events, summary.duplicate_lines, summary.bad_lines, summary.lines) == (
        len(events),
        duplicates,
        bad.total(),
        len(lines),
    )
    mixed_in = bad.total() - truth["spoiled_events"]
    for share, count in ((0.01, duplicates), (0.01, mixed_in), (0.01, truth["late_events"])):
        assert 0.7 * share * EVENTS < count < 1.3 * share * EVENTS


def test_truth_counts_events_by_type_and_date(truth: dict[str, Any], events: pd.DataFrame) -> None:
    assert events["event_type"].value_counts().to_dict() == truth["events_by_type"]
    generated = set(FIELDS) - NOT_GENERATED
    assert set(truth["events_by_type"]) == generated
    by_date = events.groupby(["date", "event_type"]).size()
    hits = events[events["cache_hit"].eq(True)].groupby("date").size()
    assert len(truth["by_date"]) == DAYS
    for day, told in truth["by_date"].items():
        found = {name: int(by_date.get((day, name), 0)) for name in generated}
        assert found == {name: told[name] for name in generated}
        assert told["events"] == sum(found.values())
        assert told["cache_hits"] == hits.get(day, 0)


def test_truth_counts_lines_of_files(summary: GenerationSummary, truth: dict[str, Any]) -> None:
    folder = summary.destination
    found = {
        file.relative_to(folder).as_posix(): {
            "lines": file.read_bytes().count(b"\n"),
            "bytes": file.stat().st_size,
        }
        for file in folder.rglob("*.jsonl")
    }
    assert found == truth["files"]
    assert (summary.files, summary.bytes) == (
        len(found),
        sum(file["bytes"] for file in found.values()),
    )


def test_the_truth_says_that_all_is_generated_and_is_passed_over_by_ingestion(
    summary: GenerationSummary, truth: dict[str, Any]
) -> None:
    assert truth["generated"] is True
    assert "generated" in truth["notice"]
    assert truth["parameters"]["seed"] == 11
    patterns = IngestionSettings().exclude
    assert any(fnmatch(summary.truth_file.name, pattern) for pattern in patterns)
    assert not any(
        fnmatch(Path(path).name, pattern) for path in truth["files"] for pattern in patterns
    )


def test_identities_are_distinct(events: pd.DataFrame) -> None:
    identified = events["event_id"].dropna()
    assert identified.is_unique
    assert identified.str.fullmatch(re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")).all()
    without = events.loc[events["event_id"].isna(), "event_type"]
    assert set(without) == {"system_metric", "log_entry"}


def test_late_and_repeated_lines_come_in_files_of_their_own(summary: GenerationSummary) -> None:
    in_time = set(lines_of(summary.destination, "events.jsonl"))
    late = list(lines_of(summary.destination, "late.jsonl"))
    repeated = list(lines_of(summary.destination, "repeated.jsonl"))
    assert len(late) == summary.late_events > 0
    assert len(repeated) == summary.duplicate_lines > 0
    assert not in_time & set(late)
    assert set(repeated) <= in_time | set(late)
    late_files = list(summary.destination.rglob("late.jsonl"))
    assert 1 <= len(late_files) <= 5
    for file in late_files:
        arrival = date.fromisoformat(file.parent.name)
        delays = {
            (arrival - moment(json.loads(line)).date()).days
            for line in file.read_bytes().splitlines()
        }
        assert delays <= set(range(1, 8))


def test_lines_of_a_file_are_of_its_day_and_in_order(lines: list[Line]) -> None:
    of_file: dict[Path, list[datetime]] = defaultdict(list)
    for line in lines:
        if line.file.name == "events.jsonl" and line.reason is None:
            of_file[line.file].append(moment(json.loads(line.content)))
    assert len(of_file) == DAYS
    for file, moments in of_file.items():
        assert {moment.date().isoformat() for moment in moments} == {file.parent.name}
        assert moments == sorted(moments)


def test_a_hit_needs_an_earlier_question_for_the_same_entry(calm_events: pd.DataFrame) -> None:
    queries = calm_events[calm_events["event_type"] == "cache_query"]
    first_question = queries.groupby("cache_key")["moment"].min()
    hits = queries[queries["cache_hit"].eq(True)]
    assert (hits["cache_key"].map(first_question) <= hits["moment"]).all()
    alone = queries["cache_key"].map(queries["cache_key"].value_counts()) == 1
    assert alone.any()
    assert not queries.loc[alone, "cache_hit"].any()
    assert 0.7 < queries["cache_hit"].mean() < 0.9


def test_misses_cost_their_tokens_and_hits_nothing(events: pd.DataFrame) -> None:
    queries = events[events["event_type"] == "cache_query"]
    hits = queries["cache_hit"].eq(True)
    assert (queries.loc[hits, "cost"] == 0).all()
    assert (queries.loc[hits, "match_type"] != "none").all()
    assert (queries.loc[~hits, "match_type"] == "none").all()
    assert (queries.loc[~hits, "cost"] > 0).all()
    medians = queries.groupby(hits)["response_time"].median()
    assert medians[True] < 0.1
    assert medians[False] > 0.5


def test_stores_follow_misses_of_the_same_entry(calm_events: pd.DataFrame) -> None:
    stores = calm_events[calm_events["event_type"] == "cache_store"]
    misses = calm_events[calm_events["cache_hit"].eq(False)]
    first_miss = misses.groupby("cache_key")["moment"].min()
    assert (stores["cache_key"].map(first_miss) < stores["moment"]).all()


def test_demand_has_its_seasons_and_users_their_habits(events: pd.DataFrame) -> None:
    queries = events[events["event_type"] == "cache_query"]
    by_day = queries.groupby("date").size()
    weekday = pd.to_datetime(by_day.index).day_of_week
    assert by_day[weekday >= 5].mean() < 0.5 * by_day[weekday < 5].mean()
    assert by_day[weekday == 3].median() > 1.1 * by_day[weekday < 3].median()
    by_hour = queries.groupby(queries["moment"].dt.hour).size()
    assert by_hour.loc[9:16].min() > 3 * by_hour.loc[0:4].max()

    languages = queries["context"].map(lambda context: context["language"])
    shares = languages.groupby(queries["user_id"]).agg(
        lambda values: values.value_counts(normalize=True).max()
    )
    assert shares.median() > 0.6
    lengths = queries["query"].str.len()
    classes = pd.cut(lengths, [0, 49, 99, 10_000]).value_counts(normalize=True)
    assert classes.min() > 0.05


def test_shares_of_nothing_and_no_incidents(tmp_path: Path) -> None:
    summary = generate(
        tmp_path / "clean",
        events=2_000,
        days=3,
        end=END,
        seed=1,
        incidents=False,
        late_share=0,
        duplicate_share=0,
        bad_share=0,
    )
    assert (summary.lines, summary.files, summary.incidents) == (2_000, 3, 0)
    lines = list(lines_of(summary.destination, "*.jsonl"))
    assert len(set(lines)) == 2_000
    assert {reason_of(line) for line in lines} == {None}


@pytest.mark.parametrize(("count", "days"), [(1, 1), (3, 30), (500, 1), (60, 60)])
def test_few_events_are_exact_too(tmp_path: Path, count: int, days: int) -> None:
    summary = generate(
        tmp_path / "calm", events=count, days=days, end=END, seed=2, incidents=False, bad_share=0
    )
    lines = list(lines_of(summary.destination, "*.jsonl"))
    assert len(set(lines)) == summary.events == count
    assert {reason_of(line) for line in lines} == {None}

    summary = generate(tmp_path / "few", events=count, days=days, end=END, seed=2, bad_share=0)
    told = json.loads(summary.truth_file.read_text())
    reasons = Counter(reason_of(line) for line in set(lines_of(summary.destination, "*.jsonl")))
    assert reasons[None] == summary.events
    assert reasons.total() - reasons[None] == told["spoiled_events"]
    assert reasons.total() + told["lost_events"] == count


@pytest.mark.slow
def test_a_very_large_day_comes_in_parts(tmp_path: Path) -> None:
    summary = generate(tmp_path / "large", events=600_000, days=1, end=END, seed=3)
    names = sorted(file.name for file in summary.destination.rglob("*.jsonl"))
    assert names == ["events-1.jsonl", "events-2.jsonl", "repeated.jsonl"]
    identified, distinct = duckdb.execute(
        "SELECT count(event_id), count(DISTINCT event_id) FROM read_json("
        f"'{summary.destination}/*/*/events-*.jsonl', ignore_errors = true, "
        "columns = {event_id: 'VARCHAR', event_type: 'VARCHAR'})"
    ).fetchall()[0]
    assert identified == distinct > 400_000
    truth = json.loads(summary.truth_file.read_text())
    assert summary.events == sum(truth["events_by_type"].values()) == 600_000


def test_another_generation_gives_other_identities(tmp_path: Path) -> None:
    for name, days in (("one", 2), ("two", 3)):
        generate(tmp_path / name, events=500, days=days, end=END, seed=4, bad_share=0)
    identities = [
        {json.loads(line).get("event_id") for line in lines_of(tmp_path / name, "*.jsonl")}
        for name in ("one", "two")
    ]
    assert identities[0] & identities[1] == {None}


def test_refuses_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text("{}\n")
    with pytest.raises(GenerationError, match="not an empty folder"):
        generate(tmp_path, events=10, days=1, end=END, seed=1)
    assert [file.name for file in tmp_path.iterdir()] == ["events.jsonl"]


@pytest.mark.parametrize(
    "wrong",
    [{"events": 0}, {"days": 0}, {"seed": -1}, {"bad_share": 0.6}, {"late_share": -0.1}],
)
def test_refuses_numbers_out_of_range(tmp_path: Path, wrong: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"events": 10, "days": 1, "end": END, "seed": 1, **wrong}
    with pytest.raises(GenerationError, match=r"must (be|lie)"):
        generate(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()
