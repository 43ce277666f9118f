"""The metrics as Dagster assets: every mart of the folder of SQL, computed in one step."""

import hashlib
from collections.abc import Iterator

import dagster as dg

from analytics_pipeline.daily_assets import (
    SINGLE_RUN,
    daily_spec,
    describe_partition,
    lake_of_process,
    requested_dates,
)
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.compiling import compiled
from analytics_pipeline.metrics.project import EVENT_DATES, Model, Project
from analytics_pipeline.metrics.shown import shown_by_day


def metric_assets(project: Project) -> dg.AssetsDefinition:
    """All marts of a project as one multi-asset, of which any part can be materialized."""

    @dg.multi_asset(
        name="metrics",
        specs=[mart_spec(project, model) for model in project.marts.values()],
        can_subset=True,
        backfill_policy=SINGLE_RUN,
    )
    def metrics(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        days = requested_dates(context)
        wanted = [key.to_user_string() for key in context.selected_asset_keys]
        lake = lake_of_process()
        with lake.engine() as connection:
            rows = build(lake, connection, project, days, wanted)
            for name, by_day in rows.items():
                model = project.marts[name]
                shown = shown_by_day(lake, connection, model, days)
                for day, count in by_day.items():
                    describe_partition(context, model.table, day, count)
                    if day in shown:
                        context.add_asset_metadata(shown[day], name, day.isoformat())
                yield dg.MaterializeResult(asset_key=name)

    return metrics


def mart_spec(project: Project, model: Model) -> dg.AssetSpec:
    """The asset of a mart: what it is made from, its SQL, and the version of that SQL."""
    query = compiled(project, model.name)
    spec = daily_spec(
        model.table,
        group="metrics",
        deps=[*query.marts, *(table for table in query.tables if table != EVENT_DATES)],
        kinds=("duckdb", "sql"),
        metadata={
            "sql_file": dg.MetadataValue.path(str(model.file)),
            "compiled_sql": dg.MetadataValue.md(f"```sql\n{query.sql}\n```"),
        },
    ).replace_attributes(code_version=hashlib.sha256(query.sql.encode()).hexdigest()[:16])
    return spec.replace_attributes(owners=[model.owner]) if model.owner else spec
