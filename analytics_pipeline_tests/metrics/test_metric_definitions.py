"""No number of a mart is without a definition."""

from collections.abc import Iterator
from pathlib import Path

from analytics_pipeline.lake.contracts import NUMERIC
from analytics_pipeline.metrics.catalog import is_mart, metric_catalog
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES
from analytics_pipeline_tests.metrics.catalog_marts import add_catalog_marts


def undefined_numbers(project: Project) -> Iterator[str]:
    """The numeric columns of marts, beside those of their key, without a formula or a unit."""
    for model in filter(is_mart, project.marts.values()):
        for column in model.declared.columns:
            meta = model.declared.meta[column.name]
            lacking = [name for name in ("formula", "unit") if not getattr(meta, name)]
            if column.type in NUMERIC and column.name not in model.declared.key and lacking:
                where = model.declared.where[column.name]
                yield f"{where}: {model.name}.{column.name} has no {' and no '.join(lacking)}"


def contradictions(project: Project) -> Iterator[str]:
    """Metrics without a unit or a description, or with a threshold on their good side."""
    for metric in metric_catalog(project, "team:any"):
        good_side = {"higher": metric.thresholds.above, "lower": metric.thresholds.below}
        if not (metric.unit and metric.description):
            yield f"{metric.declared_at}: {metric.id} has no unit or no description"
        if metric.good_direction and good_side[metric.good_direction] is not None:
            yield (
                f"{metric.declared_at}: {metric.good_direction} is better, yet {metric.id} "
                f"deserves a look {metric.thresholds_text}"
            )


def test_every_number_of_a_mart_has_a_formula_and_a_unit(project: Project) -> None:
    offenders = list(undefined_numbers(project))
    assert not offenders, "Give each in its config.meta:\n" + "\n".join(offenders)


def test_no_definition_contradicts_itself(project: Project) -> None:
    offenders = list(contradictions(project))
    assert not offenders, "\n".join(offenders)


def test_offenders_are_found(folder: Path) -> None:
    added = read_project(add_catalog_marts(folder), SOURCE_TABLES)
    numbers = list(undefined_numbers(added))
    loose = "dbt_like_sql/models/marts/loose.yml:5: daily_loose.things"
    assert f"{loose} has no unit" in numbers
    assert not [number for number in numbers if "daily_cost." in number or ".plan" in number]
    assert "daily_cache_metrics.hit_rate has no formula and no unit" in " ".join(numbers)
    assert set(contradictions(added)) >= {
        f"{loose} has no unit or no description",
        "dbt_like_sql/models/marts/cost/cost.yml:7: lower is better, yet daily_cost.cost deserves "
        "a look below 0 or above 12.5",
    }
