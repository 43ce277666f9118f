"""The command that renders reports: aicache-analytics report …"""

import json
import os
import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_pipeline.cli_options import (
    WRONG_USAGE,
    JsonOption,
    LakeOption,
    check_range,
    configure,
    day_option,
    fail,
    output,
    print_json,
    progress,
)
from analytics_pipeline.settings import Settings, today

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from analytics_pipeline.execution import Listener
    from analytics_pipeline.reporting.period import Period

WEEK, MONTH = re.compile(r"\d{4}-W\d{2}"), re.compile(r"\d{4}-\d{2}")


class ReportFormat(StrEnum):
    """Formats of a report."""

    HTML = "html"
    PDF = "pdf"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


class ReportView(StrEnum):
    """Readers of a report."""

    ENGINEER = "engineer"
    EXECUTIVE = "executive"
    TEAM = "team"


def report(
    day: Annotated[date | None, day_option("--date", "Event date.")] = None,
    week: Annotated[
        str | None, typer.Option("--week", metavar="WEEK", help="Week, such as 2026-W47.")
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", metavar="MONTH", help="Month, such as 2026-11.")
    ] = None,
    formats: Annotated[
        list[ReportFormat] | None,
        typer.Option("--format", help="Format; may be repeated. Else the setting."),
    ] = None,
    view: Annotated[
        ReportView | None, typer.Option("--view", help="For whom; else all of the settings.")
    ] = None,
    team: Annotated[
        str | None, typer.Option("--team", metavar="NAME", help="The report of this team.")
    ] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Render the reports of a day, a week or a month from the tables of the lake.

    Formats that were written before are brought up to date as well.
    """
    period = _period(day, week, month)
    _choose(formats, view, team)
    settings = configure(lake=lake)
    check_range(settings, period.first, min(period.last, today()))
    from analytics_pipeline.execution import open_instance, update

    with progress(as_json) as listener:
        instance = open_instance(settings)
        if period.kind == "daily":
            update(instance, period.first, period.last, assets=["daily_report"], listener=listener)
        else:
            _render(instance, period, listener)
    reports = _written(settings, period)
    if as_json:
        print_json({"first": period.first, "last": period.last, "reports": reports})
    else:
        paths = [path for each in reports for path in each["files"].values()]
        output.print("\n".join(paths), markup=False)


def _period(day: date | None, week: str | None, month: str | None) -> "Period":
    """The one period that was asked for."""
    from analytics_pipeline.reporting.period import Period

    asked = [each for each in (day, week, month) if each is not None]
    if len(asked) != 1:
        fail("Name one of --date, --week and --month.", WRONG_USAGE)
    if day is not None:
        return Period.of_day(day)
    text = week or month or ""
    option, pattern, ending, example = (
        ("--week", WEEK, "-1", "2026-W47") if week else ("--month", MONTH, "-01", "2026-11")
    )
    try:
        first = date.fromisoformat(text + ending) if pattern.fullmatch(text) else None
    except ValueError:
        first = None
    if first is None:
        fail(f"{option} takes the form of {example}, which {text!r} has not.", WRONG_USAGE)
    return Period.of_week(first) if week else Period.of_month(first)


def _render(instance: "DagsterInstance", period: "Period", listener: "Listener | None") -> None:
    from analytics_pipeline.execution import execute
    from analytics_pipeline.reporting.period_assets import MONTHLY_JOB, WEEKLY_JOB

    job = WEEKLY_JOB if period.kind == "weekly" else MONTHLY_JOB
    execute(instance, job, partition_key=period.first.isoformat(), listener=listener)


def _choose(
    formats: Sequence[ReportFormat] | None, view: ReportView | None, team: str | None
) -> None:
    """Let what was asked for take precedence over the settings."""
    if view is ReportView.TEAM and not team:
        fail("--view team needs --team NAME.", WRONG_USAGE)
    if team is not None and (view not in (None, ReportView.TEAM) or not team.strip()):
        fail("--team NAME asks for the report of a team, and for no other view.", WRONG_USAGE)
    if formats:
        os.environ["AICACHE_REPORTING__FORMATS"] = json.dumps(list(formats))
    if team is not None:
        os.environ["AICACHE_REPORTING__VIEWS"] = "[]"
        os.environ["AICACHE_REPORTING__TEAMS"] = json.dumps([team])
    elif view is not None:
        os.environ["AICACHE_REPORTING__VIEWS"] = json.dumps([view])
        os.environ["AICACHE_REPORTING__TEAMS"] = "[]"


def _written(settings: Settings, period: "Period") -> list[dict[str, Any]]:
    """The reports of a period that the settings name, each with its files by format."""
    from analytics_pipeline.reporting.files import report_folder, report_name
    from analytics_pipeline.reporting.manifest import read_manifest

    folder = report_folder(settings.lake, period.first, period.kind)
    entries = read_manifest(folder)
    names = [
        *(report_name(view) for view in settings.reporting.views),
        *(report_name("team", team) for team in settings.reporting.teams),
    ]
    return [
        {
            "view": entry["view"],
            "team": entry["team"],
            "content_sha256": entry["content_sha256"],
            "rendered_at": entry["rendered_at"],
            "files": {
                each: str(folder / f"{name}.{each}")
                for each in settings.reporting.formats
                if f"{name}.{each}" in entry["files"]
            },
        }
        for name in names
        if (entry := entries.get(name))
    ]
