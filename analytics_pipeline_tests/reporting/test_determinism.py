"""Equal tables give byte-for-byte equal reports."""

import hashlib
import os
import subprocess
import sys

from analytics_pipeline.reporting.document import Report
from analytics_pipeline.reporting.formats.csv import as_csv
from analytics_pipeline.reporting.formats.html import as_html
from analytics_pipeline.reporting.formats.json import as_json
from analytics_pipeline_tests.reporting.report_lake import DAY, DAYS, report_of, reports_of
from analytics_pipeline_tests.workspace import Workspace

PRINT_DIGEST = """
import sys
from pathlib import Path
from analytics_pipeline.settings import read_settings
from analytics_pipeline_tests.reporting.report_lake import report_of
from analytics_pipeline_tests.reporting.test_determinism import digest
from analytics_pipeline_tests.workspace import Workspace
lake = Path(sys.argv[1])
print(digest(report_of(Workspace(read_settings(lake=lake, landing_zone=lake)))))
"""


def digest(report: Report) -> str:
    text = as_html(report) + as_json(report) + as_csv(report)
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_report_is_the_same_each_time_and_in_each_process(
    sample: Workspace, report: Report
) -> None:
    assert digest(report_of(sample)) == digest(report)
    environment = os.environ | {"PYTHONHASHSEED": "7", "AICACHE_ENGINE__THREADS": "1", "TZ": "NZ"}
    other = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST, str(sample.lake.root)],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert other.stdout.strip() == digest(report)


def test_a_report_is_the_same_alone_and_among_others(sample: Workspace, report: Report) -> None:
    together = reports_of(sample, DAYS)
    assert list(together) == sorted(DAYS)
    assert together[DAY]["engineer"] == report
    for day in DAYS:
        assert together[day] == reports_of(sample, [day])[day]


def test_a_page_is_the_same_whatever_was_drawn_before(sample: Workspace, report: Report) -> None:
    for other in reports_of(sample, DAYS).values():
        for each in other.values():
            as_html(each)
    assert digest(report_of(sample)) == digest(report)
