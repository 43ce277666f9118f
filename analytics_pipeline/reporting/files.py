"""Where the reports are."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from analytics_pipeline.reporting.document import View
from analytics_pipeline.settings import ReportFormat

STEMS: dict[View, str] = {"engineer": "report", "executive": "executive"}


def report_file(lake_root: Path, day: date, view: View, kind: ReportFormat) -> Path:
    """The file of a day's report in one view and one format."""
    folder = lake_root / "reports" / f"event_date={day.isoformat()}"
    return folder / f"{STEMS[view]}.{kind}"


def report_files(
    lake_root: Path, day: date, kinds: Iterable[ReportFormat] = ("html", "json", "csv")
) -> dict[ReportFormat, Path]:
    """The files of a day's report for engineers, by format."""
    return {kind: report_file(lake_root, day, "engineer", kind) for kind in kinds}
