"""The table of the likely causes of anomalies, for a range of days."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from analytics_pipeline.insights.anomalies import HISTORY_DAYS, Anomaly, anomalies
from analytics_pipeline.insights.anomaly_reading import Parts, Reader
from analytics_pipeline.insights.causes import NONE, Cause, likely_causes
from analytics_pipeline.insights.coincidence_reading import CoincidenceReader
from analytics_pipeline.insights.contributions import Effect, ratio_effects, sum_effects
from analytics_pipeline.insights.headlines import USER, present
from analytics_pipeline.insights.tables import ANOMALY_CAUSES
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


def anomaly_causes(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Table],
    days: Iterable[date],
    settings: Settings,
) -> "pd.DataFrame":
    """The rows of anomaly_causes of the days, with event_date.

    ``tables`` are those of the metrics by name; headline metrics that they do not have are left
    out. Nothing is read but the headline metrics, except for days with an anomaly.
    """
    import pandas as pd

    wanted = sorted(set(days))
    reader = Reader(lake, connection, tables)
    read = {day - timedelta(days=back) for day in wanted for back in range(HISTORY_DAYS + 1)}
    observed = reader.observed(present(tables), read)
    found = anomalies(
        observed, wanted, settings.insights.anomaly_z, settings.insights.anomaly_change
    )
    parts = reader.parts(found)
    happened = CoincidenceReader(lake, connection, tables, settings).by_day(
        {each.day for each in found}
    )
    least_users = settings.reporting.min_group_size
    rows = [
        row
        for each in found
        for row in _rows(
            each,
            likely_causes(
                each, effects_by_dimension(each, *parts[each], least_users),
                happened[each.day][each.headline.scope],
            ),
        )
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=[*ANOMALY_CAUSES.column_names, "event_date"])


def effects_by_dimension(
    anomaly: Anomaly, of_day: Parts, usual: Parts, least_users: int
) -> dict[str, list[Effect]]:
    """The effects of the slices of an anomaly by dimension.

    Users are no dimension on a day with fewer than ``least_users`` of them.
    """
    effects = ratio_effects if anomaly.headline.is_ratio else sum_effects
    found = {}
    for dimension in sorted({*of_day, *usual}):
        now, before = of_day.get(dimension, {}), usual.get(dimension, {})
        seen = [name for name, part in now.items() if name != NONE and _is_there(part)]
        if dimension == USER and len(seen) < least_users:
            continue
        divided = effects(now, before)
        if len(divided) > 1:
            found[dimension] = divided
    return found


def _is_there(part: Any) -> bool:
    return bool(part.numerator or part.denominator)


def _rows(anomaly: Anomaly, causes: Sequence[Cause]) -> list[dict[str, Any]]:
    of_anomaly = {
        "event_date": anomaly.day,
        "metric": anomaly.headline.metric,
        "value": anomaly.value,
        "expected": anomaly.expected,
        "change": anomaly.change,
        "robust_z": anomaly.robust_z,
    }
    return [
        {**of_anomaly, "rank": rank, **{field.name: getattr(cause, field.name)
                                        for field in fields(cause)}}
        for rank, cause in enumerate(causes, start=1)
    ]  # fmt: skip
