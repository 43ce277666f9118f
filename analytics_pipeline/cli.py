"""The command line: aicache-analytics …

Exit codes: 0 done, 1 failed, 2 wrong usage. Modules that cost time to import are imported by the
commands that need them, so that --help answers at once.
"""

import sys
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from analytics_pipeline.cli_alerts import alerts_app
from analytics_pipeline.cli_dashboard import dashboard
from analytics_pipeline.cli_metrics import metrics
from analytics_pipeline.cli_options import (
    FAILED,
    WRONG_USAGE,
    JsonOption,
    LakeOption,
    LandingOption,
    check_range,
    configure,
    day_option,
    fail,
    notes,
    output,
    print_json,
    progress,
)
from analytics_pipeline.cli_publishing import publish, query
from analytics_pipeline.cli_quarantine import quarantine_app
from analytics_pipeline.cli_reports import report
from analytics_pipeline.errors import PipelineError
from analytics_pipeline.settings import SettingsError, today

app = typer.Typer(
    name="aicache-analytics",
    help="From dropped log files to daily metrics, insights, forecasts, reports and alerts.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(alerts_app, name="alerts")
app.command(epilog="Example: aicache-analytics dashboard --open")(dashboard)
app.command(epilog="Example: aicache-analytics metrics daily_cache_metrics.hit_rate")(metrics)
app.command(epilog="Example: aicache-analytics publish --from 2026-11-01 --to 2026-11-30")(publish)
app.command(
    epilog='Example: aicache-analytics query "select event_date, hit_rate from daily_cache_metrics"'
)(query)
app.command(epilog="Example: aicache-analytics report --date 2026-11-10 --format html")(report)


@app.command(epilog="Example: aicache-analytics run --landing drops --lake lake")
def run(
    landing: LandingOption = None, lake: LakeOption = None, as_json: JsonOption = False
) -> None:
    """Take in all that is new in a landing zone and bring everything downstream up to date."""
    settings = configure(landing, lake)
    from analytics_pipeline.execution import bring_up_to_date, open_instance
    from analytics_pipeline.run_summary import print_summary, summary_of

    with progress(as_json) as listener:
        instance = open_instance(settings)
        outcome = bring_up_to_date(settings, instance, listener)
    summary = summary_of(settings, outcome)
    if as_json:
        print_json(asdict(summary))
    else:
        print_summary(summary, output)
    if not summary.complete:
        raise typer.Exit(FAILED)


@app.command(epilog="Example: aicache-analytics backfill --from 2026-11-01 --to 2026-11-30")
def backfill(
    first: Annotated[date, day_option("--from", "First day.")],
    last: Annotated[date, day_option("--to", "Last day.")],
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build everything again for a range of event dates, both ends included, in one run."""
    settings = configure(lake=lake)
    check_range(settings, first, last)
    from analytics_pipeline.execution import open_instance, update

    with progress(as_json) as listener:
        update(open_instance(settings), first, last, listener=listener)
    days = (last - first).days + 1
    if as_json:
        print_json({"from": first, "to": last, "days": days})
    else:
        output.print(f"Built {days} {'day' if days == 1 else 'days'}: {first} to {last}.")


class ExportFormat(StrEnum):
    """Formats of an export."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"
    XLSX = "xlsx"


@app.command(
    epilog="Example: aicache-analytics export daily_cache_metrics --format xlsx metrics.xlsx"
)
def export(
    table: Annotated[str, typer.Argument(help="Name of a table of the lake.")],
    file: Annotated[Path, typer.Argument(help="File to write.")],
    file_format: Annotated[
        ExportFormat | None, typer.Option("--format", help="Unset, the ending of the file says it.")
    ] = None,
    first: Annotated[date | None, day_option("--from", "First day.")] = None,
    last: Annotated[date | None, day_option("--to", "Last day.")] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a table of the lake, or some of its days, to one file."""
    settings = configure(lake=lake)
    from analytics_pipeline.lake.export import export_table
    from analytics_pipeline.lake.lake import Lake
    from analytics_pipeline.tables import all_tables

    tables = all_tables()
    if table not in tables:
        fail(f"There is no table {table}. There are: {', '.join(tables)}.", WRONG_USAGE)
    exported = export_table(
        Lake.of(settings),
        tables[table],
        file,
        file_format or _format_by_ending(file),
        first=first,
        last=last,
    )
    if as_json:
        print_json({"table": table, "file": file, **asdict(exported)})
        return
    output.print(f"{exported.rows:,} rows of {table} in {file}", markup=False)
    if exported.cut_texts:
        output.print(
            f"{exported.cut_texts:,} texts are longer than an Excel cell and were cut; "
            "--format parquet keeps them whole."
        )


def _format_by_ending(file: Path) -> ExportFormat:
    """The format that a file's name says; CSV where it says none."""
    ending = file.suffix.removeprefix(".").lower()
    return ExportFormat(ending) if ending in set(ExportFormat) else ExportFormat.CSV


@app.command(epilog="Example: aicache-analytics generate --events 100000 --days 60 landing")
def generate(
    destination: Annotated[Path, typer.Argument(help="Folder to write the files to.")],
    events: Annotated[int, typer.Option(min=1, help="How many events.")] = 100_000,
    days: Annotated[int, typer.Option(min=1, help="Over how many days.")] = 7,
    end: Annotated[
        date | None,
        day_option("--end", "Last day; yesterday if unset."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.")] = 1,
    calm: Annotated[bool, typer.Option("--calm", help="Plant no incidents.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make labelled, generated events for demos, tests and benchmarks.

    The file _truth.json beside them says that they are generated, and lists planted incidents. For
    one of each kind, with history before them, take 90 days or more.
    """
    from analytics_pipeline.samples.generation import generate as generate_events

    summary = generate_events(
        destination,
        events=events,
        days=days,
        end=end or _yesterday(),
        seed=seed,
        incidents=not calm,
    )
    if as_json:
        print_json(asdict(summary))
    else:
        output.print(f"Generated about {events:,} events over {days} days in {destination}")


def _yesterday() -> date:
    return date.fromordinal(today().toordinal() - 1)


@app.command(epilog="Example: aicache-analytics doctor --json")
def doctor(
    landing: LandingOption = None, lake: LakeOption = None, as_json: JsonOption = False
) -> None:
    """Check the configuration, the folders, the disk, and the Dagster instance."""
    settings = configure(landing, lake)
    from analytics_pipeline.doctor import examine

    findings = examine(settings)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "ok  " if finding.passed else "FAIL"
            output.print(f"{mark}  {finding.subject}: {finding.message}", markup=False)
    if not all(finding.passed for finding in findings):
        raise typer.Exit(FAILED)


def main() -> None:
    """Run the command line; what a user can mend is said in one line, without a traceback."""
    try:
        app()
    except SettingsError as error:
        notes.print(f"Error: {error}", markup=False)
        sys.exit(WRONG_USAGE)
    except PipelineError as error:
        notes.print(f"Error: {error}", markup=False)
        sys.exit(FAILED)
