"""The assets of ingestion: the landing zone's files, their lines, and the validated events."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from analytics_pipeline.daily_assets import (
    SINGLE_RUN,
    daily_spec,
    describe_partition,
    first_rows,
    lake_of_process,
    requested_dates,
    table_metadata,
)
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion.accounts import FileAccount, file_accounts
from analytics_pipeline.ingestion.discovery import open_landing_zone
from analytics_pipeline.ingestion.pending_updates import PendingUpdates
from analytics_pipeline.ingestion.quality import compare_with_history
from analytics_pipeline.ingestion.quality_tables import (
    QUARANTINE_REASONS,
    SCHEMA_CHANGES,
    SOURCE_FIELDS,
)
from analytics_pipeline.ingestion.quarantine import ReasonCount, reason_counts
from analytics_pipeline.ingestion.release_log import await_releases
from analytics_pipeline.ingestion.run_processes import note_process
from analytics_pipeline.ingestion.tables import (
    FILE_LINE_COUNTS,
    QUARANTINED_LINES,
    RAW_EVENTS,
)
from analytics_pipeline.ingestion.validation import DayCounts, validate
from analytics_pipeline.settings import current_settings

if TYPE_CHECKING:
    from analytics_pipeline.ingestion.intake import Intake

GROUP = "ingestion"
SHOWN_ROWS = 50


class IntakeConfig(dg.Config):
    """How an intake behaves."""

    wait: bool = Field(False, description="Wait once for files that have not settled.")
    retry: bool = Field(False, description="Try files again that were refused before.")
    after: str | None = Field(None, description="Take only files behind this path.")
    until: str | None = Field(None, description="Take only files up to and with this path.")


@dg.asset(
    key="landing_files",
    description="The versions of the landing zone's files. Materializing it takes every new one: "
    "its lines are filed under their event dates, which then await an update of raw_events and "
    "everything downstream.",
    group_name=GROUP,
    kinds={"file", "sqlite"},
    owners=[current_settings().owner],
    pool="landing_zone",
)
def landing_files(
    context: dg.AssetExecutionContext, config: IntakeConfig
) -> dg.MaterializeResult[None]:
    """Take what is new in the landing zone."""
    from analytics_pipeline.ingestion.intake import take_in

    note_process(context)
    settings = current_settings()

    def progress(files: int, of_files: int, size: int, of_size: int) -> None:
        context.log.info(
            f"{files} of {of_files} files taken, {size / 1e6:,.1f} of {of_size / 1e6:,.1f} MB"
        )

    intake = take_in(
        lake_of_process(),
        settings,
        wait=config.wait,
        retry=config.retry,
        after=config.after,
        until=config.until,
        progress=progress,
    )
    for path, problem in intake.refused:
        context.log.warning(f"{path} could not be read and was left for later: {problem}.")
    for path, problem in intake.problems:
        context.log.warning(f"{path} of the landing zone could not be listed: {problem}.")
    return dg.MaterializeResult(
        metadata=_intake_metadata(intake, open_landing_zone(settings).url),
        # Which dates await an update stands in the ledger: an intake makes no other date stale.
        data_version=dg.DataVersion("landing zone"),
    )


def _intake_metadata(intake: "Intake", url: str) -> dict[str, dg.MetadataValue]:
    records = [
        dg.TableRecord({
            "path": version.path,
            "lines": version.lines,
            "event dates": ", ".join(map(str, version.event_dates)),
            "problem": version.problem or "",
        })
        for version in intake.taken[:SHOWN_ROWS]
    ]  # fmt: skip
    return {
        "landing zone": dg.MetadataValue.url(url),
        "files taken": dg.MetadataValue.int(len(intake.taken)),
        "lines taken": dg.MetadataValue.int(sum(version.lines for version in intake.taken)),
        "event dates touched": dg.MetadataValue.json([str(day) for day in intake.event_dates]),
        "files still being written": dg.MetadataValue.json(list(intake.unsettled)),
        "files refused": dg.MetadataValue.json(dict(intake.refused)),
        **({"first files taken": dg.MetadataValue.table(records)} if records else {}),
    }


@dg.multi_asset(
    specs=[daily_spec(RAW_EVENTS, group=GROUP, deps=["landing_files"], kinds=["parquet"])],
    backfill_policy=SINGLE_RUN,
)
def raw_events(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Take stock of the lines that the intake filed under the requested dates."""
    note_process(context)
    days = requested_dates(context)
    lake = lake_of_process()
    await_releases(lake)
    with PendingUpdates.open(lake.state) as pending, lake.engine() as connection:
        pending.begin_update(context.run.run_id, days)
        rows = lake.row_counts(connection, RAW_EVENTS, days)
    for day in days:
        describe_partition(context, RAW_EVENTS, day, rows[day])
    yield dg.MaterializeResult(asset_key=RAW_EVENTS.name)


@dg.multi_asset(
    specs=[
        daily_spec(VALIDATED_EVENTS, group=GROUP, deps=["raw_events"]),
        daily_spec(QUARANTINED_LINES, group=GROUP, deps=["raw_events"]),
        daily_spec(FILE_LINE_COUNTS, group=GROUP, deps=["raw_events"]),
        daily_spec(SOURCE_FIELDS, group=GROUP, deps=["raw_events"]),
    ],
    backfill_policy=SINGLE_RUN,
)
def validated_events(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Validate the lines of the requested dates and account for each of them."""
    days = requested_dates(context)
    lake = lake_of_process()
    counts = validate(lake, current_settings(), days)
    with lake.engine() as connection:
        accounts = file_accounts(lake, connection, days)
        fields = lake.row_counts(connection, SOURCE_FIELDS, days)
        reasons = reason_counts(lake, connection, days)
    for day in days:
        account = counts[day]
        describe_partition(
            context, VALIDATED_EVENTS, day, account.validated, conservation=_conservation(account)
        )
        describe_partition(
            context, QUARANTINED_LINES, day, account.quarantined, **_quarantine(day, reasons[day])
        )
        of_day = [file for file in accounts if file.event_date == day]
        describe_partition(context, FILE_LINE_COUNTS, day, len(of_day), **_files(of_day))
        describe_partition(context, SOURCE_FIELDS, day, fields[day])
    for table in (VALIDATED_EVENTS, QUARANTINED_LINES, FILE_LINE_COUNTS, SOURCE_FIELDS):
        yield dg.MaterializeResult(asset_key=table.name)


def _conservation(counts: DayCounts) -> dg.MetadataValue:
    found = asdict(counts)
    return dg.MetadataValue.md(
        f"| {' | '.join(found)} |\n|{'--:|' * len(found)}\n"
        f"| {' | '.join(f'{count:,}' for count in found.values())} |"
    )


def _quarantine(day: date, reasons: Sequence[ReasonCount]) -> dict[str, dg.MetadataValue]:
    if not reasons:
        return {}
    return {
        "reasons": table_metadata([asdict(reason) for reason in reasons]),
        "what to do": dg.MetadataValue.md(
            f"- `aicache-analytics quarantine show --date {day}`: see the lines\n"
            f"- `aicache-analytics quarantine release --date {day} --dry-run`: see which would be "
            "valid by now; without `--dry-run` they are released\n"
            f"- `aicache-analytics quarantine export --date {day} lines.jsonl`: edit them, then "
            "`aicache-analytics quarantine release --fix lines.jsonl`"
        ),
    }


def _files(accounts: Sequence[FileAccount]) -> dict[str, dg.MetadataValue]:
    columns = FILE_LINE_COUNTS.column_names
    rows = [{name: getattr(account, name) for name in columns} for account in accounts[:SHOWN_ROWS]]
    return {"files": table_metadata(rows)} if rows else {}


@dg.multi_asset(
    specs=[
        daily_spec(SCHEMA_CHANGES, group=GROUP, deps=["source_fields"]),
        daily_spec(QUARANTINE_REASONS, group=GROUP, deps=["quarantined_lines", "source_fields"]),
    ],
    can_subset=True,
    backfill_policy=SINGLE_RUN,
)
def source_quality(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Compare the fields and the quarantine of the requested dates with the dates before."""
    days = requested_dates(context)
    lake = lake_of_process()
    selected = {key.to_user_string() for key in context.selected_asset_keys}
    tables = [each for each in (SCHEMA_CHANGES, QUARANTINE_REASONS) if each.name in selected]
    compare_with_history(lake, current_settings(), days, tables)
    with lake.engine() as connection:
        for table in tables:
            rows = lake.row_counts(connection, table, days)
            for day in days:
                shown = first_rows(lake, connection, table, day, SHOWN_ROWS)
                describe_partition(context, table, day, rows[day], **shown)
            yield dg.MaterializeResult(asset_key=table.name)
