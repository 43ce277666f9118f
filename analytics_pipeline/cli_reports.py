"""The command that renders reports: aicache-analytics report …"""

import json
import os
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import typer

from analytics_pipeline.cli_options import (
    WRONG_USAGE,
    JsonOption,
    LakeOption,
    as_day,
    check_range,
    configure,
    fail,
    output,
    print_json,
    progress,
)
from analytics_pipeline.settings import Settings


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
    day: Annotated[date, typer.Option("--date", parser=as_day, metavar="DATE", help="Event date.")],
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
    """Render the reports of an event date from the tables of the lake, and say where they are.

    Formats that were written before are brought up to date as well.
    """
    _choose(formats, view, team)
    settings = configure(lake=lake)
    check_range(settings, day, day)
    from analytics_pipeline.execution import open_instance, update

    with progress(as_json) as listener:
        update(open_instance(settings), day, day, assets=["daily_report"], listener=listener)
    reports = _written(settings, day)
    if as_json:
        print_json({"date": day, "reports": reports})
    else:
        paths = [path for each in reports for path in each["files"].values()]
        output.print("\n".join(paths), markup=False)


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


def _written(settings: Settings, day: date) -> list[dict[str, Any]]:
    """The reports of a day that the settings name, each with its files by format."""
    from analytics_pipeline.reporting.files import report_folder, report_name
    from analytics_pipeline.reporting.manifest import read_manifest

    folder = report_folder(settings.lake, day)
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
