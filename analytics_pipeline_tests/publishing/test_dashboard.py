"""The Grafana dashboard that ships: each of its queries on marts that were really published."""

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.lake.table import Column
from analytics_pipeline.metrics.tables import mart_tables
from analytics_pipeline_tests.publishing.site import Site
from analytics_pipeline_tests.publishing.test_roles import Person, member

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "aicache-dashboard.json"
FIRST = date(2026, 3, 1)
CONTENT: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
PANELS = [panel for panel in CONTENT["panels"] if panel["type"] != "row"]
MACROS = {
    r"\$__timeFilter\((\w+)\)": r"\1 BETWEEN '2026-03-02T00:00:00Z' AND '2026-03-04T09:30:00Z'",
    r"\$__time\((\w+)\)": r'\1 AS "time"',
    r"\$metric\b": "'cpu_usage','memory_usage'",
    r"\$dimension\b": "model",
    r"\$value\b": "'small','large'",
}


def expanded(sql: str, schema: str) -> str:
    """The SQL that Grafana sends for 2 March to half past nine on 4 March."""
    sql = sql.replace("${schema:raw}", schema)
    for macro, text in MACROS.items():
        sql = re.sub(macro, text, sql)
    assert "$" not in sql
    return sql


KEYS: dict[str, list[dict[str, object]]] = {
    "daily_metric_values": [{"metric_name": name} for name in ("cpu_usage", "memory_usage", "x")],
    **{
        name: [
            {"dimension": "model", "value": "small"},
            {"dimension": "model", "value": "large"},
            {"dimension": "team", "value": "blue"},
            {"dimension": "user", "value": "ada"},
        ]
        for name in ("daily_cache_metrics_by_slice", "daily_cost_metrics_by_slice")
    },
}


def sample_value(column: Column, day: int) -> object:
    """A value for each column of a mart, which grows from day to day."""
    if column.type == "BIGINT":
        wholes = ("total_queries", "log_entries")
        return day * (100 if column.name in wholes else 10)
    if column.type in ("DATE", "TIMESTAMP"):
        return FIRST.isoformat()
    if column.type == "VARCHAR":
        return column.accepted[0] if column.accepted else column.name
    return {"DOUBLE": 0.1 * day, "INTEGER": day, "BOOLEAN": True}[column.type]


@pytest.fixture
def published(site: Site) -> Site:
    for table in mart_tables().values():
        for number in range(1, 6):
            row = {c.name: sample_value(c, number) for c in table.columns}
            rows = [row | key for key in KEYS.get(table.name, [{}])]
            site.write(table, FIRST + timedelta(days=number - 1), *rows)
    days = [FIRST + timedelta(days=offset) for offset in range(5)]
    site.publish(*mart_tables().values(), days=days)
    return site


def answer(reader: Person, panel: dict[str, Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
    [target] = panel["targets"]
    with reader.site.session(reader.url) as cursor:
        cursor.execute(expanded(target["rawSql"], reader.site.schema))
        return [column.name for column in cursor.description or ()], cursor.fetchall()


def test_each_panel_shows_what_a_reader_may_see(published: Site) -> None:
    found = {}
    with member(published, "reader") as reader:
        for panel in PANELS:
            names, rows = answer(reader, panel)
            found[panel["title"]] = (names, rows)
            assert rows, panel["title"]
            for values in zip(*rows, strict=True):
                assert None not in values, panel["title"]
            if panel["type"] == "timeseries":
                assert names[0] == "time"
                days = sorted({row[0] for row in rows})
                assert days == [FIRST + timedelta(days=offset) for offset in (1, 2, 3)]
    titles = " ".join(found).lower()
    for wanted in ("hit rate", "queries", "response time", "cost", "active users", "error rate"):
        assert wanted in titles
    # Of 2, 3 and 4 March: 20 + 30 + 40 hits of 200 + 300 + 400 queries.
    assert found["Hit rate"][1] == [(pytest.approx(90 / 900),)]
    assert {row[1] for row in found["Cost by $dimension"][1]} == {"small", "large"}
    assert found["Response time, p95"][1] == [(pytest.approx(0.4),)]
    assert [row[1:] for row in found["Hits and misses"][1]] == [(20, 180), (30, 270), (40, 360)]
    assert {row[1] for row in found["Metrics by name: $metric"][1]} == {"cpu_usage", "memory_usage"}


def test_the_variables_offer_what_is_there(published: Site) -> None:
    variables = {each["name"]: each for each in CONTENT["templating"]["list"]}
    assert variables["DS_AICACHE"]["type"] == "datasource"
    sql = expanded(variables["metric"]["query"], published.schema)
    assert published.ask(sql) == [("cpu_usage",), ("memory_usage",), ("x",)]
    dimensions = expanded(variables["dimension"]["query"], published.schema)
    values = expanded(variables["value"]["query"], published.schema)
    with member(published, "reader") as reader, member(published, "analyst") as analyst:
        assert reader.rows(dimensions) == ["model", "team"]
        assert analyst.rows(dimensions) == ["model", "team", "user"]
        assert reader.rows(values) == ["large", "small"]


def test_the_file_is_one_that_grafana_imports() -> None:
    assert CONTENT["schemaVersion"] >= 41
    assert CONTENT["id"] is None
    ids = [panel["id"] for panel in CONTENT["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in CONTENT["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
        cells = {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not taken & cells, panel["title"]
        taken |= cells
    for panel in PANELS:
        assert panel["datasource"]["uid"] == "${DS_AICACHE}"
        [target] = panel["targets"]
        assert target["datasource"] == panel["datasource"]
        assert target["rawQuery"] is True
        assert panel["description"]
        tables = set(re.findall(r"\$\{schema:raw\}\.(\w+)", target["rawSql"]))
        assert tables
        assert tables <= set(mart_tables())
