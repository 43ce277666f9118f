"""The data tests of the folder of SQL as Dagster asset checks, all in one step."""

from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)

from analytics_pipeline.daily_assets import lake_of_process, table_metadata
from analytics_pipeline.daily_checks import latest_materialization
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.data_tests import DataTest, Relationships
from analytics_pipeline.metrics.evaluating import DataTestResult, evaluate
from analytics_pipeline.metrics.project import Model, Project, Seed
from analytics_pipeline.metrics.seeds import seed_rows
from analytics_pipeline.partitions import dates_of

FAILURES_FOLDER = "_test_failures"


def metric_checks(project: Project) -> dg.AssetChecksDefinition:
    """Every data test of every mart and seed as an asset check.

    In a run for certain event dates they look at the rows of those dates; in a run of the checks
    alone, which has no dates, at all rows. Those of a seed look at all of its rows.
    """

    tested: list[Model | Seed] = [*project.marts.values(), *project.seeds.values()]
    specs = {
        (table.name, test.name): dg.AssetCheckSpec(
            test.name,
            asset=table.name,
            description=test.description,
            metadata={"severity": test.severity, "declared_in": table.declared.file},
        )
        for table in tested
        for test in table.declared.tests
    }

    @dg.multi_asset_check(
        name="metric_tests",
        description="The data tests that the YAML files of the metrics declare.",
        specs=list(specs.values()),
        can_subset=True,
    )
    def metric_tests(
        context: dg.AssetCheckExecutionContext,
    ) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
        selected = {
            name for name, spec in specs.items() if spec.key in context.selected_asset_check_keys
        }
        has_dates = context.has_partition_key or context.has_partition_key_range
        days = dates_of(context.partition_keys) if has_dates else None
        lake = lake_of_process()
        with lake.engine() as connection:
            for table in tested:
                tests = [t for t in table.declared.tests if (table.name, t.name) in selected]
                if not tests:
                    continue
                target = latest_materialization(context.instance, dg.AssetKey(table.name))
                for result in evaluate(
                    connection,
                    seed_rows(table) if isinstance(table, Seed) else lake.scan(table.table, days),
                    tests,
                    related_to=related_relations(lake, project, tests),
                    failures=lake.root / FAILURES_FOLDER / table.name,
                ):
                    yield evaluation(table.name, result, days, target)
                    spec = specs[table.name, result.test.name]
                    yield dg.Output(None, output_name=spec.get_python_identifier())

    return metric_tests


def related_relations(lake: Lake, project: Project, tests: Sequence[DataTest]) -> dict[str, str]:
    """SQL of all rows of every model and seed that the tests name."""
    names = {test.promise.parent for test in tests if isinstance(test.promise, Relationships)}
    return {
        name: seed_rows(project.seeds[name])
        if name in project.seeds
        else lake.scan(project.marts[name].table)
        for name in names
    }


def evaluation(
    table: str, result: DataTestResult, days: list[date] | None, target: Target | None
) -> dg.AssetCheckEvaluation:
    """What the UI shows of a data test: the number of failing rows, and a few of them."""
    tested = f"{days[0]} to {days[-1]}" if days else "all dates"
    metadata: dict[str, dg.MetadataValue] = {
        "failing_rows": dg.MetadataValue.int(result.failing),
        "event_dates": dg.MetadataValue.text(tested),
    }
    if result.failures_file:
        metadata["failing_rows_file"] = dg.MetadataValue.path(str(result.failures_file))
    if result.examples:
        metadata["examples"] = table_metadata(result.examples)
    return dg.AssetCheckEvaluation(
        passed=result.failing == 0,
        asset_key=dg.AssetKey(table),
        check_name=result.test.name,
        severity=dg.AssetCheckSeverity[result.test.severity.upper()],
        metadata=metadata,
        description=f"{result.failing} rows fail." if result.failing else None,
        target_materialization_data=target,
    )
