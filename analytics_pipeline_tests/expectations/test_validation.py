"""The suite as Great Expectations tests it, and the site that shows the results."""

import multiprocessing
import os
import random
import re
import signal
import socket
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from analytics_pipeline.expectations.comparison import compared
from analytics_pipeline.expectations.docs import publish_results
from analytics_pipeline.expectations.profile import profile_days
from analytics_pipeline.expectations.site import DocsError, page_of, site_of
from analytics_pipeline.expectations.suite import Tolerances, declared
from analytics_pipeline.expectations.validation import DayResult, validate_days
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import Thresholds
from analytics_pipeline_tests.expectations.events import (
    Event,
    log_entry,
    ordinary_day,
    query,
    write_events,
)

DAY = date(2024, 3, 1)
EXPECTED = declared(Thresholds(), Tolerances())
ALL_NAMES = [each.name for each in EXPECTED]


def back(days: int) -> date:
    return DAY - timedelta(days=days)


def results_of(
    lake: Lake, events: dict[date, list[Event]], days: Sequence[date], thresholds: Thresholds
) -> dict[date, DayResult]:
    write_events(lake, events)
    with lake.engine() as connection:
        profile_days(lake, connection, sorted({*events, *days}))
        frames = compared(lake, connection, days, today=date(2024, 4, 1))
    return validate_days(frames, declared(thresholds, Tolerances()))


def result_of(
    tmp_path: Path,
    of_day: list[Event],
    thresholds: Thresholds | None = None,
    past: Sequence[int] = (1, 2, 3),
) -> DayResult:
    events = {back(days): ordinary_day(back(days)) for days in past} | {DAY: of_day}
    return results_of(Lake(tmp_path), events, [DAY], thresholds or Thresholds())[DAY]


def test_an_ordinary_day_meets_every_expectation(tmp_path: Path) -> None:
    result = result_of(tmp_path, ordinary_day(DAY))
    assert result.passed
    assert (result.success_percent, result.not_evaluated) == (100, ())


def test_a_first_day_is_judged_by_the_declarations_alone(tmp_path: Path) -> None:
    result = result_of(tmp_path, ordinary_day(DAY), past=())
    assert result.passed
    assert result.not_evaluated == (
        "usual_volume", "usual_null_share", "usual_mean", "usual_freshness",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("of_day", "failed"),
    [
        (
            [],
            {
                "volume": "all_events of all events (0)",
                "usual_volume": "events_to_usual of all events (0), cache_query (0), log_entry (0)",
            },
        ),
        (
            ordinary_day(DAY, queries=80, log_entries=130),
            {"usual_volume": "events_to_usual of log_entry (3.25)"},
        ),
        (
            [query(DAY, n, 80, query=None) for n in range(80)]
            + [log_entry(DAY, n) for n in range(40)],
            {"usual_null_share": "null_share_rise of cache_query.query (1)"},
        ),
        (
            [query(DAY, n, 80, response_time=9) for n in range(80)]
            + [log_entry(DAY, n) for n in range(40)],
            {"usual_mean": "mean_to_usual of cache_query.response_time (62.07)"},
        ),
        (
            [*ordinary_day(DAY), query(DAY, 80, 81, response_time=-1)],
            {"declared_limits": "outside_share of cache_query.response_time (0.01235)"},
        ),
        (
            [*ordinary_day(DAY)[1:], query(DAY, 80, 81, cache_hit=None)],
            {"required_fields": "required_null_share of cache_query.cache_hit (0.0125)"},
        ),
        (
            [query(DAY, n, 160) for n in range(80)]
            + [log_entry(DAY, n, timestamp=f"{DAY} 01:00:00") for n in range(40)],
            {"usual_freshness": "quiet_hours_rise of all events (11.85)"},
        ),
    ],
)
def test_a_breach_is_named_with_what_breaks_it(
    tmp_path: Path, of_day: list[Event], failed: dict[str, str]
) -> None:
    result = result_of(tmp_path, of_day)
    assert result.failed == failed
    assert result.success_percent == pytest.approx(100 * (1 - len(failed) / len(ALL_NAMES)))


def test_the_volume_is_held_against_the_setting(tmp_path: Path) -> None:
    result = result_of(tmp_path, ordinary_day(DAY), Thresholds(min_events=121))
    assert result.failed == {"volume": "all_events of all events (120)"}


def test_nothing_is_sent_over_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    lake = Lake(tmp_path)
    results = results_of(lake, {DAY: ordinary_day(DAY)}, [DAY], Thresholds())
    publish_results(lake, EXPECTED, results)
    assert page_of(lake, DAY).exists()


def links(page: Path) -> dict[Path, str]:
    """The files of the site that a page links to, with the text of the line of each."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return {
        (page.parent / str(anchor["href"])).resolve(): (
            anchor.parent.get_text(" ", strip=True) if anchor.parent else ""
        )
        for anchor in soup.find_all("a", href=re.compile(r"^[^#:]+\.html$"))
    }


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[date, DayResult]:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    days = [back(days) for days in range(6)]
    events = {day: ordinary_day(day) if day != DAY else [] for day in days}
    return results_of(lake, events, days, Thresholds())


def test_the_site_leads_from_its_index_to_every_day_and_back(
    tmp_path: Path, results: dict[date, DayResult]
) -> None:
    lake = Lake(tmp_path)
    publish_results(lake, EXPECTED, results)
    index = site_of(lake) / "index.html"
    listed = links(index)
    assert set(listed) == {
        *(page_of(lake, day).resolve() for day in results),
        (site_of(lake) / "expectations" / "validated_events.html").resolve(),
    }
    assert listed[page_of(lake, DAY).resolve()] == f"{DAY} ✗ volume, usual_volume"
    assert listed[page_of(lake, back(1)).resolve()] == f"{back(1)} ✓ as expected"
    for page in listed:
        assert all(target.exists() for target in links(page))
    assert index.resolve() in links(page_of(lake, DAY))
    text = page_of(lake, DAY).read_text(encoding="utf-8")
    for each in EXPECTED:
        assert each.description in BeautifulSoup(text, "html.parser").get_text(" ")


def test_a_day_validated_anew_replaces_its_page_and_leaves_the_others(
    tmp_path: Path, results: dict[date, DayResult]
) -> None:
    lake = Lake(tmp_path)
    publish_results(lake, EXPECTED, results)
    before = page_of(lake, back(2)).stat()
    publish_results(lake, EXPECTED, {DAY: results[back(1)]})
    assert page_of(lake, back(2)).stat().st_mtime_ns == before.st_mtime_ns
    listed = links(site_of(lake) / "index.html")
    assert listed[page_of(lake, DAY).resolve()] == f"{DAY} ✓ as expected"
    assert len(listed) == len(results) + 1


def test_processes_that_publish_at_once_all_stand_in_the_index(
    tmp_path: Path, results: dict[date, DayResult]
) -> None:
    lake = Lake(tmp_path)
    fork = multiprocessing.get_context("fork")
    processes = [
        fork.Process(target=publish_results, args=(lake, EXPECTED, {day: result}))
        for day, result in results.items()
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(results)
    assert len(links(site_of(lake) / "index.html")) == len(results) + 1


def publish_for_ever(lake: Lake, results: dict[date, DayResult]) -> None:
    while True:
        for day, result in results.items():
            publish_results(lake, EXPECTED, {day: result})


def test_a_killed_process_leaves_a_site_that_works(
    tmp_path: Path, results: dict[date, DayResult]
) -> None:
    lake = Lake(tmp_path)
    publish_results(lake, EXPECTED, {DAY: results[DAY]})
    for seed in range(5):
        process = multiprocessing.get_context("fork").Process(
            target=publish_for_ever, args=(lake, results)
        )
        process.start()
        time.sleep(0.2 + random.Random(seed).random() / 3)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        for page in [site_of(lake) / "index.html", *site_of(lake).rglob("*.html")]:
            assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")
            assert all(target.exists() for target in links(page))
    publish_results(lake, EXPECTED, results)
    assert len(links(site_of(lake) / "index.html")) == len(results) + 1


def test_a_broken_list_of_days_is_named_with_the_mend(
    tmp_path: Path, results: dict[date, DayResult]
) -> None:
    lake = Lake(tmp_path)
    publish_results(lake, EXPECTED, {DAY: results[DAY]})
    (site_of(lake) / "days.json").write_text("[")
    with pytest.raises(DocsError, match=r"days\.json.*Delete it"):
        publish_results(lake, EXPECTED, {DAY: results[DAY]})
