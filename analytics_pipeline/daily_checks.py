"""What the asset checks of daily assets have in common: one evaluation for each event date.

The checks are partitioned like their assets, so that Dagster keeps the outcome of every date
apart: the UI shows a bar of dates for each check, and a backfill of last year leaves the outcome
of today as it is. Dagster fills the date in by itself only in a run of one partition; a run of a
range evaluates each of its dates here.
"""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)

from analytics_pipeline.markdown_text import literal_markdown
from analytics_pipeline.partitions import daily, dates_of


@dataclass(frozen=True)
class CheckOutcome:
    """What a check found on one event date; the description names the finding, not the date."""

    passed: bool
    severity: Literal["WARN", "ERROR"]
    description: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


def daily_check_spec(
    name: str, *, asset: str, description: str, metadata: Mapping[str, Any] | None = None
) -> dg.AssetCheckSpec:
    """The specification of a check that is evaluated for every event date of an asset."""
    with warnings.catch_warnings():
        # Partitioned checks are a preview feature: not said anew on each start of a process.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            name, asset=asset, description=description, metadata=metadata, partitions_def=daily
        )


def dates_to_check(context: dg.AssetCheckExecutionContext) -> list[date]:
    """The event dates that this run was asked for, ascending; raises dg.Failure without any."""
    if not (context.has_partition_key or context.has_partition_key_range):
        raise dg.Failure(
            "Daily checks are evaluated for event dates, and this run names none: materialize the "
            "asset for the wanted dates, or choose a partition."
        )
    return dates_of(context.partition_keys)


def evaluations(
    context: dg.AssetCheckExecutionContext,
    spec: dg.AssetCheckSpec,
    outcomes: Mapping[date, CheckOutcome],
) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
    """The events of a check: one evaluation a date, against its latest materialization."""
    targets = _latest_materializations(context.instance, spec.asset_key, list(outcomes))
    for day, outcome in sorted(outcomes.items()):
        yield dg.AssetCheckEvaluation(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=outcome.passed,
            severity=dg.AssetCheckSeverity(outcome.severity),
            description=f"{day.isoformat()}: {literal_markdown(outcome.description)}",
            metadata={"event date": day.isoformat(), **outcome.metadata},
            target_materialization_data=targets.get(day.isoformat()),
            blocking=spec.blocking,
            partition=day.isoformat(),
        )
    yield dg.Output(None, output_name=spec.get_python_identifier())


def _latest_materializations(
    instance: dg.DagsterInstance, asset_key: dg.AssetKey, days: list[date]
) -> dict[str, Target]:
    """Dagster takes an evaluation for outdated unless it names the date's latest materialization.

    Records come newest first. A page holds as many as there are dates, which is all in the usual
    case that the same run has just materialized them.
    """
    missing = {day.isoformat() for day in days}
    latest: dict[str, Target] = {}
    while missing:
        wanted = dg.AssetRecordsFilter(asset_key=asset_key, asset_partitions=sorted(missing))
        records = instance.fetch_materializations(wanted, limit=min(len(missing), 1000)).records
        if not records:
            break
        for record in records:
            latest.setdefault(str(record.partition_key), _target(record))
        missing -= latest.keys()
    return latest


def latest_materialization(instance: dg.DagsterInstance, asset_key: dg.AssetKey) -> Target | None:
    """The latest materialization of an asset, of whatever date: the target of other checks.

    Left to itself, Dagster would list every date of the asset to find it.
    """
    records = instance.fetch_materializations(asset_key, limit=1).records
    return _target(records[0]) if records else None


def _target(record: dg.EventLogRecord) -> Target:
    return Target(storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp)
