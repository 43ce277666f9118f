"""Testing the expectations of some days, from the profile to the Data Docs."""

from datetime import date

from analytics_pipeline.expectations.comparison import compared
from analytics_pipeline.expectations.docs import publish_results
from analytics_pipeline.expectations.profile import profile_days
from analytics_pipeline.expectations.suite import Tolerances, declared
from analytics_pipeline.expectations.tables import EVENT_PROFILES
from analytics_pipeline.expectations.validation import DayResult, validate_days
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import current_settings, today


def check_days(lake: Lake, days: list[date]) -> dict[date, DayResult]:
    """Profile the days, test them and publish their pages.

    The profiles stay locked meanwhile, so that the newest input has the last word.
    """
    expected = declared(current_settings().thresholds, Tolerances())
    with lake.engine() as connection, lake.locked(EVENT_PROFILES, days):
        profile_days(lake, connection, days)
        results = validate_days(compared(lake, connection, days, today()), expected)
        publish_results(lake, expected, results)
    return results
