"""The command line: aicache-analytics …

Exit codes: 0 done, 1 failed, 2 wrong usage. Modules that cost time to import are imported by the
commands that need them, so that --help answers at once.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table as RichTable

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.settings import Settings, SettingsError, current_settings, today

app = typer.Typer(
    name="aicache-analytics",
    help="From dropped log files to daily metrics, insights, forecasts, reports and alerts.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
quarantine_app = typer.Typer(
    help="Look at the lines that could not become validated events.", no_args_is_help=True
)
app.add_typer(quarantine_app, name="quarantine")
notes = Console(stderr=True, highlight=False)
# What is piped or stored has no edge to fold a file's name at.
PIPED_WIDTH = None if sys.stdout.isatty() else 160
output = Console(highlight=False, soft_wrap=True, width=PIPED_WIDTH)

FAILED, WRONG_USAGE = 1, 2

LandingOption = Annotated[
    str | None,
    typer.Option(
        "--landing", help="Landing zone; else the setting landing_zone.", metavar="DIR|URL"
    ),
]
LakeOption = Annotated[
    Path | None, typer.Option("--lake", help="Lake; else the setting lake.", metavar="DIR")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date of the form YYYY-MM-DD") from error


def _configure(landing: str | None = None, lake: Path | None = None) -> Settings:
    """Let the options take precedence over every other source of settings."""
    if landing is not None:
        os.environ["AICACHE_LANDING_ZONE"] = landing
    if lake is not None:
        os.environ["AICACHE_LAKE"] = str(lake)
    current_settings.cache_clear()
    return current_settings()


def _fail(message: str, code: int = FAILED) -> NoReturn:
    notes.print(f"Error: {message}", markup=False)
    raise typer.Exit(code)


def _print_json(content: Any) -> None:
    output.print_json(json.dumps(content, default=str), indent=2)


@contextmanager
def _progress(quiet: bool) -> Iterator[Any]:
    """Show what a run is doing on one line of the terminal."""
    if quiet or not notes.is_terminal:
        yield None
        return
    with notes.status("starting") as status:
        yield lambda text: status.update(str(text).splitlines()[0])


@app.command(epilog="Example: aicache-analytics run --landing drops --lake lake")
def run(
    landing: LandingOption = None, lake: LakeOption = None, as_json: JsonOption = False
) -> None:
    """Take in all that is new in a landing zone and bring everything downstream up to date."""
    settings = _configure(landing, lake)
    from analytics_pipeline.execution import bring_up_to_date, open_instance
    from analytics_pipeline.run_summary import print_summary, summary_of

    with _progress(as_json) as listener:
        instance = open_instance(settings)
        outcome = bring_up_to_date(settings, instance, listener)
    summary = summary_of(settings, outcome)
    if as_json:
        _print_json(asdict(summary))
    else:
        print_summary(summary, output)
    if not summary.complete:
        raise typer.Exit(FAILED)


@app.command(epilog="Example: aicache-analytics backfill --from 2026-11-01 --to 2026-11-30")
def backfill(
    first: Annotated[date, typer.Option("--from", parser=_day, metavar="DATE", help="First day.")],
    last: Annotated[date, typer.Option("--to", parser=_day, metavar="DATE", help="Last day.")],
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build everything again for a range of event dates, both ends included, in one run."""
    settings = _configure(lake=lake)
    _check_range(settings, first, last)
    from analytics_pipeline.execution import open_instance, update

    with _progress(as_json) as listener:
        update(open_instance(settings), first, last, listener=listener)
    days = (last - first).days + 1
    if as_json:
        _print_json({"from": first, "to": last, "days": days})
    else:
        output.print(f"Built {days} {'day' if days == 1 else 'days'}: {first} to {last}.")


def _check_range(settings: Settings, first: date, last: date) -> None:
    if first > last:
        _fail(f"--from {first} lies after --to {last}.", WRONG_USAGE)
    if first < settings.first_event_date or last > today():
        _fail(
            f"The grid of days goes from {settings.first_event_date} (setting first_event_date) "
            f"to {today()}; {first} to {last} is not within it.",
            WRONG_USAGE,
        )


@app.command(epilog="Example: aicache-analytics report --date 2026-11-10")
def report(
    day: Annotated[date, typer.Option("--date", parser=_day, metavar="DATE", help="Event date.")],
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Render the report of an event date from the tables of the lake, and say where it is."""
    settings = _configure(lake=lake)
    _check_range(settings, day, day)
    from analytics_pipeline.execution import open_instance, update
    from analytics_pipeline.reporting.files import report_files

    with _progress(as_json) as listener:
        update(open_instance(settings), day, day, assets=["daily_report"], listener=listener)
    files = {kind: str(path) for kind, path in report_files(settings.lake, day).items()}
    if as_json:
        _print_json(files)
    else:
        output.print("\n".join(files.values()), markup=False)


class ExportFormat(StrEnum):
    """Formats of an export."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"


@app.command(
    epilog="Example: aicache-analytics export daily_cache_metrics --format csv metrics.csv"
)
def export(
    table: Annotated[str, typer.Argument(help="Name of a table of the lake.")],
    file: Annotated[Path, typer.Argument(help="File to write.")],
    file_format: Annotated[ExportFormat, typer.Option("--format")] = ExportFormat.CSV,
    first: Annotated[
        date | None, typer.Option("--from", parser=_day, metavar="DATE", help="First day.")
    ] = None,
    last: Annotated[
        date | None, typer.Option("--to", parser=_day, metavar="DATE", help="Last day.")
    ] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a table of the lake, or some of its days, to one file."""
    settings = _configure(lake=lake)
    from analytics_pipeline.lake.export import export_table
    from analytics_pipeline.lake.lake import Lake
    from analytics_pipeline.tables import all_tables

    tables = all_tables()
    if table not in tables:
        _fail(f"There is no table {table}. There are: {', '.join(tables)}.", WRONG_USAGE)
    rows = export_table(Lake.of(settings), tables[table], file, file_format, first=first, last=last)
    if as_json:
        _print_json({"table": table, "file": file, "rows": rows})
    else:
        output.print(f"{rows:,} rows of {table} in {file}", markup=False)


@app.command(epilog="Example: aicache-analytics generate --events 100000 --days 60 landing")
def generate(
    destination: Annotated[Path, typer.Argument(help="Folder to write the files to.")],
    events: Annotated[int, typer.Option(min=1, help="How many events.")] = 100_000,
    days: Annotated[int, typer.Option(min=1, help="Over how many days.")] = 7,
    end: Annotated[
        date | None,
        typer.Option("--end", parser=_day, metavar="DATE", help="Last day; yesterday if unset."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Make labelled, generated events for demos, tests and benchmarks.

    The file _truth.json beside them says that they are generated, and lists planted incidents.
    """
    from analytics_pipeline.samples.generation import generate as generate_events

    summary = generate_events(
        destination, events=events, days=days, end=end or _yesterday(), seed=seed
    )
    if as_json:
        _print_json(asdict(summary))
    else:
        output.print(f"Generated about {events:,} events over {days} days in {destination}")


def _yesterday() -> date:
    return date.fromordinal(today().toordinal() - 1)


@quarantine_app.command("list", epilog="Example: aicache-analytics quarantine list --json")
def quarantine_list(lake: LakeOption = None, as_json: JsonOption = False) -> None:
    """Count the quarantined lines by event date, file and reason."""
    settings = _configure(lake=lake)
    from analytics_pipeline.ingestion.quarantine import quarantine_counts
    from analytics_pipeline.lake.lake import Lake

    _print_records([asdict(row) for row in quarantine_counts(Lake.of(settings))], as_json)


@quarantine_app.command(
    "show", epilog="Example: aicache-analytics quarantine show --reason bad_type"
)
def quarantine_show(
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    path: Annotated[str | None, typer.Option(help="Only this file.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many lines.")] = 20,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show quarantined lines with what is wrong with each."""
    settings = _configure(lake=lake)
    from analytics_pipeline.ingestion.quarantine import quarantined_lines
    from analytics_pipeline.lake.lake import Lake

    lines = quarantined_lines(Lake.of(settings), reason=reason, path=path, limit=limit)
    _print_records([asdict(line) for line in lines], as_json)


def _print_records(records: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        _print_json(list(records))
        return
    if not records:
        output.print("Nothing is in quarantine.")
        return
    table = RichTable(box=None, pad_edge=False)
    for name in records[0]:
        table.add_column(name)
    for record in records:
        table.add_row(*(str(value) for value in record.values()))
    output.print(table, markup=False)


@app.command(epilog="Example: aicache-analytics doctor --json")
def doctor(
    landing: LandingOption = None, lake: LakeOption = None, as_json: JsonOption = False
) -> None:
    """Check the configuration, the folders, the disk, and the Dagster instance."""
    settings = _configure(landing, lake)
    from analytics_pipeline.doctor import examine

    findings = examine(settings)
    if as_json:
        _print_json([asdict(finding) for finding in findings])
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
