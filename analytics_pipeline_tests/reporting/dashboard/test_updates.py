"""An update writes the files of the months that it touches, and leaves all others alone."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from analytics_pipeline_tests.reporting.dashboard.site_lake import (
    build,
    called,
    files_of,
    shown_rows,
    store_rows,
)
from analytics_pipeline_tests.workspace import Workspace

DAYS = [
    date(2026, 1, 30),
    date(2026, 1, 31),
    *(date(2026, 2, n) for n in range(1, 29, 9)),
    date(2026, 3, 1),
    date(2026, 3, 8),
]
CACHE = "daily_cache_metrics"
SLICES = "daily_cache_metrics_by_slice"


def write(workspace: Workspace, day: date, queries: int) -> None:
    store_rows(workspace, CACHE, day, [{"total_queries": queries, "cache_hits": 1}])
    store_rows(
        workspace, SLICES, day,
        [{"dimension": "model", "value": "atlas", "total_queries": queries}],
    )  # fmt: skip


@pytest.fixture
def small(workspace: Workspace) -> Workspace:
    for number, day in enumerate(DAYS):
        write(workspace, day, number + 1)
    build(workspace)
    return workspace


def site_of(workspace: Workspace) -> Path:
    return workspace.lake.root / "dashboard"


def test_nothing_new_writes_nothing(small: Workspace) -> None:
    before = {file: file.stat().st_mtime_ns for file in site_of(small).rglob("*")}
    assert build(small).written == []
    assert build(small, days=DAYS).written == []
    assert {file: file.stat().st_mtime_ns for file in site_of(small).rglob("*")} == before


def test_a_changed_day_writes_its_month_of_its_table(small: Workspace) -> None:
    before = files_of(site_of(small))
    write(small, DAYS[3], 1000)
    built = build(small, days=[DAYS[3]])
    assert sorted(built.written) == [
        f"data/{CACHE}/2026-02.js", f"data/{SLICES}/2026-02.js", "index.js",
    ]  # fmt: skip
    assert built.months == ["2026-02"]
    after = files_of(site_of(small))
    assert {name for name in after if after[name] != before[name]} == set(built.written)
    assert shown_rows(site_of(small), CACHE).total_queries.tolist() == [
        1000 if day == DAYS[3] else number + 1 for number, day in enumerate(DAYS)
    ]


def test_a_day_written_anew_with_the_same_rows_changes_no_byte(small: Workspace) -> None:
    before = files_of(site_of(small))
    write(small, DAYS[3], 4)
    assert build(small, days=[DAYS[3]]).written == []
    assert files_of(site_of(small)) == before


def test_only_the_months_of_the_days_are_looked_at(small: Workspace) -> None:
    write(small, DAYS[-1], 1000)
    assert build(small, days=[DAYS[0]]).written == []
    assert build(small, days=DAYS).months == ["2026-03"]


def test_later_months_whose_rows_look_back_follow(small: Workspace) -> None:
    """The cost of the days before stands in the projection of a later one."""
    for day in DAYS:
        store_rows(small, "daily_cost_metrics", day, [{"total_cost": 1.0}])
    build(small)
    store_rows(
        small, "daily_cost_metrics", DAYS[-1], [{"total_cost": 1.0, "cost_month_to_date": 9}]
    )
    store_rows(small, CACHE, DAYS[-1], [{"total_queries": 77}])
    built = build(small, days=[DAYS[4]])
    assert [name for name in built.written if name != "index.js"] == [
        "data/daily_cost_metrics/2026-03.js"
    ]


def test_a_further_day_is_in_the_index(small: Workspace) -> None:
    further = DAYS[-1] + timedelta(days=40)
    write(small, further, 5)
    assert build(small, days=[further]).months == [further.isoformat()[:7]]
    _, [index] = called(site_of(small) / "index.js")
    assert index["last"] == further.isoformat()
    assert list(index["months"][CACHE]) == ["2026-01", "2026-02", "2026-03", "2026-04"]


@pytest.mark.parametrize("gone", ["page", "month", "state", "everything"])
def test_what_was_deleted_comes_back(small: Workspace, gone: str) -> None:
    before = files_of(site_of(small))
    state = small.lake.state / "dashboards"
    if gone == "page":
        (site_of(small) / "index.html").unlink()
    elif gone == "month":
        (site_of(small) / "data" / CACHE / "2026-02.js").unlink()
    elif gone == "state":
        for file in state.glob("*.json"):
            file.write_text("{ half a fi")
    else:
        shutil.rmtree(site_of(small))
    build(small, days=[DAYS[3]])
    assert files_of(site_of(small)) == before


def test_no_temporary_file_remains(small: Workspace) -> None:
    assert not [name for name in files_of(site_of(small)) if ".tmp" in name]


def test_an_empty_lake_has_a_page(workspace: Workspace) -> None:
    built = build(workspace)
    assert built.page.exists()
    _, [index] = called(site_of(workspace) / "index.js")
    assert index["first"] is None
    assert not any(index["months"].values())
