"""With the real daemon: a file dropped leads to an alert, once, though the daemon is killed."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.timeout(1500)


def test_a_bad_day_is_told_once_and_its_end_as_well_though_the_daemon_is_killed() -> None:
    """A small run of the script that kills the daemon many times."""
    command = [sys.executable, "-m", "analytics_pipeline_tests.alerting.delivery_kills"]
    done = subprocess.run(
        [*command, "--kills", "1", "--seed", "4"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["told"] == {"[WARN": 1, "[RESOLVED": 1}
    assert summary["deliveries"] == 4
