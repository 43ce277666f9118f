"""What a dashboard knows of its metrics: their definitions, slices and place on the first page."""

from collections.abc import Mapping, Sequence
from typing import Any

from analytics_pipeline.metrics.catalog import DIMENSION, VALUE, MetricDefinition
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.reporting.dashboard.selection import SiteTable, twin_metrics
from analytics_pipeline.reporting.marts import SYSTEM, USAGE
from analytics_pipeline.reporting.wording import label

HEADLINES = "headline_metrics"
UNIT = "unit"
# By table and column, the name under which the source reports what the column is about.
MEASURED = {
    f"{SYSTEM}.{column}": resource for resource, columns in USAGE.items() for column in columns
}
DEMAND = "daily_cache_metrics.total_queries"


def catalog_content(
    project: Project,
    tables: Sequence[SiteTable],
    everyones: Sequence[SiteTable],
    team: str | None,
    smallest_group: int,
) -> Mapping[str, Any]:
    """The content of catalog.js.

    ``tables`` are those of this dashboard, ``everyones`` those of everyone's, by which the headline
    metrics of a team are found.
    """
    twins = twin_metrics(tables)
    names = _headline_names(project)
    return {
        "team": team,
        "smallest_group": smallest_group,
        "demand": DEMAND if any(m.id == DEMAND for t in tables for m in t.metrics) else None,
        "headlines": _headlines(list(names), tables, everyones),
        "trends": names,
        "tables": {
            table.name: {
                "description": table.description,
                "subject": table.subject,
                "key": list(table.key),
                "dimensions": list(table.dimensions),
                "units": UNIT in table.columns,
            }
            for table in tables
        },
        "metrics": [
            _metric(
                metric,
                [(table, metric)] if table.key else twins.get(metric.id, ()),
                next(c.null_reason for c in table.table.columns if c.name == metric.name),
                names.get(metric.id, metric.name),
            )
            for table in tables
            for metric in table.metrics
        ],
    }


def _headline_names(project: Project) -> dict[str, str]:
    """The headline metrics that dbt_project.yml lists, by id, with the names of their trends."""
    listed = project.variables.get(HEADLINES, ())
    return {f"{each['model']}.{each.get('column', each['name'])}": each["name"] for each in listed}


def _headlines(
    listed: Sequence[str], tables: Sequence[SiteTable], everyones: Sequence[SiteTable]
) -> list[str]:
    """Ids of the metrics on the first page; all with one value a day where none of the listed is.

    In the dashboard of a team, a listed metric is that of the team.
    """
    shown = {metric.id for table in tables if not table.key for metric in table.metrics}
    twins = twin_metrics(everyones)
    ids: dict[str, None] = {}
    for name in listed:
        candidates = [name, *(metric.id for _, metric in twins.get(name, ()))]
        ids |= dict.fromkeys([each for each in candidates if each in shown][:1])
    return list(ids) or [metric.id for table in tables if not table.key for metric in table.metrics]


def _metric(
    metric: MetricDefinition,
    twins: Sequence[tuple[SiteTable, MetricDefinition]],
    null_reason: str | None,
    name: str,
) -> dict[str, Any]:
    return {
        "id": metric.id,
        "table": metric.model,
        "column": metric.name,
        "label": label(name),
        "description": metric.description,
        "formula": " ".join(metric.formula.split()),
        "unit": metric.unit,
        "good": metric.good_direction,
        "null_reason": null_reason,
        "measured": MEASURED.get(metric.id),
        "thresholds": metric.thresholds.model_dump(exclude_none=True),
        "owner": metric.owner,
        "subject": metric.subject,
        "defined": metric.shown,
        "declared": str(metric.declared_at),
        "over": {"kind": metric.aggregation.kind, "postfix": list(metric.aggregation.postfix)},
        "slices": [
            {"table": table.name, "column": twin.name, "dimension": dimension}
            # Dimensions come before keys such as the hour: the first one is shown at first.
            for table, twin in sorted(twins, key=lambda each: not each[0].is_long)
            for dimension in _dimensions(table)
        ],
    }


def _dimensions(table: SiteTable) -> list[str]:
    """By what a table tells apart: each dimension of a long one, else its key taken together."""
    if table.is_long:
        further = [name for name in table.key if name not in (DIMENSION, VALUE)]
        return [] if further else list(table.dimensions)
    return [", ".join(table.key)]
