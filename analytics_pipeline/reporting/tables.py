"""The reports as tables: what the columns of their CSV are."""

from analytics_pipeline.lake.table import Table
from analytics_pipeline.reporting.formats.csv import REPORT_COLUMNS

DAILY_REPORT = Table(
    "daily_report",
    "The reports of a day, for people (HTML, PDF, Excel) and machines (JSON, CSV), each in the "
    "view of its readers. The columns are those of the CSV, a tidy table of all its numbers.",
    REPORT_COLUMNS,
    order_by=(),
    key=("section", "block", "name", "slice", "first", "last"),
)
