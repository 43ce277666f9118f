"""What a report is called."""

from analytics_pipeline.reporting.document import Report
from analytics_pipeline.reporting.wording import long_date

KINDS = {"daily": "Daily report", "weekly": "Weekly report", "monthly": "Monthly report"}


def title_of(report: Report) -> str:
    """The name of a report, such as Daily report for executives."""
    readers = {"engineer": "", "executive": " for executives", "team": f" of team {report.team}"}
    return KINDS[report.kind] + readers[report.view]


def period_of(report: Report) -> str:
    """The dates that a report is about, in words."""
    first, last = long_date(report.first), long_date(report.last)
    return first if first == last else f"{first} to {last}"
