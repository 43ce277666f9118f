"""The dashboard as a Dagster asset."""

from collections.abc import Iterator

import dagster as dg

from analytics_pipeline.alerting.tables import INCIDENT_EVENTS
from analytics_pipeline.daily_assets import SINGLE_RUN, lake_of_process, requested_dates
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.partitions import daily
from analytics_pipeline.reporting.dashboard.selection import site_tables
from analytics_pipeline.reporting.dashboard.site import build_dashboard, dashboard_folder
from analytics_pipeline.settings import current_settings

DASHBOARD = "dashboard"


def dashboard_asset(project: Project) -> dg.AssetsDefinition:
    """The asset dashboard: that of everyone, and those of the teams that the settings name."""
    settings = current_settings()
    spec = dg.AssetSpec(
        DASHBOARD,
        deps=[table.name for table in site_tables(project, settings, None)],
        description="A folder of files that any browser opens, without a server or a network: the "
        "marts by range of dates and by slice. A date is materialized once its months show it; "
        "only the files of the months that changed are written.",
        group_name="reporting",
        kinds={"html", "plotly"},
        owners=[settings.owner],
        partitions_def=daily,
    )

    @dg.multi_asset(name=DASHBOARD, specs=[spec], backfill_policy=SINGLE_RUN)
    def dashboard(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        settings = current_settings()
        lake = lake_of_process()
        days = requested_dates(context)
        built = {
            team: build_dashboard(
                lake,
                dashboard_folder(lake, team),
                project,
                settings,
                days=days,
                team=team,
                incidents=INCIDENT_EVENTS,
            )
            for team in (None, *settings.reporting.teams)
        }
        page = built[None].page
        yield dg.MaterializeResult(
            asset_key=spec.key,
            metadata={
                "path": dg.MetadataValue.path(str(page)),
                "dashboard": dg.MetadataValue.url(page.as_uri()),
                "bytes": sum(each.bytes for each in built.values()),
                "files written": sum(len(each.written) for each in built.values()),
                "months written": sorted(
                    {month for each in built.values() for month in each.months}
                ),
                "teams": {team: str(each.page) for team, each in built.items() if team is not None},
            },
        )

    return dashboard
