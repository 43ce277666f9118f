"""Growth and retention of users over many weeks, against plain Python."""

import random
from datetime import date
from pathlib import Path

import pandas as pd

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES
from analytics_pipeline_tests.metrics.marts.engagement import (
    DAY,
    active_dates,
    cohort_rows,
    compare,
    events_of_users,
    first_dates,
    growth,
)
from analytics_pipeline_tests.metrics.raw_files import RawLake, assert_same_rows

HORIZON = 20
BEGIN = date(2026, 1, 1)


def test_weekly_cohort_retention(raw: RawLake) -> None:
    activity = active_dates(events_of_users(raw))
    firsts = first_dates(activity, 365)
    expected = [row for day in raw.days for row in cohort_rows(activity, day, firsts)]
    compare(raw, "weekly_cohort_retention", expected, ["event_date", "cohort_week"])


def test_users_who_come_and_go_for_months(tmp_path: Path, project: Project) -> None:
    """Long absences, more than a horizon of them too, and the cohorts of all 13 weeks."""
    draws = random.Random(3)
    days = [BEGIN + n * DAY for n in range(120)]
    activity: dict[str, set[date]] = {}
    for number in range(25):
        now, dates = draws.randrange(100), set()
        while now < len(days):
            dates.add(days[now])
            now += draws.choice([1, 1, 2, 5, 7, 13, 14, 19, 20, 21, 22, 45])
        activity[f"user-{number}"] = dates
    firsts = first_dates(activity, HORIZON)
    few = read_project(project.folder, SOURCE_TABLES, {"new_user_horizon_days": HORIZON})
    lake = Lake(tmp_path)
    rows = pd.DataFrame(
        [(user, day, 1) for user, dates in activity.items() for day in dates],
        columns=["user_id", "event_date", "queries"],
    )
    with lake.engine() as connection:
        connection.register("rows_of_users", rows.assign(team=None, stores=0, interactions=0))
        lake.replace_days(
            connection,
            few.marts["int_user_days"].table,
            days,
            "SELECT * REPLACE (event_date::DATE AS event_date, team::VARCHAR AS team), "
            "queries AS events FROM rows_of_users",
        )
        built = ["int_user_recency", "daily_engagement_metrics", "weekly_cohort_retention"]
        build(lake, connection, few, days, built)
    raw = RawLake(lake, few, rows, days)
    expected = [
        {"event_date": day, **growth(activity, day, firsts), "active_users": active or None}
        for day in days
        for active in [sum(day in dates for dates in activity.values())]
    ]
    mart = raw.mart("daily_engagement_metrics")
    assert_same_rows(mart, pd.DataFrame(expected), ["event_date"], list(expected[0])[1:])
    assert mart[["new_users", "returning_users", "resurrected_users", "churned_users"]].max().min()
    cohorts = [row for day in days for row in cohort_rows(activity, day, firsts)]
    assert {row["weeks_since"] for row in cohorts} == set(range(13))
    compare(raw, "weekly_cohort_retention", cohorts, ["event_date", "cohort_week"])
