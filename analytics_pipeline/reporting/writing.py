"""Writing reports into the lake."""

from pathlib import Path

from analytics_pipeline.lake.lake import publish_text
from analytics_pipeline.reporting.document import Report
from analytics_pipeline.reporting.exports import as_csv, as_json
from analytics_pipeline.reporting.files import report_file
from analytics_pipeline.reporting.formats.html import as_html
from analytics_pipeline.settings import ReportFormat

RENDERERS = {"html": as_html, "json": as_json, "csv": as_csv}


def write_report(
    lake_root: Path, report: Report, formats: tuple[ReportFormat, ...]
) -> dict[ReportFormat, Path]:
    """Render a report and replace its files, each atomically, once all of them are rendered.

    The files by format.
    """
    texts = {kind: RENDERERS[kind](report) for kind in formats if kind in RENDERERS}
    files = {kind: report_file(lake_root, report.last, report.view, kind) for kind in texts}
    for kind, text in texts.items():
        publish_text(files[kind], text)
    return files
