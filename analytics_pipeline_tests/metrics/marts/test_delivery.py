"""The marts of builds and deployments against pandas, over events read from the raw files."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.project import Project
from analytics_pipeline_tests.benchmarks.pipeline_work import settings_of
from analytics_pipeline_tests.metrics.deliveries import write_deliveries
from analytics_pipeline_tests.metrics.raw_files import RawLake, assert_same_rows, copied_lake

FORMATS = Path(__file__).parents[3] / "samples/formats"
OUTCOMES = {
    "success": "success",
    "failure": "failure",
    "rolled_back": "failure",
    "cancelled": "cancelled",
}


def delivery_models(project: Project) -> list[str]:
    return [name for name, mart in project.marts.items() if "/delivery/" in mart.shown]


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory, project: Project) -> RawLake:
    """Made-up builds and deployments: those of the other lakes are few."""
    folder = tmp_path_factory.mktemp("delivered")
    write_deliveries(folder / "files/deliveries.jsonl")
    return copied_lake(folder, folder / "files", project, delivery_models(project))


@pytest.fixture(params=["delivered", "generated", "sample"])
def raw(request: pytest.FixtureRequest) -> RawLake:
    lake: RawLake = request.getfixturevalue(request.param)
    return lake


def ended(raw: RawLake, event_type: str) -> pd.DataFrame:
    """Runs that ended; those that waited have a timestamp before their start."""
    runs = raw.of_type(event_type).reindex(
        columns=["event_date", "timestamp", "repository", "pipeline", "commit", "status",
                 "environment", "started_at", "finished_at", "committed_at"]
    )  # fmt: skip
    runs = runs[runs["finished_at"].notna()]
    started, finished = (pd.to_datetime(runs[name]) for name in ("started_at", "finished_at"))
    waited = (started - runs["timestamp"]).dt.total_seconds().astype(float)
    return runs.assign(
        outcome=runs["status"].map(OUTCOMES),
        pipeline=runs["pipeline"].fillna("(none)"),
        committed_at=pd.to_datetime(runs["committed_at"], utc=True).dt.tz_convert(None),
        duration=(finished - started).dt.total_seconds().astype(float),
        queue_time=waited.where(waited > 0),
    )


def production(raw: RawLake) -> pd.DataFrame:
    """Deployments to production, each with its lead time and when it counts as deployed."""
    deployments = ended(raw, "deployment")
    deployments = deployments[deployments["environment"].isin(["production", "prod"])]
    builds = ended(raw, "build").dropna(subset="commit")
    leads, deployed = [], []
    for run in deployments.itertuples():
        recent = builds[
            (builds["repository"] == run.repository)
            & (builds["commit"] == run.commit)
            & (builds["event_date"] >= run.event_date - timedelta(days=30))
            & (builds["event_date"] <= run.event_date)
        ]
        told = recent["committed_at"].min()
        first = told if pd.notna(told) else recent["timestamp"].min()
        known = run.outcome == "success" and pd.notna(first) and first <= run.finished_at
        leads.append((run.finished_at - first).total_seconds() if known else None)
        last = pd.Timestamp(run.event_date) + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)
        deployed.append(min(run.finished_at, last))
    return deployments.assign(
        lead_time=pd.Series(leads, deployments.index, dtype=float), deployed_at=deployed
    )


def recoveries(deployments: pd.DataFrame) -> pd.DataFrame:
    """Told by a walk through the deployments of each repository, as they happened."""
    found = []
    for _, runs in deployments.groupby(["repository", "environment"]):
        failing: list[Any] = []
        for run in runs.sort_values("deployed_at").itertuples():
            if run.outcome == "failure":
                failing.append(run)
            elif run.outcome == "success":
                recent = [f for f in failing if run.event_date - f.event_date <= timedelta(27)]
                if recent:
                    time = (run.finished_at - recent[0].finished_at).total_seconds()
                    found.append((run.event_date, time))
                failing = []
    return pd.DataFrame(found, columns=["event_date", "recovery_time"])


def shares(runs: pd.DataFrame) -> tuple[int, int, float | None]:
    """Successes, failures, and the share of the failures."""
    successes, failures = (int((runs["outcome"] == o).sum()) for o in ("success", "failure"))
    return successes, failures, failures / (successes + failures) if len(runs) else None


def build_metrics(builds: pd.DataFrame) -> dict[str, Any]:
    decided = builds[builds["outcome"].isin(["success", "failure"])]
    return {
        "builds": len(builds) or None,
        "failed_builds": int((builds["outcome"] == "failure").sum()) if len(builds) else None,
        "failure_rate": (decided["outcome"] == "failure").mean() if len(decided) else None,
        "average_duration": builds["duration"].mean(),
        "p50_duration": builds["duration"].quantile(0.5),
        "p95_duration": builds["duration"].quantile(0.95),
        "p50_queue_time": builds["queue_time"].quantile(0.5),
        "p95_queue_time": builds["queue_time"].quantile(0.95),
    }


def test_days(raw: RawLake) -> None:
    builds, every, deployments = ended(raw, "build"), ended(raw, "deployment"), production(raw)
    deployments = deployments[deployments["outcome"].isin(["success", "failure"])]
    recovered = recoveries(deployments)
    rows = []
    for day in raw.days:

        def recent(runs: pd.DataFrame, day: date = day) -> pd.DataFrame:
            return runs[runs["event_date"].isin([day - timedelta(days=n) for n in range(28)])]

        of_day = deployments[deployments["event_date"] == day]
        successes, failures, rate = shares(of_day)
        recent_successes, _, recent_rate = shares(recent(deployments))
        known = len(recent(every)) > 0
        metrics = build_metrics(builds[builds["event_date"] == day])
        rows.append(
            {
                "event_date": day,
                "builds": metrics["builds"],
                "failed_builds": metrics["failed_builds"],
                "build_failure_rate": metrics["failure_rate"],
                "average_build_duration": metrics["average_duration"],
                "p50_build_duration": metrics["p50_duration"],
                "p95_build_duration": metrics["p95_duration"],
                "p50_queue_time": metrics["p50_queue_time"],
                "p95_queue_time": metrics["p95_queue_time"],
                "deployments": int((every["event_date"] == day).sum()) if known else None,
                "production_deployments": successes + failures if known else None,
                "failed_production_deployments": failures if known else None,
                "deployment_frequency": successes if known else None,
                "lead_time_for_changes": of_day["lead_time"].median(),
                "change_failure_rate": rate,
                "failed_deployment_recovery_time": recovered[recovered["event_date"] == day][
                    "recovery_time"
                ].median(),
                "deployment_frequency_28d": recent_successes / 28 if known else None,
                "lead_time_for_changes_28d": recent(deployments)["lead_time"].median(),
                "change_failure_rate_28d": recent_rate,
                "failed_deployment_recovery_time_28d": recent(recovered)["recovery_time"].median(),
            }
        )
    expected = pd.DataFrame(rows)
    columns = [name for name in expected if name != "event_date"]
    assert_same_rows(raw.mart("daily_delivery_metrics"), expected, ["event_date"], columns)


def test_the_made_up_days_have_every_metric(delivered: RawLake) -> None:
    for name in ("daily_delivery_metrics", "daily_pipeline_metrics", "deployment_cache_impact"):
        assert delivered.mart(name).notna().any().drop("pipeline", errors="ignore").all()
    assert delivered.mart("daily_pipeline_metrics")["is_flaky"].nunique() == 2


def test_days_computed_alone_are_those_of_a_range(delivered: RawLake) -> None:
    project, lake = delivered.project, delivered.lake
    names, days = delivery_models(project), delivered.days[28:32]
    tables = [project.marts[name].table for name in names]

    def written() -> list[bytes]:
        return [lake.partition_file(table, day).read_bytes() for table in tables for day in days]

    before = written()
    with lake.engine() as connection:
        for day in reversed(days):
            build(lake, connection, project, [day], names)
    assert written() == before


def test_pipelines(raw: RawLake) -> None:
    builds = ended(raw, "build")
    rows = []
    for (day, repository, pipeline), of_day in builds.groupby(
        ["event_date", "repository", "pipeline"]
    ):
        same = builds[(builds["repository"] == repository) & (builds["pipeline"] == pipeline)]
        window = [day - timedelta(days=n) for n in range(14)]
        recent = same[same["event_date"].isin(window)]
        decided = recent[recent["outcome"].isin(["success", "failure"])]
        outcomes = decided.dropna(subset="commit").groupby("commit")["outcome"].nunique()
        flaky = int((outcomes == 2).sum())
        rows.append(
            {
                "event_date": day,
                "repository": repository,
                "pipeline": pipeline,
                **build_metrics(of_day),
                "commits_14d": len(outcomes) or None,
                "flaky_commits_14d": flaky if len(outcomes) else None,
                "is_flaky": flaky > 0 if len(outcomes) else None,
            }
        )
    keys = ["event_date", "repository", "pipeline"]
    expected = pd.DataFrame(rows, columns=None if rows else keys)
    columns = [name for name in expected if name not in keys]
    assert_same_rows(raw.mart("daily_pipeline_metrics"), expected, keys, columns)


def side(queries: pd.DataFrame, failed: pd.DataFrame) -> dict[str, Any]:
    times = queries["response_time"].astype(float)
    asked = len(queries) + len(failed)
    return {
        "queries": len(queries),
        "hit_rate": (queries["cache_hit"] == True).mean() if len(queries) else None,  # noqa: E712
        "p95_response_time": times.quantile(0.95),
        "error_rate": len(failed) / asked if asked else None,
    }


def test_impact_of_deployments(raw: RawLake) -> None:
    deployments = production(raw)
    hour = pd.Timedelta(hours=1)
    rows = []
    for run in deployments[deployments["outcome"] == "success"].itertuples():
        requests = raw.of_type("cache_query", "failed_query")
        of_day = requests[requests["event_date"] == run.event_date].set_index("timestamp")
        midnight = pd.Timestamp(run.event_date)
        row: dict[str, Any] = {
            "event_date": run.event_date,
            "repository": run.repository,
            "environment": run.environment,
            "commit": run.commit,
            "deployed_at": run.deployed_at,
            "minutes_before": min(hour, run.started_at - midnight) / hour * 60,
            "minutes_after": min(hour, midnight + 24 * hour - run.deployed_at) / hour * 60,
        }
        sides = {}
        for name, start in (("before", run.started_at - hour), ("after", run.deployed_at)):
            window = of_day[(of_day.index >= start) & (of_day.index < start + hour)]
            queries, failed = (
                window[window["event_type"] == kind] for kind in ("cache_query", "failed_query")
            )
            sides[name] = side(queries, failed)
            row.update({f"{metric}_{name}": value for metric, value in sides[name].items()})
        for metric in ("hit_rate", "p95_response_time", "error_rate"):
            after, before = (pd.to_numeric(sides[name][metric]) for name in ("after", "before"))
            row[f"{metric}_change"] = None if after is None or before is None else after - before
        rows.append(row)
    mart = raw.mart("deployment_cache_impact")
    keys = ["event_date", "repository", "deployed_at"]
    expected = pd.DataFrame(rows, columns=None if rows else keys)
    columns = [name for name in expected if name not in keys]
    assert_same_rows(mart, expected, keys, columns)


def test_what_github_and_gitlab_send(tmp_path: Path, project: Project) -> None:
    """The bundled samples, of which GitHub's runs do not tell how long they waited."""
    lake = Lake(tmp_path / "lake")
    landing = tmp_path / "landing"
    for file in (*FORMATS.glob("github/*.json*"), *FORMATS.glob("gitlab/*.json*")):
        copy = landing / file.relative_to(FORMATS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    settings = settings_of(landing, lake.root, private=False)
    days = sorted(take_in(lake, settings).event_dates)
    validate(lake, settings, days)
    names = ["int_builds", "int_deployments"]
    with lake.engine() as connection:
        build(lake, connection, project, days, names)
        builds, deployments = (
            lake.frame(connection, project.marts[name].table).set_index("event_id")
            for name in names
        )
    found = builds[["outcome", "queue_time", "duration", "committed_at"]].astype(object)
    shop = "https://gitlab.example.com/shop/checkout/pipelines"
    run = "https://api.github.com/repos/octo-org/octo-repo/actions/runs/289782451#1"
    assert {name: tuple(row.where(row.notna(), None)) for name, row in found.iterrows()} == {
        "https://gitlab.kitware.com/utils/rust-gitlab/pipelines/145400#success":
            ("success", 4.287, 355.548, None),
        f"{run}-action_required": ("other", None, None, pd.Timestamp("2020-10-05 16:32:07")),
        f"{run}-success": ("success", None, 0.0, pd.Timestamp("2020-10-05 16:32:07")),
        f"{shop}/401#success": ("success", 20.0, 280.0, pd.Timestamp("2026-11-10 09:00")),
        f"{shop}/402#failed": ("failure", None, None, None),
        f"{shop}/403#success": ("success", None, None, None),
    }  # fmt: skip
    assert sorted(deployments["outcome"]) == ["failure", "success", "success"]
    assert deployments["commit"].notna().all()
