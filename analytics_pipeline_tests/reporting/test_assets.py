"""The asset daily_report in real Dagster runs."""

import json
from collections.abc import Iterator
from datetime import date

import dagster as dg
import pytest
from bs4 import BeautifulSoup

from analytics_pipeline.metrics.tables import mart_tables, metric_tables
from analytics_pipeline.partitions import daily
from analytics_pipeline.reporting.assets import report_asset
from analytics_pipeline.reporting.document import Cards
from analytics_pipeline.reporting.files import report_files
from analytics_pipeline.reporting.formats.html import as_html
from analytics_pipeline.settings import current_settings
from analytics_pipeline.tables import all_tables
from analytics_pipeline_tests.reporting.report_lake import DAY, DAY_BEFORE, block_of, reports_of
from analytics_pipeline_tests.workspace import Workspace

DAILY_REPORT = report_asset(mart_tables())
KEY = dg.AssetKey("daily_report")


@pytest.fixture
def lake_of_the_sample(sample: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("AICACHE_LAKE", str(sample.lake.root))
    current_settings.cache_clear()
    yield sample
    monkeypatch.undo()
    current_settings.cache_clear()


def metadata_by_date(
    result: dg.ExecuteInProcessResult,
) -> dict[str, dict[str, dg.MetadataValue]]:
    return {
        str(event.partition): dict(event.step_materialization_data.materialization.metadata)
        for event in result.get_asset_materialization_events()
        if event.asset_key == KEY
    }


def test_it_depends_on_every_table_that_it_reads() -> None:
    spec = DAILY_REPORT.specs_by_key[KEY]
    unread = {"event_profiles", "incident_events"}
    intermediate = set(metric_tables()) - set(mart_tables())
    tables = set(all_tables()) - unread - intermediate
    assert {dep.asset_key.to_user_string() for dep in spec.deps} == tables
    assert spec.group_name == "reporting"
    assert spec.kinds == {"html", "matplotlib"}
    assert spec.partitions_def == daily
    assert spec.owners
    assert DAILY_REPORT.backfill_policy == dg.BackfillPolicy.single_run()


def test_a_run_of_one_date_writes_its_reports(lake_of_the_sample: Workspace) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([DAILY_REPORT], instance=instance, partition_key=str(DAY))
    assert result.success
    root = lake_of_the_sample.lake.root
    reports = reports_of(lake_of_the_sample, [DAY])[DAY]
    metadata = {name: value.value for name, value in metadata_by_date(result)[str(DAY)].items()}
    made_from = {}
    for view, report in reports.items():
        files = report_files(root, DAY, view=view)
        document = json.loads(files["json"].read_text())
        made_from[view] = document["inputs"]
        page = BeautifulSoup(files["html"].read_text(), "html.parser")
        expected = BeautifulSoup(as_html(report), "html.parser")
        assert page.find("main") == expected.find("main")
        for kind in ("html", "json", "csv"):
            assert files[kind].exists()
            assert metadata[f"{view} {kind}"] == files[kind].as_uri()
    assert made_from["engineer"]
    files = report_files(root, DAY)
    assert metadata["path"] == str(files["html"])
    assert metadata["report"] == files["html"].as_uri()
    cards: Cards = block_of(reports["engineer"], "headlines")
    for card in cards.cards:
        assert metadata.get(card.name) == card.metric.value
    assert reports["engineer"].status.sentence in str(metadata["status"])
    assert "](data:image/png;base64," in str(metadata["overview"])


def test_a_range_writes_all_its_reports_in_one_run(lake_of_the_sample: Workspace) -> None:
    root = lake_of_the_sample.lake.root
    before = report_files(root, DAY)["html"].read_bytes()
    tags = {
        "dagster/asset_partition_range_start": str(DAY_BEFORE),
        "dagster/asset_partition_range_end": "2026-11-11",
    }
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([DAILY_REPORT], instance=instance, tags=tags)
    found = metadata_by_date(result)
    assert set(found) == {str(DAY_BEFORE), str(DAY), "2026-11-11"}
    assert ["overview" in found[day] for day in sorted(found)] == [False, False, True]
    assert "hit_rate" not in found["2026-11-11"]
    assert report_files(root, DAY)["html"].read_bytes() == before
    empty = json.loads(report_files(root, date(2026, 11, 11))["json"].read_text())
    assert empty["status"]["level"] == "no_data"
