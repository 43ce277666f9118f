"""Models, pipelines and components that fail."""

from analytics_pipeline.optimization.hits import SLICES
from analytics_pipeline.optimization.recommendation import (
    Context,
    Evidence,
    Figures,
    Kind,
    Recommendation,
    Relations,
    days_with_data,
    joined,
    per_day,
)
from analytics_pipeline.optimization.subjects import NONE, days_of, of_model
from analytics_pipeline.rounding import count, number, percentage

CACHE, COST_SLICES = "daily_cache_metrics", "daily_cost_metrics_by_slice"
BUILDS, LOGS = "int_builds", "daily_log_metrics"


def failing_models(relations: Relations, context: Context) -> str:
    """SQL of the failed questions of each model in each window, and what they cost."""
    return f"""
        WITH
        data AS ({days_with_data(relations[CACHE], "total_queries > 0 OR failed_queries > 0")}),
        failures AS (
            SELECT
                windows.event_date,
                value AS model,
                count(*) FILTER (WHERE failed_queries > 0) AS days_observed,
                sum(total_queries)::BIGINT AS total_queries,
                sum(failed_queries)::BIGINT AS failed_queries
            FROM windows JOIN {relations[SLICES]} AS slices ON slices.event_date = windows.day
            WHERE dimension = 'model'
            GROUP BY windows.event_date, value
            HAVING sum(failed_queries) > 0
        ),
        costs AS (
            SELECT windows.event_date, value AS model,
                sum(failed_query_cost ORDER BY failed_query_cost) AS failed_query_cost
            FROM windows JOIN {relations[COST_SLICES]} AS slices ON slices.event_date = windows.day
            WHERE dimension = 'model'
            GROUP BY windows.event_date, value
        )
        SELECT failures.*, window_days, failed_query_cost
        FROM failures JOIN data USING (event_date) LEFT JOIN costs USING (event_date, model)
    """


def judge_failing_model(figures: Figures, context: Context) -> Recommendation | None:
    """A model of which more questions fail than thresholds.error_rate_max allows of log lines."""
    failed = figures["failed_queries"]
    share = failed / (failed + figures["total_queries"])
    if share <= context.settings.thresholds.error_rate_max:
        return None
    cost = figures["failed_query_cost"]
    return Recommendation(
        text=(
            f"Find out why questions {of_model(figures['model'])} fail: "
            f"{count(failed, 'question', 'questions')} in {days_of(figures)} got no "
            f"answer, {percentage(share)} of all that it was asked."
        ),
        usd_per_day=None if cost is None else per_day(cost, figures),
        reason=joined(
            "What the failed questions cost is not known." if cost is None else None,
            "The log does not tell what the people who asked did instead of waiting.",
        ),
        counterfactual="The failed questions of the window, had they not been charged.",
        evidence=(
            Evidence(f"{SLICES}.failed_queries", failed, "queries"),
            Evidence(f"{SLICES}.total_queries", figures["total_queries"], "queries"),
            Evidence(f"{COST_SLICES}.failed_query_cost", cost, "USD"),
        ),
        labels={"model": figures["model"]},
    )


def failing_pipelines(relations: Relations, context: Context) -> str:
    """SQL of the builds of each pipeline in each window; flaky is a commit with both outcomes."""
    return f"""
        WITH
        data AS ({days_with_data(relations[BUILDS], "true")}),
        builds AS (
            SELECT
                windows.event_date, repository, coalesce(pipeline, '{NONE}') AS pipeline,
                commit, outcome, duration, windows.day
            FROM windows JOIN {relations[BUILDS]} AS builds ON builds.event_date = windows.day
            WHERE outcome IN ('success', 'failure')
        ),
        commits AS (
            SELECT event_date, repository, pipeline, count(*) AS flaky_commits
            FROM (
                SELECT event_date, repository, pipeline, commit FROM builds
                WHERE commit IS NOT NULL
                GROUP BY ALL HAVING count(DISTINCT outcome) = 2
            )
            GROUP BY ALL
        )
        SELECT
            event_date, repository, pipeline,
            any_value(window_days) AS window_days,
            count(DISTINCT day) FILTER (WHERE outcome = 'failure') AS days_observed,
            count(*) AS builds,
            count(*) FILTER (WHERE outcome = 'failure') AS failed_builds,
            count(duration) FILTER (WHERE outcome = 'failure') AS failed_with_duration,
            sum(duration ORDER BY duration) FILTER (WHERE outcome = 'failure') AS failed_duration,
            coalesce(any_value(flaky_commits), 0) AS flaky_commits
        FROM builds JOIN data USING (event_date)
        LEFT JOIN commits USING (event_date, repository, pipeline)
        GROUP BY event_date, repository, pipeline
        HAVING failed_builds > 0
    """


def judge_failing_pipeline(figures: Figures, context: Context) -> Recommendation | None:
    """A pipeline of which more builds fail than optimization.build_failure_share."""
    failed, builds = figures["failed_builds"], figures["builds"]
    settings = context.settings.optimization
    if failed < settings.min_failed_builds or failed / builds <= settings.build_failure_share:
        return None
    flaky = figures["flaky_commits"]
    has_duration = figures["failed_with_duration"] > 0
    name, repository = figures["pipeline"], figures["repository"]
    pipeline = "the pipeline without a name" if name == NONE else f"pipeline {name}"
    how = (
        f" {count(flaky, 'commit', 'commits')} failed and succeeded: there the pipeline, not the "
        "change, is to be mended."
        if flaky
        else ""
    )
    return Recommendation(
        text=(
            f"Mend {pipeline} of {repository}: {number(failed)} of {number(builds)} builds in "
            f"{days_of(figures)} failed, {percentage(failed / builds)}.{how}"
        ),
        seconds_per_day=per_day(figures["failed_duration"], figures) if has_duration else None,
        reason=joined(
            "The log does not tell what build time costs.",
            None if has_duration else "None of the failed builds states how long it took.",
        ),
        counterfactual="The time that the failed builds of the window took.",
        assumption="Somebody waits for a build while it runs.",
        evidence=(
            Evidence("daily_pipeline_metrics.builds", builds, "builds", "sum, decided ones"),
            Evidence("daily_pipeline_metrics.failed_builds", failed, "builds"),
            Evidence("int_builds.duration", figures["failed_duration"], "s",
                     "sum of failed builds"),
            Evidence("daily_pipeline_metrics.flaky_commits_14d", flaky, "commits",
                     "count in the window"),
        ),
        labels={"repository": repository, "pipeline": name},
    )  # fmt: skip


def failing_components(relations: Relations, context: Context) -> str:
    """SQL of the errors that each component logs in each window."""
    return f"""
        WITH
        data AS ({days_with_data(relations[LOGS], "true")}),
        entries AS (
            SELECT
                windows.event_date, component,
                count(*) FILTER (WHERE error_log_entries > 0) AS days_observed,
                sum(log_entries)::BIGINT AS log_entries,
                sum(error_log_entries)::BIGINT AS error_log_entries
            FROM windows JOIN {relations[LOGS]} AS logs ON logs.event_date = windows.day
            GROUP BY windows.event_date, component
        )
        SELECT entries.*, window_days,
            sum(error_log_entries) OVER (PARTITION BY event_date)::BIGINT AS all_errors
        FROM entries JOIN data USING (event_date)
        QUALIFY error_log_entries > 0
    """


def judge_failing_component(figures: Figures, context: Context) -> Recommendation | None:
    """A component of which more log entries are errors than thresholds.error_rate_max."""
    errors = figures["error_log_entries"]
    rate = errors / figures["log_entries"]
    if rate <= context.settings.thresholds.error_rate_max:
        return None
    name = figures["component"]
    component = "the components without a name" if name == NONE else f"component {name}"
    return Recommendation(
        text=(
            f"Look into the errors of {component}: {percentage(rate)} of its log entries in "
            f"{days_of(figures)} are errors, "
            f"{percentage(errors / figures['all_errors'])} of all errors."
        ),
        reason="The log does not tell what an error costs.",
        counterfactual="Not valued: the share of errors is evidence.",
        evidence=(
            Evidence(f"{LOGS}.error_log_entries", errors, "log entries"),
            Evidence(f"{LOGS}.log_entries", figures["log_entries"], "log entries"),
        ),
        labels={"component": name},
    )


KINDS = (
    Kind(
        "failing_model",
        {
            CACHE: ("total_queries", "failed_queries"),
            SLICES: ("dimension", "value", "total_queries", "failed_queries"),
            COST_SLICES: ("dimension", "value", "failed_query_cost"),
        },
        failing_models,
        judge_failing_model,
    ),
    Kind(
        "failing_pipeline",
        {BUILDS: ("repository", "pipeline", "commit", "outcome", "duration")},
        failing_pipelines,
        judge_failing_pipeline,
    ),
    Kind(
        "failing_component",
        {LOGS: ("component", "log_entries", "error_log_entries")},
        failing_components,
        judge_failing_component,
    ),
)
