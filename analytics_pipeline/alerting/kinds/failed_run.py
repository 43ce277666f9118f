"""Runs that fail: declared like every rule, and judged by the sensor over Dagster's runs."""

from typing import Literal

from analytics_pipeline.alerting.declaration import Names, Rule


class FailedRunRule(Rule):
    """Violated by a failed run of one of the ``jobs``; of any where none is named.

    It is no asset check: a run that fails evaluates none.
    """

    kind: Literal["failed_run"] = "failed_run"
    jobs: Names = ()

    @property
    def about(self) -> str:
        """No asset."""
        return ""

    @property
    def reads(self) -> tuple[str, ...]:
        """No table."""
        return ()
