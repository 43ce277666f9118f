"""The demand forecast as Dagster assets, on a real instance and lake."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from analytics_pipeline.forecasting.assets import demand_forecasts, query_demand
from analytics_pipeline.forecasting.demand import hours_after
from analytics_pipeline.forecasting.model_store import model_file, stored_model
from analytics_pipeline.forecasting.tables import (
    ALL,
    DEMAND_FORECAST,
    FORECAST_MODELS,
    HOURLY_QUERY_DEMAND,
)
from analytics_pipeline.lake.contracts import checked
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.settings import ForecastSettings, current_settings
from analytics_pipeline_tests.forecasting.series import FIRST_DAY, office
from analytics_pipeline_tests.insights.event_lake import event_frame, event_lake, materialize

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:prophet")
DEMAND = (office(15) / 4).round()
DAYS = [FIRST_DAY + timedelta(days=number) for number in range(16)]  # the last without events
ASSETS = [query_demand, demand_forecasts]
Metadata = dict[str, dict[str, dg.MetadataValue]]


@contextmanager
def lake_of_settings(root: Path) -> Iterator[Lake]:
    """Let the settings of this process name a lake."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AICACHE_LAKE", str(root))
        current_settings.cache_clear()
        yield Lake(root)
    current_settings.cache_clear()


@pytest.fixture(scope="module")
def forecast_lake(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Lake, Metadata]]:
    """A lake where all days were forecast in one run, and what Dagster shows of each day."""
    root = tmp_path_factory.mktemp("forecast") / "lake"
    events = event_frame(
        {
            "event_type": "cache_query",
            "timestamp": hour + pd.Timedelta(minutes=7),
            "cache_hit": True,
        }
        for hour, count in DEMAND.items()
        for _ in range(int(count))
    )
    event_lake(root, events, DAYS)
    with lake_of_settings(root) as lake, dg.DagsterInstance.ephemeral() as instance:
        assert materialize(ASSETS, instance, DAYS).success
        yield lake, metadata(instance, DEMAND_FORECAST)


def stored(lake: Lake, table: Table, days: list[date]) -> pd.DataFrame:
    with lake.engine() as connection:
        return checked(table, lake.frame(connection, table, days))


def metadata(instance: dg.DagsterInstance, table: Table) -> Metadata:
    """The metadata of the latest materialization of each partition."""
    records = instance.fetch_materializations(dg.AssetKey(table.name), limit=100).records
    return {
        str(record.partition_key): dict(record.asset_materialization.metadata)
        for record in reversed(records)
        if record.asset_materialization
    }


def test_every_day_has_its_rows_or_a_reason(forecast_lake: tuple[Lake, Metadata]) -> None:
    lake, _ = forecast_lake
    demand = stored(lake, HOURLY_QUERY_DEMAND, DAYS).set_index("hour")["queries"]
    assert list(demand.iloc[: len(DEMAND)].astype(float)) == list(DEMAND)
    assert demand.iloc[len(DEMAND) :].isna().all()
    forecast = stored(lake, DEMAND_FORECAST, DAYS)
    has_forecast = forecast["forecast"].notna()
    assert (has_forecast == (forecast["event_date"] >= pd.Timestamp(DAYS[13]))).all()
    assert (forecast["reason"].isna() == has_forecast).all()
    assert len(forecast) == 24 * len(DAYS)
    models = stored(lake, FORECAST_MODELS, DAYS)
    assert len(models) == 2 * len(DAYS)
    assert list(models.loc[models["chosen"], "event_date"].dt.date) == DAYS[13:]


def test_the_scores_and_one_chart_are_shown(forecast_lake: tuple[Lake, Metadata]) -> None:
    lake, shown = forecast_lake
    models = stored(lake, FORECAST_MODELS, DAYS)
    for day in DAYS:
        figures = shown[str(day)]
        assert figures["dagster/partition_row_count"].value == 24
        assert ("chart" in figures) == (day == DAYS[-1])
        chosen = models[models["chosen"] & (models["event_date"] == pd.Timestamp(day))]
        if chosen.empty:
            assert "with cache queries" in str(figures["reason"].value)
        else:
            assert figures["chosen model"].value == chosen["model"].item()
            assert figures["MASE"].value == chosen["mase"].item()
            assert figures["interval coverage"].value == chosen["coverage"].item()
    chart = str(shown[str(DAYS[-1])]["chart"].value)
    image = chart.removeprefix("![demand and its forecast](data:image/png;base64,")
    assert base64.b64decode(image.removesuffix(")")).startswith(b"\x89PNG")


def test_the_stored_model_makes_the_stored_forecast(
    forecast_lake: tuple[Lake, Metadata],
) -> None:
    lake, _ = forecast_lake
    for day in DAYS[13:]:
        model = stored_model(lake, day, ForecastSettings())
        assert model is not None
        pd.testing.assert_frame_equal(
            model.forecast(hours_after(day)),
            stored(lake, DEMAND_FORECAST, [day]).set_index("hour")[["forecast", "lower", "upper"]],
            check_freq=False,
            check_index_type=False,
        )
    assert stored_model(lake, DAYS[0], ForecastSettings()) is None


def test_a_day_alone_equals_the_day_in_a_range(forecast_lake: tuple[Lake, Metadata]) -> None:
    lake, _ = forecast_lake
    day = DAYS[14]
    files = [
        lake.partition_file(DEMAND_FORECAST, day),
        lake.partition_file(FORECAST_MODELS, day),
        model_file(lake, day),
    ]
    in_range = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    with dg.DagsterInstance.ephemeral() as instance:
        materialize([demand_forecasts], instance, [day])
    assert [file.read_bytes() for file in files] == in_range


def test_a_lake_without_events_gets_rows_with_a_reason(tmp_path: Path) -> None:
    with lake_of_settings(tmp_path) as lake, dg.DagsterInstance.ephemeral() as instance:
        assert materialize(ASSETS, instance, DAYS[:1]).success
    assert [len(stored(lake, table, DAYS[:1])) for table in ALL] == [24, 24, 2]
    reason = json.loads(model_file(lake, DAYS[0]).read_text())["reason"]
    assert reason.startswith("The 56 days up to 2026-01-05 hold 0 with cache queries")
