"""The commands on the quarantine: aicache-analytics quarantine …"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_pipeline.cli_options import (
    FAILED,
    WRONG_USAGE,
    JsonOption,
    LakeOption,
    configure,
    day_option,
    fail,
    output,
    print_json,
    progress,
)
from analytics_pipeline.settings import Settings

if TYPE_CHECKING:
    from analytics_pipeline.ingestion.fixes import Fix
    from analytics_pipeline.ingestion.quarantine import Selection

quarantine_app = typer.Typer(
    help="See, export, fix and release the lines that could not become validated events.",
    no_args_is_help=True,
)

ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only this reason.")]
PathOption = Annotated[
    str | None, typer.Option("--path", help="Only this file, or files such as 'app/*'.")
]
DateOption = Annotated[
    date | None,
    day_option("--date", "Only this event date."),
]
FromOption = Annotated[date | None, day_option("--from", "First event date.")]
ToOption = Annotated[date | None, day_option("--to", "Last event date.")]


def _selection(
    reason: str | None, path: str | None, day: date | None, first: date | None, last: date | None
) -> "Selection":
    from analytics_pipeline.ingestion.quarantine import Selection
    from analytics_pipeline.ingestion.tables import REASONS

    if reason is not None and reason not in REASONS:
        fail(f"There is no reason {reason}. There are: {', '.join(REASONS)}.", WRONG_USAGE)
    if day is not None and (first is not None or last is not None):
        fail("--date means one day: give either it, or --from and --to.", WRONG_USAGE)
    if first is not None and last is not None and first > last:
        fail(f"--from {first} lies after --to {last}.", WRONG_USAGE)
    return Selection(reason, path, day or first, day or last)


@quarantine_app.command(
    "list", epilog="Example: aicache-analytics quarantine list --from 2026-11-01 --to 2026-11-30"
)
def list_counts(
    reason: ReasonOption = None,
    path: PathOption = None,
    day: DateOption = None,
    first: FromOption = None,
    last: ToOption = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count the quarantined lines by event date, file and reason."""
    selection = _selection(reason, path, day, first, last)
    settings = configure(lake=lake)
    from analytics_pipeline.ingestion.quarantine import quarantine_counts
    from analytics_pipeline.ingestion.sources import name_of, source_of
    from analytics_pipeline.lake.lake import Lake

    counts = quarantine_counts(Lake.of(settings), selection)
    records = [
        {
            "event_date": count.event_date,
            "source": name_of(source_of(count.path, settings)),
            "path": count.path,
            "reason": count.reason,
            "lines": count.lines,
        }
        for count in counts
    ]
    _print_records(records, as_json, selection.limits)
    if records and not as_json:
        totals: Counter[str] = Counter()
        for count in counts:
            totals[count.reason] += count.lines
        output.print()
        by_reason = [{"reason": name, "lines": lines} for name, lines in totals.most_common()]
        total = {"reason": "all reasons", "lines": totals.total()}
        _print_records([*by_reason, total], as_json)


@quarantine_app.command(
    "show", epilog="Example: aicache-analytics quarantine show --reason bad_type"
)
def show(
    reason: ReasonOption = None,
    path: PathOption = None,
    day: DateOption = None,
    first: FromOption = None,
    last: ToOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many lines.")] = 20,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show quarantined lines with what is wrong with each."""
    selection = _selection(reason, path, day, first, last)
    settings = configure(lake=lake)
    from analytics_pipeline.ingestion.quarantine import quarantined_lines
    from analytics_pipeline.lake.lake import Lake

    lines = quarantined_lines(Lake.of(settings), selection, limit=limit)
    _print_records([asdict(line) for line in lines], as_json, selection.limits)


@quarantine_app.command(
    "export", epilog="Example: aicache-analytics quarantine export --reason not_json broken.jsonl"
)
def export(
    file: Annotated[Path, typer.Argument(help="File of JSON lines to write.")],
    reason: ReasonOption = None,
    path: PathOption = None,
    day: DateOption = None,
    first: FromOption = None,
    last: ToOption = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write quarantined lines to a file, in which to edit "line" and then release them."""
    selection = _selection(reason, path, day, first, last)
    settings = configure(lake=lake)
    from analytics_pipeline.ingestion.quarantine import export_lines
    from analytics_pipeline.lake.lake import Lake

    lines = export_lines(Lake.of(settings), file, selection)
    if as_json:
        print_json({"file": file, "lines": lines})
    else:
        output.print(
            f'{lines:,} lines in {file}: edit "line", then\n'
            f"aicache-analytics quarantine release --fix {file}",
            markup=False,
        )


@quarantine_app.command(
    "release",
    epilog="Example: aicache-analytics quarantine release --reason bad_type "
    "--patch '{\"match_type\": null}' --dry-run",
)
def release(
    reason: ReasonOption = None,
    path: PathOption = None,
    day: DateOption = None,
    first: FromOption = None,
    last: ToOption = None,
    fix_file: Annotated[
        Path | None,
        typer.Option("--fix", metavar="FILE", help='An export with "line" edited: only its lines.'),
    ] = None,
    patch: Annotated[
        str | None,
        typer.Option(
            "--patch",
            metavar="JSON|FILE",
            help="JSON merge patch (RFC 7386) for each line that is a JSON object.",
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Who makes the correction; else $USER.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would become of the lines.")
    ] = False,
    update: Annotated[
        bool,
        typer.Option("--update/--no-update", help="Whether to build what follows at once."),
    ] = True,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge quarantined lines again, as they are or fixed, and release those that are valid now.

    Lines that would be refused again stay as they are. With --no-update the dates await the next
    run, or the daemon.
    """
    selection = _selection(reason, path, day, first, last)
    fix = _fix(fix_file, patch)
    settings = configure(lake=lake)
    from analytics_pipeline.ingestion.releases import release as release_lines
    from analytics_pipeline.lake.lake import Lake

    author = by or os.environ.get("USER") or "unknown"
    with progress(as_json) as listener:
        if listener is not None:
            listener("judging the lines again, once no intake is under way")
        done = release_lines(
            Lake.of(settings), settings, selection, fix, by=author, dry_run=dry_run
        )
        updated, failures = (), ()
        if done.dates and update and not dry_run:
            updated, failures = _update(settings, done.dates, listener)
    if as_json:
        print_json(
            {
                **asdict(done), "left_out": dict(done.left_out), "released": done.released,
                "dry_run": dry_run, "updated": updated, "failures": failures,
            }
        )  # fmt: skip
    else:
        from analytics_pipeline.release_summary import print_release, print_update

        print_release(done, output, dry_run=dry_run)
        if not dry_run:
            print_update(done.dates, updated, failures, output)
    if failures:
        raise typer.Exit(FAILED)


@quarantine_app.command(
    "corrections", epilog="Example: aicache-analytics quarantine corrections --json"
)
def corrections(lake: LakeOption = None, as_json: JsonOption = False) -> None:
    """List the corrections of released lines: what stood there, what stands there now, by whom."""
    settings = configure(lake=lake)
    from analytics_pipeline.ingestion.corrections import Corrections
    from analytics_pipeline.lake.lake import Lake

    with Corrections.open(Lake.of(settings).state) as kept:
        records = [asdict(correction) for correction in kept.all()]
    if as_json or records:
        _print_records(records, as_json)
    else:
        output.print("No line was corrected.")


def _fix(fix_file: Path | None, patch: str | None) -> "Fix | None":
    from analytics_pipeline.ingestion.fixes import EditedExport, FixError, MergePatch

    if fix_file is not None and patch is not None:
        fail("Give either --fix or --patch.", WRONG_USAGE)
    if patch is None:
        return None if fix_file is None else EditedExport(fix_file)
    try:
        return MergePatch.read(patch)
    except FixError as error:
        fail(str(error), WRONG_USAGE)


def _update(settings: Settings, days: Sequence[date], listener: Any) -> tuple[Any, Any]:
    from analytics_pipeline.execution import open_instance, update_awaiting
    from analytics_pipeline.ingestion.pending_updates import PendingUpdates
    from analytics_pipeline.lake.lake import Lake

    instance = open_instance(settings)
    with PendingUpdates.open(Lake.of(settings).state) as pending:
        return update_awaiting(pending, instance, days=days, listener=listener)


def _print_records(records: Sequence[dict[str, Any]], as_json: bool, limited: bool = False) -> None:
    from analytics_pipeline.release_summary import table_of

    if as_json:
        print_json(list(records))
    elif records:
        output.print(table_of(records), markup=False)
    else:
        output.print("No such line is in quarantine." if limited else "Nothing is in quarantine.")
