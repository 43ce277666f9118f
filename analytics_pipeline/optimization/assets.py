"""The asset of the recommendations."""

from collections.abc import Iterator, Mapping

import dagster as dg

from analytics_pipeline.daily_assets import (
    SINGLE_RUN,
    daily_spec,
    describe_looking_back,
    lake_of_process,
    requested_dates,
)
from analytics_pipeline.lake.looking_back import replace_looking_back
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.tables import metric_variables, reach_days
from analytics_pipeline.optimization.catalog import RECOMMENDED
from analytics_pipeline.optimization.recommendation import Context
from analytics_pipeline.optimization.recommending import recommendations, supported
from analytics_pipeline.optimization.tables import RECOMMENDATIONS, WINDOW_DAYS
from analytics_pipeline.settings import current_settings


def recommendations_asset(tables: Mapping[str, Table]) -> dg.AssetsDefinition:
    """The asset recommendations, made from these tables of the metrics."""
    kinds = supported(tables)
    read = list(dict.fromkeys(name for kind in kinds for name in kind.reads))

    @dg.multi_asset(
        name=RECOMMENDATIONS.name,
        specs=[
            daily_spec(
                RECOMMENDATIONS,
                group="optimization",
                deps=read,
                metadata={"history_days": WINDOW_DAYS - 1},
            )
        ],
        backfill_policy=SINGLE_RUN,
    )
    def ranked_recommendations(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None]]:
        """Judge the four weeks up to each requested date, and rank what follows from them."""
        lake = lake_of_process()
        judging = Context(current_settings(), metric_variables())
        for name in RECOMMENDED.keys() - {kind.name for kind in kinds}:
            context.log.warning(
                f"No recommendations of the kind {name}: sql_dir has no table or column of "
                f"{', '.join(RECOMMENDED[name].reads)}."
            )
        with lake.engine() as connection:
            rows = replace_looking_back(
                lake,
                connection,
                RECOMMENDATIONS,
                requested_dates(context),
                WINDOW_DAYS - 1 + reach_days(name for name in read if name in tables),
                lambda days: recommendations(lake, connection, tables, days, judging),
            )
            describe_looking_back(context, lake, connection, RECOMMENDATIONS, rows)
        yield dg.MaterializeResult(asset_key=RECOMMENDATIONS.name)

    return ranked_recommendations
