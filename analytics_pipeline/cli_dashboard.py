"""The command for the dashboard: aicache-analytics dashboard …"""

from typing import Annotated

import typer

from analytics_pipeline.cli_options import (
    WRONG_USAGE,
    JsonOption,
    LakeOption,
    configure,
    fail,
    output,
    print_json,
)


def dashboard(
    team: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The dashboard that shows this team's own slice only."),
    ] = None,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open it in the browser of this machine.")
    ] = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the dashboard up to date, and say where it is: a page that any browser opens."""
    settings = configure(lake=lake)
    from analytics_pipeline.alerting.tables import INCIDENT_EVENTS
    from analytics_pipeline.lake.lake import Lake
    from analytics_pipeline.metrics.tables import current_project
    from analytics_pipeline.reporting.dashboard.site import build_dashboard, dashboard_folder
    from analytics_pipeline.reporting.dashboard.teams import teams_of

    of_settings, project = Lake.of(settings), current_project()
    if team is not None:
        teams = teams_of(of_settings, project, settings)
        if team not in teams:
            known = f"There are: {', '.join(teams[:20])}." if teams else "There is none."
            fail(f"No metric of the lake is about a team {team}. {known}", WRONG_USAGE)
    built = build_dashboard(
        of_settings, dashboard_folder(of_settings, team), project, settings, team=team,
        incidents=INCIDENT_EVENTS,
    )  # fmt: skip
    if as_json:
        print_json(
            {
                "page": built.page,
                "team": team,
                "bytes": built.bytes,
                "files_written": len(built.written),
                "months_written": built.months,
            }
        )
    else:
        output.print(str(built.page), markup=False)
    if open_page:
        typer.launch(built.page.as_uri())
