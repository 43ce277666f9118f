"""How several days become one value: what is declared, and what follows from a formula."""

import pytest

from analytics_pipeline.metrics.catalog import metric_catalog
from analytics_pipeline.metrics.over_days import Aggregation, aggregation_of, postfix_of
from analytics_pipeline.metrics.project import Project

SUMS = ["hits", "misses"]


def test_a_formula_of_sums_is_computed_from_their_sums() -> None:
    found = aggregation_of(None, "hits / (hits + misses)", SUMS)
    assert found == Aggregation("formula", ("hits", "hits", "misses", "+", "/"))
    assert found.columns == SUMS
    assert aggregation_of(None, "(hits - 2) * 0.5\n", SUMS).postfix == ("hits", 2, "-", 0.5, "*")


@pytest.mark.parametrize(
    "formula",
    [
        "hits / users", "count(*)", "count(*) where hit", "failed hits / hits", "hits ** misses",
        "-hits", "hits if misses else hits", "1 / 2", "", "hits / (misses", "True + hits",
        "__import__('os').system('true')",
    ],
)  # fmt: skip
def test_of_any_other_formula_there_is_only_a_typical_day(formula: str) -> None:
    assert aggregation_of(None, formula, SUMS) == Aggregation("median")


def test_what_is_declared_comes_first() -> None:
    assert aggregation_of("last", "hits / misses", SUMS) == Aggregation("last")
    assert postfix_of("hits") == ("hits",)


def test_the_metrics_of_the_project_add_up_where_they_may(project: Project) -> None:
    kinds = {m.id: m.aggregation.kind for m in metric_catalog(project, "team:any")}
    expected = {
        "daily_cache_metrics.total_queries": "sum",
        "daily_cache_metrics.hit_rate": "formula",
        "daily_cache_metrics.error_rate": "formula",
        "daily_cache_metrics.p95_response_time": "median",
        "daily_cost_metrics.savings_rate": "formula",
        "daily_cost_metrics.cost_per_active_user": "median",
        "daily_cost_metrics.projected_month_cost": "last",
        "daily_engagement_metrics.active_users": "median",
        "daily_engagement_metrics.weekly_active_users": "last",
        "daily_system_metrics.cpu_usage_max": "max",
        "daily_system_metrics.error_rate": "formula",
    }
    assert {name: kinds.get(name) for name in expected} == expected


def test_numbers_of_different_things_never_add_up(project: Project) -> None:
    for metric in metric_catalog(project, "team:any"):
        if "distinct" in metric.formula or metric.unit in ("share", "users"):
            assert metric.aggregation.kind != "sum", metric.id
