"""Writing a report into the lake."""

from analytics_pipeline.lake.lake import Lake, publish_text
from analytics_pipeline.reporting.content import ReportContent
from analytics_pipeline.reporting.exports import as_csv, as_json
from analytics_pipeline.reporting.files import report_files
from analytics_pipeline.reporting.render import as_html


def write_report(lake: Lake, content: ReportContent) -> None:
    """Render a report and replace its files, each atomically, once all of them are rendered."""
    texts = {"json": as_json(content), "csv": as_csv(content), "html": as_html(content)}
    files = report_files(lake.root, content.event_date)
    for kind, text in texts.items():
        publish_text(files[kind], text)
