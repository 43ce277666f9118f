"""The examples of docs/metric-layer.md, put into a copy of the folder of SQL as they stand."""

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml

from analytics_pipeline.documentation.documents import DOCS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.catalog import metric_catalog
from analytics_pipeline.metrics.checks import related_relations
from analytics_pipeline.metrics.data_tests import BUILT_IN
from analytics_pipeline.metrics.errors import ProjectError
from analytics_pipeline.metrics.evaluating import DataTestResult, evaluate
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.render import TEST_PREFIX
from analytics_pipeline.metrics.tables import SOURCE_TABLES, own_folder
from analytics_pipeline.metrics.unit_tests import run_unit_test
from analytics_pipeline_tests.metrics.events import Event, store_events

TEXT = (DOCS / "metric-layer.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^`([\w/.]+)`:\n```\w+\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))
MARTS = ("daily_slow_answers", "daily_slow_answer_average", "daily_answer_speed")
DAYS = [date(2026, 3, 1) + timedelta(days=number) for number in range(8)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shutil.copytree(own_folder(), tmp_path_factory.mktemp("documented") / "dbt_like_sql")
    for name, text in EXAMPLES.items():
        file = folder / name
        if name == "dbt_project.yml":
            settings = yaml.safe_load(file.read_text())
            variables = {**settings.get("vars", {}), **yaml.safe_load(text)["vars"]}
            file.write_text(yaml.safe_dump({**settings, "vars": variables}))
        else:
            assert not file.exists(), f"{name} is a file of the project; rename the example"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return folder


@pytest.fixture(scope="module")
def project(folder: Path) -> Project:
    return read_project(folder, SOURCE_TABLES)


def answer(model: str, seconds: float | None) -> Event:
    return {"event_type": "cache_query", "model": model, "response_time": seconds}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Lake:
    """The last day has two slow answers, each before it one, and one of them has no event."""
    lake = Lake(tmp_path_factory.mktemp("documented") / "lake")
    with lake.engine() as connection:
        for day in DAYS[:-1]:
            events = [answer("atlas-large", 3), answer("atlas-small", 1)]
            store_events(lake, connection, day, events if day != DAYS[3] else [])
        store_events(lake, connection, DAYS[-1], [answer("other", 3), answer("other", 5)])
        build(lake, connection, project, DAYS, MARTS)
    return lake


def evaluated(lake: Lake, project: Project, mart: str, failures: Path) -> list[DataTestResult]:
    model = project.marts[mart]
    with lake.engine() as connection:
        return evaluate(
            connection,
            lake.scan(model.table),
            model.declared.tests,
            related_to=related_relations(lake, project, model.declared.tests),
            failures=failures,
        )


def test_the_metrics_are_computed(lake: Lake, project: Project) -> None:
    with lake.engine() as connection:

        def rows(mart: str, day: date) -> list[tuple[object, ...]]:
            return connection.execute(
                f"SELECT * EXCLUDE event_date FROM {lake.scan(project.marts[mart].table, [day])}"
            ).fetchall()

        assert rows("daily_slow_answers", DAYS[0]) == [(2, 1)]
        assert rows("daily_slow_answers", DAYS[3]) == [(None, None)]
        [(average,)] = rows("daily_slow_answer_average", DAYS[-1])
        assert average == pytest.approx((5 * 1 + 2) / 6)
        assert rows("daily_answer_speed", DAYS[0]) == [
            ("atlas-large", 4, 1, 0), ("atlas-small", 1, 1, 0),
        ]  # fmt: skip
        assert rows("daily_answer_speed", DAYS[-1]) == [("other", None, 2, 1)]


def test_the_metrics_are_in_the_catalog(project: Project) -> None:
    catalog = {metric.id: metric for metric in metric_catalog(project, "team:all")}
    slow = catalog["daily_slow_answers.slow_answers"]
    assert (slow.subject, slow.owner, slow.thresholds_text) == (
        "answers", "team:answers", "above 100",
    )  # fmt: skip
    assert catalog["daily_answer_speed.slow_share"].slices == ("model",)


def test_the_data_tests_find_what_they_say(lake: Lake, project: Project, tmp_path: Path) -> None:
    failing = {
        result.test.name: result.failing
        for mart in MARTS
        for result in evaluated(lake, project, mart, tmp_path)
    }
    assert {name for name, rows in failing.items() if rows} == {"relationships_model"}
    stored = duckdb.sql(f"SELECT model FROM '{tmp_path / 'relationships_model.parquet'}'")
    assert stored.fetchall() == [("other",)]


def test_the_page_lists_every_kind_of_test(project: Project) -> None:
    table = TEXT.partition("| test | rows that break it |")[2].partition("\n\n")[0]
    own = {name.removeprefix(TEST_PREFIX) for name in project.macros.macros
           if name.startswith(TEST_PREFIX)}  # fmt: skip
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == {*BUILT_IN, *own}


def test_the_unit_tests_pass(project: Project) -> None:
    tests = [test for test in project.unit_tests if test.properties.model in MARTS]
    assert len(tests) == 3
    for test in tests:
        result = run_unit_test(project, test)
        assert result.passed, f"{test.where}\n{result}"


def test_a_late_day_reaches_the_later_days_that_look_back_at_it(
    lake: Lake, project: Project
) -> None:
    with lake.engine() as connection:
        store_events(lake, connection, DAYS[0], [answer("atlas-large", 3)] * 8)
        written = build(lake, connection, project, [DAYS[0]], MARTS)
    assert sorted(written["daily_slow_answer_average"]) == DAYS[:7]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("        count(response_time) as", "        sum(1) as", "gives HUGEINT; cast it there"),
        (
            "event_dates.event_date,\n",
            "event_dates.event_date - 1 as event_date,\n",
            "not asked for",
        ),
    ],
)
def test_what_the_page_forbids_is_refused(
    folder: Path, tmp_path: Path, old: str, new: str, message: str
) -> None:
    changed = shutil.copytree(folder, tmp_path / "dbt_like_sql")
    file = changed / "models/marts/answers/daily_slow_answers.sql"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    lake = Lake(tmp_path / "lake")
    with lake.engine() as connection, pytest.raises(ProjectError, match=message):
        project = read_project(changed, SOURCE_TABLES)
        build(lake, connection, project, DAYS[:1], ["daily_slow_answers"])
