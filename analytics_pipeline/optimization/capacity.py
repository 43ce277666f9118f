"""Hosts at their limit, and room that entries take for nothing."""

from analytics_pipeline.optimization.recommendation import (
    Context,
    Evidence,
    Figures,
    Kind,
    Recommendation,
    Relations,
    days_with_data,
)
from analytics_pipeline.optimization.subjects import NONE
from analytics_pipeline.rounding import count, number, percentage

HOSTS, ENTRIES = "daily_host_metrics", "daily_cache_entry_metrics"
RESOURCES = {"cpu_usage": "CPU", "memory_usage": "memory", "disk_usage": "disk"}


def saturated_hosts(relations: Relations, context: Context) -> str:
    """SQL of the time for which a resource of a host was saturated in each window."""
    return f"""
        WITH data AS ({days_with_data(relations[HOSTS], "saturation_minutes IS NOT NULL")})
        SELECT
            windows.event_date, host, metric_name,
            any_value(window_days) AS window_days,
            count(*) FILTER (WHERE saturation_minutes > 0) AS days_observed,
            sum(saturation_minutes ORDER BY saturation_minutes) AS saturation_minutes,
            max(maximum) AS maximum
        FROM windows
        JOIN {relations[HOSTS]} AS hosts ON hosts.event_date = windows.day
        JOIN data ON data.event_date = windows.event_date
        GROUP BY windows.event_date, host, metric_name
        HAVING sum(saturation_minutes) > 0
    """


def judge_saturated_host(figures: Figures, context: Context) -> Recommendation | None:
    """A host that was saturated on optimization.saturated_days of the window."""
    if figures["days_observed"] < context.settings.optimization.saturated_days:
        return None
    host, metric = figures["host"], figures["metric_name"]
    where = "of the hosts without a name" if host == NONE else f"of host {host}"
    a_day = number(60 * figures["saturation_minutes"] / figures["window_days"], "s")
    return Recommendation(
        text=(
            f"Relieve the {RESOURCES.get(metric, metric)} {where}, or give it more: it was at "
            f"{context.variables['saturation_percent']}% or more for {a_day} a day on average, on "
            f"{count(figures['days_observed'], 'day', 'days')}."
        ),
        reason="The log does not tell which queries waited for the host.",
        counterfactual="Not valued: the time at the limit is evidence, no waiting time.",
        evidence=(
            Evidence(f"{HOSTS}.saturation_minutes", figures["saturation_minutes"], "min"),
            Evidence(f"{HOSTS}.maximum", figures["maximum"], "%", "maximum"),
        ),
        labels={"host": host, "metric_name": metric},
    )


def never_hit_entries(relations: Relations, context: Context) -> str:
    """SQL of the entries of each window that are never hit."""
    known = "cohort_entries > 0 AND never_hit_entries IS NOT NULL"
    return f"""
        WITH data AS ({days_with_data(relations[ENTRIES], known)})
        SELECT
            windows.event_date,
            any_value(window_days) AS window_days,
            count(*) FILTER (WHERE never_hit_entries > 0) AS days_observed,
            sum(cohort_entries)::BIGINT AS cohort_entries,
            sum(never_hit_entries)::BIGINT AS never_hit_entries
        FROM windows
        JOIN {relations[ENTRIES]} AS entries ON entries.event_date = windows.day
        JOIN data ON data.event_date = windows.event_date
        WHERE {known}
        GROUP BY windows.event_date
        HAVING sum(never_hit_entries) > 0
    """


def judge_never_hit_entries(figures: Figures, context: Context) -> Recommendation | None:
    """More entries are never hit than optimization.never_hit_share."""
    never, entries = figures["never_hit_entries"], figures["cohort_entries"]
    if never / entries <= context.settings.optimization.never_hit_share:
        return None
    days = context.variables["never_hit_days"]
    return Recommendation(
        text=(
            f"Store less, or less of what is asked once: {percentage(never / entries)} of the "
            f"entries got no hit in the {days} days after they were stored, "
            f"{number(never / figures['window_days'])} a day."
        ),
        reason="The log does not tell what it costs to store an entry.",
        counterfactual="Not valued: the entries that are never hit are evidence.",
        evidence=(
            Evidence(f"{ENTRIES}.never_hit_entries", never, "entries"),
            Evidence(f"{ENTRIES}.cohort_entries", entries, "entries"),
        ),
    )


KINDS = (
    Kind(
        "saturated_host",
        {HOSTS: ("host", "metric_name", "saturation_minutes", "maximum")},
        saturated_hosts,
        judge_saturated_host,
    ),
    Kind(
        "never_hit_entries",
        {ENTRIES: ("cohort_entries", "never_hit_entries")},
        never_hit_entries,
        judge_never_hit_entries,
    ),
)
