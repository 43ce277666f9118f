"""The catalog of metrics: what it holds, how its document reads, and what the UI shows of it."""

from pathlib import Path

import dagster as dg
import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from analytics_pipeline.documentation.metrics import metrics_document
from analytics_pipeline.metrics.assets import metric_assets
from analytics_pipeline.metrics.catalog import metric_catalog
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES
from analytics_pipeline_tests.metrics.catalog_marts import add_catalog_marts

OWNER = "team:everyone"
COST_YAML = "dbt_like_sql/models/marts/cost/cost.yml"


@pytest.fixture
def catalog_project(folder: Path) -> Project:
    return read_project(add_catalog_marts(folder), SOURCE_TABLES)


def test_a_column_with_a_formula_is_a_metric_with_all_that_is_said_of_it(
    catalog_project: Project,
) -> None:
    catalog = {metric.id: metric for metric in metric_catalog(catalog_project, OWNER)}
    assert catalog["daily_cost.cost"].as_record() == {
        "id": "daily_cost.cost",
        "name": "cost",
        "model": "daily_cost",
        "model_description": "What the calls of each event date cost.",
        "subject": "cost",
        "description": "Sum of cost over cache_query events; null without any.",
        "formula": "sum(cost)",
        "unit": "USD",
        "type": "DOUBLE",
        "grain": ["event_date"],
        "slices": [],
        "owner": "team:finance",
        "good_direction": "lower",
        "thresholds": {"below": 0, "above": 12.5},
        "over_days": "median",
        "file": str(catalog_project.folder / "models/marts/cost/daily_cost.sql"),
        "declared_at": f"{COST_YAML}:7",
    }
    assert catalog["daily_cost.cost"].thresholds_text == "below 0 or above 12.5"


def test_metrics_come_by_subject_and_mart_each_with_its_grain_and_slices(
    catalog_project: Project,
) -> None:
    catalog = metric_catalog(catalog_project, OWNER)
    assert [(m.subject, m.id, m.grain, m.slices, m.owner) for m in catalog] == [
        ("cost", "daily_cost.cost", ("event_date",), (), "team:finance"),
        ("cost", "daily_cost.hit_rate", ("event_date",), (), "team:finance"),
        ("cost", "daily_cost_by_slice.cost", ("event_date", "dimension", "value", "plan"),
         ("model", "team", "plan"), OWNER),
        ("latency", "daily_latency.p95", ("event_date", "model"), ("model",), OWNER),
        ("marts", "daily_loose.things", (), (), OWNER),
    ]  # fmt: skip


def test_the_document_has_a_row_and_an_anchor_for_every_metric(catalog_project: Project) -> None:
    page = MarkdownIt("gfm-like", {"linkify": False}).render(metrics_document(catalog_project))
    soup = BeautifulSoup(page, "html.parser")
    rows = {
        row.find("a", id=True)["id"]: [cell.get_text() for cell in row.find_all("td")]
        for row in soup.find_all("tr")
        if row.find("a", id=True)
    }
    catalog = metric_catalog(catalog_project, OWNER)
    assert list(rows) == [metric.id for metric in catalog]
    assert rows["daily_cost.hit_rate"] == [
        "hit_rate", "hits | queries", "share", "higher", "", "Share of the | queries that hit.",
    ]  # fmt: skip
    headings = [heading.get_text() for heading in soup.find_all(["h2", "h3"])]
    assert headings == [
        "cost", "daily_cost", "daily_cost_by_slice", "latency", "daily_latency",
        "marts", "daily_loose",
    ]  # fmt: skip
    inside = {link["href"][1:] for link in soup.find_all("a", href=True) if link["href"][0] == "#"}
    assert inside == {*rows, *(metric.model for metric in catalog)}
    links = {link["href"] for link in soup.find_all("a", href=True)}
    for metric in catalog:
        assert {f"../{metric.shown}", f"../{metric.declared_at.path}"} <= links


def test_a_project_without_metrics_has_a_document(small_project: Project) -> None:
    assert metrics_document(small_project).endswith("\n\nNone is declared yet.\n")


def test_the_asset_of_a_mart_shows_the_definitions_of_its_metrics(catalog_project: Project) -> None:
    specs = metric_assets(catalog_project).specs_by_key
    cost = specs[dg.AssetKey("daily_cost")].metadata
    assert [record.data for record in cost["metrics"].records] == [
        {"name": "cost", "formula": "sum(cost)", "unit": "USD", "good direction": "lower",
         "thresholds": "below 0 or above 12.5"},
        {"name": "hit_rate", "formula": "hits | queries", "unit": "share",
         "good direction": "higher", "thresholds": ""},
    ]  # fmt: skip
    columns = {column.name: column for column in cost["dagster/column_schema"].columns}
    assert columns["cost"].description == (
        "Sum of cost over cache_query events; null without any.\n\nFormula: sum(cost)"
    )
    assert columns["cost"].constraints.other == ["in USD"]
    assert columns["cost"].tags == {
        "metric": "", "good": "lower", "thresholds": "below 0 or above 12.5",
    }  # fmt: skip
    assert columns["currency"].tags == {}


def test_an_asset_links_to_its_files_and_to_the_catalog_beside_the_folder(
    catalog_project: Project,
) -> None:
    def shown(mart: str) -> dict[str, str]:
        metadata = metric_assets(catalog_project).specs_by_key[dg.AssetKey(mart)].metadata
        references = metadata["dagster/code_references"].code_references
        return {reference.label: reference.source for reference in references}

    beside = catalog_project.folder.parent
    files = {
        "SQL": str(catalog_project.folder / "models/marts/cost/daily_cost.sql"),
        "YAML": f"{beside / COST_YAML}:6",
    }
    assert shown("daily_cost") == files
    (beside / "docs").mkdir()
    (beside / "docs/metrics.md").write_text(metrics_document(catalog_project))
    assert shown("daily_cost") == {**files, "metric catalog": str(beside / "docs/metrics.md")}
    assert set(shown("daily_cache_metrics")) == {"SQL", "YAML"}, "it has no metric in the catalog"
