"""The marts of machines and logs against pandas, over events read from the raw files."""

import numpy as np
import pandas as pd
import pytest

from analytics_pipeline_tests.metrics.raw_files import RawLake, assert_same_rows

ERRORS = ["ERROR", "SEVERE", "CRITICAL", "ALERT", "EMERGENCY", "PANIC", "FATAL"]
RESOURCES = ("cpu_usage", "memory_usage", "disk_usage")
THRESHOLD = 90.0


@pytest.fixture(params=["generated", "sample"])
def raw(request: pytest.FixtureRequest) -> RawLake:
    lake: RawLake = request.getfixturevalue(request.param)
    return lake


def measurements(raw: RawLake) -> pd.DataFrame:
    return raw.of_type("system_metric").assign(
        host=lambda rows: rows["host"].fillna("(none)"),
        value=lambda rows: rows["value"].astype(float),
    )


def in_percent(unit: str | None, metric: str) -> bool:
    return unit in ("percent", "%") if unit else metric in RESOURCES


def saturation(samples: pd.DataFrame) -> float | None:
    """Minutes at the threshold, told by a timeline: what value holds from one time to the next."""
    timeline = samples.groupby("timestamp")["value"].max().sort_index()
    if len(timeline) < 2:
        return None
    times = timeline.index.to_numpy().astype("datetime64[us]").astype(np.int64)
    gaps = np.diff(times)
    usual = float(np.median(gaps))
    midnight = times[0] - times[0] % 86_400_000_000 + 86_400_000_000
    lasting = [*np.minimum(gaps, 2 * usual), min(usual, midnight - times[-1])]
    return float(np.sum(np.array(lasting)[timeline.to_numpy() >= THRESHOLD])) / 6e7


def by_host(raw: RawLake) -> pd.DataFrame:
    rows = []
    keys = ["event_date", "host", "metric_name"]
    for (day, host, metric), samples in measurements(raw).groupby(keys):
        units = list(samples["unit"].dropna().unique())
        comparable = len(units) < 2
        unit = units[0] if len(units) == 1 else None
        percent = comparable and in_percent(unit, metric)
        values = samples["value"] if comparable else pd.Series(dtype=float)
        rows.append(
            {
                "event_date": day,
                "host": host,
                "metric_name": metric,
                "unit": unit,
                "samples": len(samples),
                "average": values.mean(),
                "p95": values.quantile(0.95),
                "minimum": values.min(),
                "maximum": values.max(),
                "is_percent": percent,
                "utilization": values.mean() / 100 if percent else None,
                "saturation_minutes": saturation(samples) if percent else None,
            }
        )
    return pd.DataFrame(rows)


def test_hosts(raw: RawLake) -> None:
    expected = by_host(raw)
    columns = [name for name in expected if name not in ("event_date", "host", "metric_name")]
    keys = ["event_date", "host", "metric_name"]
    assert_same_rows(raw.mart("daily_host_metrics"), expected, keys, columns)


def test_the_generated_hosts_are_saturated_at_times(generated: RawLake) -> None:
    assert generated.mart("daily_host_metrics")["saturation_minutes"].sum() > 0


def test_metrics_over_all_hosts(raw: RawLake) -> None:
    samples = measurements(raw)
    assert samples.groupby("metric_name")["unit"].nunique().max() == 1
    values = samples.groupby(["event_date", "metric_name"])["value"]
    expected = values.agg(samples="size", average="mean", maximum="max")
    expected["p95"] = values.quantile(0.95)
    expected["unit"] = samples.groupby(["event_date", "metric_name"])["unit"].first()
    assert_same_rows(
        raw.mart("daily_metric_values"),
        expected.reset_index(),
        ["event_date", "metric_name"],
        ["unit", "samples", "average", "p95", "maximum"],
    )


def test_days(raw: RawLake) -> None:
    samples, logs, hosts = measurements(raw), raw.of_type("log_entry"), by_host(raw)
    rows = []
    for day in raw.days:
        of_day = samples[samples["event_date"] == day]
        entries = logs[logs["event_date"] == day]
        errors = int(entries["level"].isin(ERRORS).sum())
        row = {
            "event_date": day,
            "hosts": of_day[of_day["host"] != "(none)"]["host"].nunique() or None,
            "log_entries": len(entries) or None,
            "error_log_entries": errors if len(entries) else None,
            "error_rate": errors / len(entries) if len(entries) else None,
        }
        for resource in RESOURCES:
            values = of_day[of_day["metric_name"] == resource]["value"]
            row[f"{resource}_average"] = values.mean()
            row[f"{resource}_p95"] = values.quantile(0.95)
            row[f"{resource}_max"] = values.max()
            of_resource = (hosts["event_date"] == day) & (hosts["metric_name"] == resource)
            minutes = hosts[of_resource]["saturation_minutes"].astype(float)
            row[f"{resource}_saturation_minutes"] = minutes.sum(min_count=1)
        rows.append(row)
    expected = pd.DataFrame(rows)
    columns = [name for name in expected if name != "event_date"]
    assert_same_rows(raw.mart("daily_system_metrics"), expected, ["event_date"], columns)


def log_entries(raw: RawLake) -> pd.DataFrame:
    logs = raw.of_type("log_entry")
    return logs.assign(
        component=logs["component"].fillna("(none)"),
        is_error=logs["level"].isin(ERRORS),
        is_warning=logs["level"].isin(["WARN", "WARNING"]),
    )


def test_components(raw: RawLake) -> None:
    logs = log_entries(raw)
    expected = (
        logs.groupby(["event_date", "component"])
        .agg(
            log_entries=("level", "size"),
            error_log_entries=("is_error", "sum"),
            warning_log_entries=("is_warning", "sum"),
            error_rate=("is_error", "mean"),
            warning_rate=("is_warning", "mean"),
        )
        .reset_index()
    )
    of_day = logs.groupby("event_date")["is_error"].agg(["size", "sum"])
    totals = of_day.loc[expected["event_date"]].reset_index(drop=True)
    expected["share_of_entries"] = expected["log_entries"] / totals["size"]
    expected["share_of_errors"] = expected["error_log_entries"] / totals["sum"].replace(0, np.nan)
    columns = [name for name in expected if name not in ("event_date", "component")]
    mart = raw.mart("daily_log_metrics")
    assert_same_rows(mart, expected, ["event_date", "component"], columns)


def test_levels(raw: RawLake) -> None:
    logs = log_entries(raw)
    keys = ["event_date", "component", "level"]
    expected = logs.groupby(keys)["is_error"].agg(log_entries="size", is_error="first")
    rates = logs.groupby(["event_date", "component"])["level"].value_counts(normalize=True)
    expected["rate"] = rates
    mart = raw.mart("daily_log_levels")
    columns = ["log_entries", "is_error", "rate"]
    assert_same_rows(mart, expected.reset_index(), keys, columns)
