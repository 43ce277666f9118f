"""Every planted incident can be seen in the events by a computation that knows where to look."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics_pipeline.samples.generation import generate
from analytics_pipeline_tests.samples.declared import lines_of, moment, reason_of

END = date(2026, 11, 20)
EVENTS, DAYS = 60_000, 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    destination = tmp_path_factory.mktemp("incidents")
    generate(destination, events=EVENTS, days=DAYS, end=END, seed=11)
    return destination


@pytest.fixture(scope="module")
def truth(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "_truth.json").read_text())
    return document


@pytest.fixture(scope="module")
def planted(truth: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in truth["incidents"]}


@pytest.fixture(scope="module")
def events(folder: Path) -> pd.DataFrame:
    valid = [line for line in lines_of(folder, "*.jsonl") if reason_of(line) is None]
    found = [json.loads(line) for line in dict.fromkeys(valid)]
    frame = pd.DataFrame(found)
    frame["moment"] = pd.to_datetime([moment(event) for event in found])
    frame["date"] = frame["moment"].dt.strftime("%Y-%m-%d")
    frame["hour"] = frame["moment"].dt.hour
    return frame


def during(events: pd.DataFrame, incident: dict[str, Any]) -> pd.Series:
    moments = events["moment"]
    return (moments >= pd.Timestamp(incident["starts_at"])) & (
        moments < pd.Timestamp(incident["ends_at"])
    )


def of(events: pd.DataFrame, *event_types: str) -> pd.DataFrame:
    return events[events["event_type"].isin(event_types)]


def by_day_in_hours(events: pd.DataFrame, incident: dict[str, Any]) -> pd.Series:
    """Counts of each working day in the hours of an incident."""
    begins, ends = (int(incident[name][11:13]) for name in ("starts_at", "ends_at"))
    within = events["hour"].between(begins, (ends or 24) - 1) & (
        events["moment"].dt.day_of_week < 5
    )
    counts: pd.Series = events[within].groupby("date").size()
    return counts


def test_each_kind_is_planted_once_after_two_quiet_weeks(truth: dict[str, Any]) -> None:
    alerting = [each for each in truth["incidents"] if each["expected_alert"]]
    assert len({each["kind"] for each in alerting}) == len(alerting) == 13
    assert min(each["dates"][0] for each in alerting) >= "2026-10-26"
    for each in truth["incidents"]:
        assert each["dates"] == [each["starts_at"][:10]]
        assert each["description"]
        assert each["affected"]
    normal = [each for each in truth["incidents"] if not each["expected_alert"]]
    assert {each["kind"] for each in normal} == {"seasonal_surge"}
    assert len(normal) == 6


def test_hits_of_a_model_drop(planted: dict[str, Any], events: pd.DataFrame) -> None:
    drop, queries = planted["hit_rate_drop"], of(events, "cache_query")
    of_model = queries["model"] == drop["labels"]["model"]
    inside = during(queries, drop)
    settled = queries["moment"] > queries["moment"].min() + pd.Timedelta(days=7)
    usual = queries.loc[~inside & settled & of_model, "cache_hit"].mean()
    assert usual > 0.75
    assert queries.loc[inside & of_model, "cache_hit"].mean() < (drop["strength"] + 0.15) * usual
    others = inside & ~of_model & (queries["date"] != planted["cost_spike"]["dates"][0])
    assert queries.loc[others, "cache_hit"].mean() > 0.7


def test_a_model_is_slow_from_a_deployment_to_its_rollback(
    planted: dict[str, Any], events: pd.DataFrame
) -> None:
    slow = planted["latency_regression"]
    misses = events[events["cache_hit"].eq(False) & events["model"].eq(slow["labels"]["model"])]
    medians = misses.groupby(during(misses, slow))["response_time"].median()
    assert 0.7 < medians[True] / medians[False] / slow["strength"] < 1.3
    gateway = of(events, "deployment")
    finished = pd.to_datetime(gateway["finished_at"])
    begins, ends = pd.Timestamp(slow["starts_at"]), pd.Timestamp(slow["ends_at"])
    minute = pd.Timedelta(minutes=1)
    before = gateway[(finished >= begins - minute) & (finished < begins)]
    after = gateway[(finished >= ends - minute) & (finished < ends)]
    deployed = before[before["repository"] == "platform-service"].iloc[0]
    rolled_back = after[after["commit"] == deployed["commit"]].iloc[0]
    assert (deployed["status"], rolled_back["status"]) == ("success", "rolled_back")
    assert deployed["environment"] == rolled_back["environment"] == "production"


def test_errors_burst(planted: dict[str, Any], events: pd.DataFrame) -> None:
    logs = of(events, "log_entry")
    is_error = logs["level"].isin(["ERROR", "CRITICAL"])
    told = [planted[kind] for kind in ("error_burst", "outage", "new_error_template")]
    quiet = ~pd.concat([during(logs, each) for each in told], axis=1).any(axis=1)
    assert is_error[during(logs, told[0])].mean() > 0.5 * told[0]["strength"]
    assert is_error[quiet].mean() < 0.01


def test_a_new_error_is_logged(planted: dict[str, Any], events: pd.DataFrame) -> None:
    new, logs = planted["new_error_template"], of(events, "log_entry")
    templates = logs["message"].str.replace(r"\d+", "#", regex=True)
    text = new["description"].split(": ", 1)[1].replace("{a}", "#").replace("{b}", "#")
    with_it = logs[templates == text]
    assert 12 <= len(with_it) <= new["strength"]
    assert during(with_it, new).all()
    assert set(with_it["level"]) == {"ERROR"}
    assert set(with_it["component"]) == {new["labels"]["component"]}


def test_demand_surges_once_and_every_thursday(
    truth: dict[str, Any], planted: dict[str, Any], events: pd.DataFrame
) -> None:
    queries = of(events, "cache_query")
    surge = planted["traffic_surge"]
    [day] = surge["dates"]
    counts = by_day_in_hours(queries, surge)
    assert counts[day] > 0.7 * surge["strength"] * counts.drop(day).median()
    weekly = [each for each in truth["incidents"] if each["kind"] == "seasonal_surge"]
    counts = by_day_in_hours(queries, weekly[0])
    spoiled = [*planted["missing_data"]["dates"], *planted["outage"]["dates"]]
    thursdays = [each["dates"][0] for each in weekly if each["dates"][0] not in spoiled]
    assert counts[thursdays].min() > 1.4 * counts.drop(thursdays).median()


def test_everything_fails_in_an_outage(planted: dict[str, Any], events: pd.DataFrame) -> None:
    outage, failed = planted["outage"], of(events, "failed_query")
    asked = of(events, "cache_query", "failed_query")
    counts = by_day_in_hours(asked, outage)
    [day] = outage["dates"]
    assert 0 < counts[day] < 0.2 * counts.drop(day).median()
    assert not during(of(events, "cache_query"), outage).any()
    assert {"ServiceUnavailableError"} <= set(failed.loc[during(failed, outage), "error_class"])
    usual = failed[~during(failed, outage)]
    assert 0.002 < len(usual) / len(asked) < 0.008
    assert usual["error"].notna().all()
    assert len(set(usual["error_class"])) == 4
    assert "ServiceUnavailableError" not in set(usual["error_class"])


def test_a_host_is_saturated(planted: dict[str, Any], events: pd.DataFrame) -> None:
    saturated = planted["host_saturation"]
    metrics = events[events["metric_name"].eq("cpu_usage")]
    metrics = metrics[metrics["host"] == saturated["labels"]["host"]]
    inside = during(metrics, saturated)
    usual = metrics.loc[~inside & metrics["hour"].between(9, 16), "value"].mean()
    assert metrics.loc[inside, "value"].mean() > min(90, usual + saturated["strength"] - 20)
    assert (metrics.loc[~inside, "value"] > 90).mean() < 0.01


def test_one_user_spends_much(planted: dict[str, Any], events: pd.DataFrame) -> None:
    spike, queries = planted["cost_spike"], of(events, "cache_query")
    of_user = queries[queries["user_id"] == spike["labels"]["user"]]
    inside = of_user[during(of_user, spike)]
    assert len(inside) > 30
    assert not inside["cache_hit"].any()
    factor = inside["prompt_tokens"].median() / queries["prompt_tokens"].median()
    assert 0.6 < factor / spike["strength"] < 1.6
    costs = queries.groupby("date")["cost"].sum()
    [day] = spike["dates"]
    working = pd.to_datetime(costs.index).day_of_week < 5
    assert costs[day] > 1.8 * costs[working].tail(20).median()


def test_builds_and_deployments_fail(planted: dict[str, Any], events: pd.DataFrame) -> None:
    failing = planted["delivery_failures"]
    deliveries = of(events, "build", "deployment")
    inside = during(deliveries, failing)
    failed = deliveries["status"] == "failure"
    assert inside.sum() >= 5
    assert failed[inside].mean() > 0.5
    assert failed[~inside].mean() < 0.2
    by_type = deliveries.groupby("event_type")["date"].nunique()
    assert by_type["build"] > 0.8 * DAYS


def test_lines_are_truncated_for_a_day(folder: Path, planted: dict[str, Any]) -> None:
    burst = planted["quarantine_burst"]
    [day] = burst["dates"]
    lines = list(lines_of(folder / "generated" / day, "events.jsonl"))
    cut = [line for line in lines if reason_of(line) == "not_json"]
    assert len(cut) > 0.02 * len(lines)
    exporter = b'"event_type":"cache_store"'
    of_exporter = [line for line in cut if exporter.startswith(line[51:77])]
    assert len(of_exporter) >= len(cut) - 3, "a few truncated lines are always among the bad ones"
    exported = sum(exporter in line for line in lines if reason_of(line) is None)
    share = len(of_exporter) / (len(of_exporter) + exported)
    assert abs(share - burst["strength"]) < 0.15


def test_a_clock_is_off(folder: Path, planted: dict[str, Any], events: pd.DataFrame) -> None:
    skew = planted["clock_skew"]
    host = skew["labels"]["host"]
    [day] = skew["dates"]
    lines = lines_of(folder / "generated" / day, "events.jsonl")
    off = [json.loads(line) for line in lines if reason_of(line) == "too_old"]
    off = [event for event in off if event.get("host") == host]
    assert len(off) >= 10
    assert {event["timestamp"][:10] for event in off} == {"2000-01-01"}
    of_host = events[events["host"].eq(host)]
    assert not during(of_host, skew).any()
    assert (of_host["date"] == day).any()


def test_a_field_is_renamed_for_good(planted: dict[str, Any], events: pd.DataFrame) -> None:
    drift, stores = planted["schema_drift"], of(events, "cache_store")
    assert drift["labels"] == {"event_type": "cache_store"}
    after = stores["date"] >= drift["dates"][0]
    assert stores.loc[~after, "response_size"].notna().all()
    assert stores.loc[after, "response_size"].isna().all()
    for name in ("size_bytes", "region", "codec"):
        assert stores.loc[after, name].notna().all()
        assert stores.loc[~after, name].isna().all()


def test_nothing_arrives_in_a_gap(
    truth: dict[str, Any], planted: dict[str, Any], events: pd.DataFrame
) -> None:
    gap = planted["missing_data"]
    [day] = gap["dates"]
    assert not during(events, gap).any()
    assert events.loc[events["date"] == day, "hour"].max() == int(gap["starts_at"][11:13]) - 1
    assert 0.3 * EVENTS / DAYS < truth["lost_events"] < EVENTS / DAYS


def test_later_rounds_bring_other_models_clocks_fields_and_gaps(tmp_path: Path) -> None:
    generate(tmp_path / "long", events=30_000, days=200, end=END, seed=3)
    truth = json.loads((tmp_path / "long" / "_truth.json").read_text())
    of_kind: dict[str, list[dict[str, Any]]] = {}
    for each in truth["incidents"]:
        of_kind.setdefault(each["kind"], []).append(each)
    assert len(of_kind["clock_skew"]) == 2
    for kind in ("hit_rate_drop", "latency_regression", "cost_spike", "schema_drift"):
        assert of_kind[kind][0]["labels"] != of_kind[kind][1]["labels"]
    back, ahead = of_kind["clock_skew"]
    assert back["strength"] < 0 < ahead["strength"]
    assert truth["bad_lines_by_reason"]["future_timestamp"] > 5
    whole = of_kind["missing_data"][1]
    assert whole["ends_at"][11:13] == whole["starts_at"][11:13] == "00"
    assert not (tmp_path / "long" / "generated" / whole["dates"][0]).exists() or not list(
        (tmp_path / "long" / "generated" / whole["dates"][0]).glob("events*")
    )
    assert truth["by_date"][whole["dates"][0]]["events"] == 0
