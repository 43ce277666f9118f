"""Where the reports are."""

from datetime import date
from pathlib import Path

KINDS = ("html", "json", "csv")


def report_files(lake_root: Path, day: date) -> dict[str, Path]:
    """The files of a day's report by kind: html, json and csv."""
    folder = lake_root / "reports" / f"event_date={day.isoformat()}"
    return {kind: folder / f"report.{kind}" for kind in KINDS}
