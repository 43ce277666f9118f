"""Equal tables give byte-for-byte equal reports."""

import hashlib
import os
import subprocess
import sys

from analytics_pipeline.reporting.content import ReportContent
from analytics_pipeline.reporting.exports import as_csv, as_json
from analytics_pipeline.reporting.render import as_html
from analytics_pipeline_tests.reporting.report_lake import (
    DAY,
    DAYS,
    content_of,
    contents_of,
)
from analytics_pipeline_tests.workspace import Workspace

PRINT_DIGEST = """
import sys
from pathlib import Path
from analytics_pipeline.settings import read_settings
from analytics_pipeline_tests.reporting.report_lake import content_of
from analytics_pipeline_tests.reporting.test_determinism import digest
from analytics_pipeline_tests.workspace import Workspace
lake = Path(sys.argv[1])
print(digest(content_of(Workspace(read_settings(lake=lake, landing_zone=lake)))))
"""


def digest(content: ReportContent) -> str:
    text = as_html(content) + as_json(content) + as_csv(content)
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_report_is_the_same_each_time_and_in_each_process(
    sample: Workspace, content: ReportContent
) -> None:
    assert digest(content_of(sample)) == digest(content)
    environment = os.environ | {"PYTHONHASHSEED": "7", "AICACHE_ENGINE__THREADS": "1", "TZ": "NZ"}
    other = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST, str(sample.lake.root)],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert other.stdout.strip() == digest(content)


def test_a_report_is_the_same_alone_and_among_others(
    sample: Workspace, content: ReportContent
) -> None:
    together = contents_of(sample, DAYS)
    assert list(together) == sorted(DAYS)
    assert together[DAY] == content
    for day in DAYS:
        assert together[day] == content_of(sample, day)
