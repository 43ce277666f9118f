"""The metrics as Dagster assets: every mart of the folder of SQL, computed in one step."""

import hashlib
from collections.abc import Iterator
from datetime import date

import dagster as dg

from analytics_pipeline.daily_assets import (
    SINGLE_RUN,
    daily_spec,
    described_partition,
    lake_of_process,
    requested_dates,
    table_schema,
)
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.compiling import CompiledModel, compiled
from analytics_pipeline.metrics.lineage.stored import mart_lineage
from analytics_pipeline.metrics.project import EVENT_DATES, Model, Project
from analytics_pipeline.metrics.shown import shown_by_day
from analytics_pipeline.metrics.shown_lineage import lineage_warning, shown_lineage
from analytics_pipeline.metrics.shown_metrics import shown_metrics
from analytics_pipeline.settings import current_settings


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
                shown = shown_by_day(lake, connection, model, list(by_day))
                for day, count in by_day.items():
                    metadata = {
                        **described_partition(model.table, day, count),
                        **shown.get(day, {}),
                    }
                    if day in days:
                        context.add_asset_metadata(metadata, name, day.isoformat())
                    else:
                        # A day that was not asked for, but whose rows are made from one that was.
                        context.log_event(
                            dg.AssetMaterialization(
                                name, partition=day.isoformat(), metadata=metadata
                            )
                        )
                _add_lineage(context, lake, project, name, days[-1])
                yield dg.MaterializeResult(asset_key=name)

    return metrics


def _add_lineage(
    context: dg.AssetExecutionContext, lake: Lake, project: Project, name: str, day: date
) -> None:
    """Attach the column lineage to one date, the last: it is the same for all, and can be long."""
    mart = project.marts[name]
    lineage = mart_lineage(project, name, lake.state / "column_lineage")
    warning = lineage_warning(mart, lineage)
    if warning:
        context.log.warning(warning)
    context.add_asset_metadata(shown_lineage(mart, lineage), name, day.isoformat())


def mart_spec(project: Project, model: Model) -> dg.AssetSpec:
    """The asset of a mart: what it is made from, its SQL, and the version of that SQL."""
    query = compiled(project, model.name)
    spec = daily_spec(
        model.table,
        group="metrics",
        deps=_deps(query),
        kinds=("duckdb", "sql"),
        metadata={
            **shown_metrics(project, model, current_settings().owner),
            "history_days": model.history_days,
            "sql_file": dg.MetadataValue.path(str(model.file)),
            "compiled_sql": dg.MetadataValue.md(f"```sql\n{query.sql}\n```"),
        },
    ).replace_attributes(
        code_version=_version(query.sql, *(project.seeds[name].digest for name in query.seeds)),
        tags=dict.fromkeys(model.config.tags, ""),
    )
    return spec.replace_attributes(owners=[model.owner]) if model.owner else spec


def seed_specs(project: Project) -> list[dg.AssetSpec]:
    """The CSV files of the folder as assets that come with it: nothing materializes them."""
    return [
        dg.AssetSpec(
            seed.name,
            description=seed.description,
            group_name="metrics",
            kinds={"csv"},
            owners=[seed.owner or current_settings().owner],
            code_version=seed.digest,
            metadata={
                "dagster/column_schema": table_schema(seed.declared.columns),
                "file": dg.MetadataValue.path(str(seed.file)),
            },
        )
        for seed in project.seeds.values()
    ]


def _deps(query: CompiledModel) -> list[str]:
    """What a mart is made from.

    The earlier dates that it reads are no partition mapping: Dagster would split a backfill of
    several marts into several runs, and later dates are computed anew where they differ.
    """
    names = dict.fromkeys((*(ref.name for ref in query.reads), *query.seeds))
    return [name for name in names if name != EVENT_DATES]


def _version(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
