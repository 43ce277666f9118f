"""The closing summary of a run: what became of each file, and where to read on."""

import os
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from analytics_pipeline.execution import DAGSTER_HOME, Outcome
from analytics_pipeline.ingestion.accounts import FileAccount, file_totals
from analytics_pipeline.ingestion.tables import COUNTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.reporting.files import report_files
from analytics_pipeline.settings import Settings


@dataclass(frozen=True)
class RunSummary:
    """What a run did, as the command line prints it.

    ``files`` are the accounts of the new file versions, ``problems`` what was read only in part,
    ``refused`` what could not be read at all, ``report`` the latest report, if any was made, and
    ``ui`` the command that opens the Dagster UI on the same lake.
    """

    files: tuple[FileAccount, ...]
    problems: dict[str, str]
    refused: dict[str, str]
    unsettled: tuple[str, ...]
    updated_dates: tuple[date, ...]
    failures: tuple[str, ...]
    report: str | None
    ui: str

    @property
    def complete(self) -> bool:
        """Whether everything that was found is in the lake and in the reports."""
        return not (self.refused or self.failures)


def summary_of(settings: Settings, outcome: Outcome) -> RunSummary:
    """Put together what the run did, from its outcome and the accounts in the lake."""
    lake = Lake.of(settings)
    days = sorted({day for version in outcome.taken for day in version.event_dates})
    with lake.engine() as connection:
        paths = [version.path for version in outcome.taken]
        accounts = {account.path: account for account in file_totals(lake, connection, days, paths)}
    updated = tuple(_days(outcome.updated))
    report = report_files(settings.lake, updated[-1])["html"] if updated else None
    return RunSummary(
        tuple(accounts.get(path) or FileAccount(path) for path in paths),
        {version.path: version.problem for version in outcome.taken if version.problem},
        dict(outcome.refused),
        outcome.unsettled,
        updated,
        outcome.failures,
        str(report) if report and report.exists() else None,
        ui_command(settings),
    )


def ui_command(settings: Settings) -> str:
    """The shell command that starts the Dagster UI and daemon on this configuration."""
    environment = {
        DAGSTER_HOME: Path(os.environ[DAGSTER_HOME]).absolute(),
        "AICACHE_LANDING_ZONE": settings.landing_zone,
        "AICACHE_LAKE": settings.lake.absolute(),
    }
    assigned = [f"{name}={shlex.quote(str(value))}" for name, value in environment.items()]
    dev = f"{shlex.quote(sys.executable)} -m dagster dev -m analytics_pipeline.definitions"
    return " ".join([*assigned, dev])


def _days(ranges: Iterable[tuple[date, date]]) -> Iterable[date]:
    for first, last in ranges:
        for offset in range((last - first).days + 1):
            yield first + timedelta(days=offset)


def print_summary(summary: RunSummary, console: Console) -> None:
    """Print the summary for people."""
    if summary.files:
        console.print(_table(summary.files))
    elif not summary.updated_dates and not summary.failures:
        console.print("Nothing new: every file is taken and every date is up to date.")
    for path, problem in summary.problems.items():
        console.print(f"Warning: {path}: {problem.rstrip('.')}.", markup=False)
    for path, problem in summary.refused.items():
        console.print(f"Not read: {path}: {problem.rstrip('.')}.", markup=False)
    for path in summary.unsettled:
        if path not in summary.refused:
            console.print(f"Left for the next run, still being written: {path}", markup=False)
    for failure in summary.failures:
        console.print(f"Failed: {failure}", markup=False)
    if summary.updated_dates:
        days = len(summary.updated_dates)
        span = f"{summary.updated_dates[0]} to {summary.updated_dates[-1]}"
        console.print(f"Updated: {f'{days} days, {span}' if days > 1 else span[:10]}")
    if summary.report:
        console.print(f"Report:  {summary.report}", markup=False)
        console.print(f"UI:      {summary.ui}", markup=False)
        console.print("         then open http://127.0.0.1:3000")
    if summary.updated_dates:
        console.print("Alerts:  aicache-analytics alerts deliver, where no daemon does it")


def _table(accounts: Iterable[FileAccount]) -> RichTable:
    table = RichTable(box=None, pad_edge=False)
    table.add_column("file", overflow="fold")
    for name in COUNTS:
        table.add_column(name, justify="right")
    accounts = list(accounts)
    for account in accounts:
        table.add_row(account.path, *(f"{getattr(account, name):,}" for name in COUNTS))
    if len(accounts) > 1:
        totals = (sum(getattr(account, name) for account in accounts) for name in COUNTS)
        table.add_row("all files", *(f"{total:,}" for total in totals), style="bold")
    return table
