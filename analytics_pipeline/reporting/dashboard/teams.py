"""Which teams the metrics tell of."""

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import literal, quoted
from analytics_pipeline.metrics.catalog import DIMENSION, VALUE
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.reporting.dashboard.selection import TEAM, site_tables
from analytics_pipeline.settings import Settings


def teams_of(lake: Lake, project: Project, settings: Settings) -> list[str]:
    """The teams that a mart tells apart on any day, in alphabetical order."""
    selects = [
        f"SELECT {quoted(VALUE)} FROM {lake.scan(table.table)} "
        f"WHERE {quoted(DIMENSION)} = {literal(TEAM)}"
        if TEAM in table.dimensions
        else f"SELECT {quoted(TEAM)} FROM {lake.scan(table.table)}"
        for table in site_tables(project, settings, None)
        if TEAM in table.dimensions or table.key == (TEAM,)
    ]
    if not selects:
        return []
    with lake.engine() as connection:
        found = connection.execute(" UNION ".join(selects)).fetchall()
    return sorted(team for (team,) in found if team is not None)
