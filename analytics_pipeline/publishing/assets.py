"""What others read, as Dagster assets: the views over the lake, and the marts in Postgres."""

from collections.abc import Iterable, Iterator, Mapping

import dagster as dg

from analytics_pipeline.alerting.tables import INCIDENT_EVENTS
from analytics_pipeline.daily_assets import SINGLE_RUN, lake_of_process, requested_dates
from analytics_pipeline.expectations.tables import EVENT_PROFILES
from analytics_pipeline.lake.table import Table
from analytics_pipeline.partitions import daily
from analytics_pipeline.settings import Settings, current_settings

GROUP = "publishing"
PUBLISHED_MARTS = "published_marts"
PUBLISH_JOB = "publish"


class PublishConfig(dg.Config):
    """What of the marts is published."""

    tables: list[str] = []  # noqa: RUF012 - pydantic copies it
    """Names of the marts; all where empty."""


def views_asset(tables: Mapping[str, Table]) -> dg.AssetsDefinition:
    """The asset lake_views: a view of each of the tables."""
    spec = _spec(
        "lake_views",
        # Profiles are written by an asset check, incidents by a sensor: no asset stands for them.
        deps=[name for name in tables if name not in {EVENT_PROFILES.name, INCIDENT_EVENTS.name}],
        kind="duckdb",
        description="A DuckDB file with a view of each table of the lake, for people and BI tools: "
        "a date is materialized once the views show it. It is written anew only where the tables "
        "changed their columns, or a table got its first partition.",
    )

    @dg.multi_asset(name="lake_views", specs=[spec], backfill_policy=SINGLE_RUN)
    def lake_views() -> Iterator[dg.MaterializeResult[None]]:
        from analytics_pipeline.publishing.views import refresh_views, views_file

        lake = lake_of_process()
        refreshed = refresh_views(lake, tables.values())
        yield dg.MaterializeResult(
            asset_key=spec.key,
            metadata={
                "path": dg.MetadataValue.path(str(views_file(lake))),
                "views": len(tables),
                "written anew": refreshed,
            },
        )

    return lake_views


def publishing_definitions(marts: Mapping[str, Table], settings: Settings) -> dg.Definitions:
    """The asset published_marts and its job; without publish_url the asset is only shown.

    So "Materialize all" in the UI leaves out what would fail.
    """
    if settings.publish_url is None:
        return dg.Definitions(assets=[_published_spec(marts)])
    return dg.Definitions(assets=[published_asset(marts)], jobs=[publish_job])


def _published_spec(marts: Mapping[str, Table]) -> dg.AssetSpec:
    return _spec(
        PUBLISHED_MARTS,
        deps=marts,
        kind="postgres",
        description="The marts in the Postgres schema that publish_schema names, for dashboards. "
        "Only days whose content changed are sent. It can be materialized where the setting "
        "publish_url names a database.",
    )


def published_asset(marts: Mapping[str, Table]) -> dg.AssetsDefinition:
    """The asset published_marts: the given marts in Postgres."""
    spec = _published_spec(marts)

    @dg.multi_asset(name=PUBLISHED_MARTS, specs=[spec], backfill_policy=SINGLE_RUN)
    def published_marts(
        context: dg.AssetExecutionContext, config: PublishConfig
    ) -> Iterator[dg.MaterializeResult[None]]:
        from analytics_pipeline.publishing.database import PublishError, open_database
        from analytics_pipeline.publishing.publish import publish

        for name in set(config.tables) - set(marts):
            raise PublishError(f"There is no mart {name}. There are: {', '.join(marts)}.")
        settings, days = current_settings(), requested_dates(context)
        with open_database(settings) as connection:
            publication = publish(
                lake_of_process(),
                connection,
                settings,
                marts,
                config.tables or list(marts),
                days,
            )
        for name, sent in publication.sent.items():
            if further := len(sent.keys() - set(days)):
                context.log.info(f"{name} was made anew, with {further} days beside those chosen.")
        for day in days:
            rows = {name: sent[day] for name, sent in publication.sent.items() if day in sent}
            if rows:
                context.add_asset_metadata(
                    {"dagster/partition_row_count": sum(rows.values()), **rows},
                    asset_key=PUBLISHED_MARTS,
                    partition_key=day.isoformat(),
                )
        yield dg.MaterializeResult(asset_key=spec.key)

    return published_marts


def _spec(name: str, *, deps: Iterable[str], kind: str, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=list(deps),
        description=description,
        group_name=GROUP,
        kinds={kind},
        owners=[current_settings().owner],
        partitions_def=daily,
    )


publish_job = dg.define_asset_job(
    PUBLISH_JOB,
    selection=[PUBLISHED_MARTS],
    description="Send what changed in the marts of the chosen dates to Postgres.",
)
