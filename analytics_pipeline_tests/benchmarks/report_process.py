"""Times the daily reports of a year: one page, and 365 reports in one Dagster run."""

import json
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from analytics_pipeline.alerting.evaluation import evaluate_days
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.catalog import metric_catalog
from analytics_pipeline.metrics.tables import current_project, mart_tables
from analytics_pipeline_tests.benchmarks.measuring import seconds_of
from analytics_pipeline_tests.benchmarks.native_files import LAST
from analytics_pipeline_tests.benchmarks.pipeline_work import build_history, settings_of_process

HISTORY_DAYS, REPORTS = 400, 365


def main() -> None:
    """Print the seconds of a page and of all reports; the argument is the number of events."""
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of_process(Path(folder))
        # What a page needs is imported before it is timed.
        import jinja2  # noqa: F401
        import matplotlib.figure  # noqa: F401
        import yaml  # noqa: F401

        from analytics_pipeline.execution import open_instance, update
        from analytics_pipeline.reporting.daily import daily_reports
        from analytics_pipeline.reporting.definitions import catalog_of
        from analytics_pipeline.reporting.formats.html import as_html

        lake = Lake.of(settings)
        build_history(lake, settings, events=int(sys.argv[1]), days=HISTORY_DAYS)
        metrics = metric_catalog(current_project(), settings.owner)

        def page() -> None:
            with lake.engine() as connection:
                alerts = evaluate_days(lake, connection, [LAST], settings)
                ((_, views),) = daily_reports(
                    lake, connection, mart_tables(), alerts, catalog_of(metrics), settings
                )
                as_html(views["engineer"])

        of_page = seconds_of(page)
        with open_instance(settings) as instance:
            first = LAST - timedelta(days=REPORTS - 1)
            of_all = seconds_of(lambda: update(instance, first, LAST, assets=["daily_report"]))
        print(json.dumps({"page": of_page, "reports": of_all}))


if __name__ == "__main__":
    main()
