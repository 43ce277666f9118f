"""The catalog of metrics on the command line."""

import shutil

import pytest

from analytics_pipeline_tests.end_to_end.test_command_line import command_line, printed_json
from analytics_pipeline_tests.metrics.catalog_marts import add_catalog_marts
from analytics_pipeline_tests.metrics.conftest import SMALL


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = shutil.copytree(SMALL, tmp_path_factory.mktemp("metrics") / "dbt_like_sql")
    return {"AICACHE_SQL_DIR": str(add_catalog_marts(folder)), "AICACHE_OWNER": "team:everyone"}


def test_the_catalog_is_listed(environment: dict[str, str]) -> None:
    records = printed_json(command_line("metrics", "--json", **environment))
    assert [(record["id"], record["owner"]) for record in records] == [
        ("daily_cost.cost", "team:finance"),
        ("daily_cost.hit_rate", "team:finance"),
        ("daily_cost_by_slice.cost", "team:everyone"),
        ("daily_latency.p95", "team:everyone"),
        ("daily_loose.things", "team:everyone"),
    ]
    lines = command_line("metrics", **environment).stdout.splitlines()
    assert lines[0] == "daily_cost  cost, by event_date, team:finance"
    assert [words.split() for words in lines[2:4]] == [
        ["cost", "USD", "lower", "below", "0", "or", "above", "12.5", "sum(cost)"],
        ["hit_rate", "share", "higher", "hits", "|", "queries"],
    ]


def test_a_name_explains_the_metric_in_every_mart_that_has_it(environment: dict[str, str]) -> None:
    explained = command_line("metrics", "cost", **environment).stdout
    daily, by_slice = explained.split("\n\n")
    assert daily.startswith("daily_cost.cost\n")
    for label, text in {
        "meaning": "Sum of cost over cache_query events; null without any.",
        "formula": "sum(cost)",
        "grain": "event_date",
        "good": "lower is better",
        "thresholds": "below 0 or above 12.5",
        "declared": "dbt_like_sql/models/marts/cost/cost.yml:7",
    }.items():
        [line] = [line for line in daily.splitlines() if line.startswith(f"{label} ")]
        assert line.removeprefix(label).strip() == text
    assert "model, team, plan" in by_slice
    one = printed_json(command_line("metrics", "daily_cost.cost", "--json", **environment))
    assert [record["id"] for record in one] == ["daily_cost.cost"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("hitrate", "There is no metric 'hitrate'; did you mean 'hit_rate'?"),
        ("daily_cost.costs", "There is no metric 'daily_cost.costs'; did you mean"),
        ("zzzzz", "There is no metric 'zzzzz'; aicache-analytics metrics lists them all."),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(
    environment: dict[str, str], name: str, hint: str
) -> None:
    completed = command_line("metrics", name, **environment)
    assert completed.returncode == 2
    assert hint in completed.stderr
