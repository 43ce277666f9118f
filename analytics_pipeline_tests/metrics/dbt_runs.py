"""Running the folder of SQL under real dbt."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

DBT = Path(sys.executable).with_name("dbt")


@dataclass(frozen=True)
class DbtRun:
    """What a run of dbt printed, how it ended, and the database that it wrote."""

    database: Path
    output: str
    exit_code: int


def run_dbt(
    project: Path, lake: Path, folder: Path, arguments: Sequence[str], days: Sequence[date] = ()
) -> DbtRun:
    """Run a command of dbt on a folder of SQL and a lake, for the days from first to last.

    Its database and logs go to ``folder``.
    """
    assert DBT.exists(), "dbt is not installed: install the extra 'dbt'."
    database = folder / "metrics.duckdb"
    batches = []
    if days:
        after_last = max(days) + timedelta(days=1)
        batches = ["--event-time-start", str(min(days)), "--event-time-end", str(after_last)]
    finished = subprocess.run(
        [
            str(DBT), "--no-use-colors", "--no-version-check", *arguments, *batches,
            "--project-dir", str(project), "--profiles-dir", str(project),
            "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
        ],
        env={**os.environ, "AICACHE_LAKE": str(lake), "AICACHE_DBT_DATABASE": str(database)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    return DbtRun(database, finished.stdout + finished.stderr, finished.returncode)
