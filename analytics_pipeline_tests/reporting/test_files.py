"""Where reports lie: one file a report, inside the folder of its period, whatever the team."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.reporting.files import FORMATS, report_files, slug

ROOT = Path("/lake")
TEAMS = (
    "search", "Search", "SEARCH", "search ", "search!", "../../etc/passwd", "..", ".", "", "/",
    "\\", "C:\\temp", "a/b", "a-b", "a b", "a--b", "ünïcode", "unicode", "検索", "品質", "🙂",
    "\u202esearch", "nul\x00byte", "new\nline", "CON", "con", "x" * 41, "x" * 42, "x" * 5000, "-",
    "team-search", "search.html", "$(reboot)", "%2e%2e%2f", "~", "\udcff", "search-" + "a" * 8,
)  # fmt: skip


def test_files_are_named_by_kind_period_view_and_team() -> None:
    day = date(2026, 11, 17)
    daily = report_files(ROOT, day)
    assert list(daily) == list(FORMATS)
    assert daily["html"] == ROOT / "reports/event_date=2026-11-17/report.html"
    executive = report_files(ROOT, day, "weekly", "executive")
    assert executive["pdf"] == ROOT / "reports/week=2026-W47/executive.pdf"
    team = report_files(ROOT, day, "monthly", "team", "search")
    assert team["json"] == ROOT / "reports/month=2026-11/team-search.json"


def test_a_week_belongs_to_its_iso_year() -> None:
    assert report_files(ROOT, date(2027, 1, 1), "weekly")["csv"].parent.name == "week=2026-W53"
    assert report_files(ROOT, date(2024, 12, 30), "weekly")["csv"].parent.name == "week=2025-W01"


def test_names_of_teams_share_no_file_and_leave_no_folder() -> None:
    files = [
        report_files(ROOT, date(2026, 11, 17), "daily", "team", team)["html"] for team in TEAMS
    ]
    assert len({str(file).casefold() for file in files}) == len(TEAMS)
    for file in files:
        assert file.parent == ROOT / "reports/event_date=2026-11-17"
        assert len(file.name) < 100


@given(a=st.text(), b=st.text())
def test_two_names_have_two_slugs(a: str, b: str) -> None:
    for name in (a, b):
        assert set(slug(name)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert slug(name)
        assert ".." not in slug(name)
    assert (slug(a) == slug(b)) == (a == b)


@pytest.mark.parametrize("name", ["Search", "検索"])
def test_no_plain_name_is_that_of_a_changed_one(name: str) -> None:
    assert slug(slug(name)) != slug(name)
