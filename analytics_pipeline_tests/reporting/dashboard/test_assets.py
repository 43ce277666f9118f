"""The dashboard in Dagster and on the command line."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import pytest

from analytics_pipeline.definitions import defs
from analytics_pipeline.forecasting import tables as forecasting
from analytics_pipeline.ingestion.updates import UPDATE_JOB, range_tags
from analytics_pipeline.metrics.tables import current_project, mart_tables
from analytics_pipeline.reporting.dashboard.assets import dashboard_asset
from analytics_pipeline.settings import current_settings
from analytics_pipeline_tests.end_to_end.test_command_line import command_line, printed_json
from analytics_pipeline_tests.reporting.dashboard.site_lake import called, store_rows
from analytics_pipeline_tests.workspace import Workspace

KEY = dg.AssetKey("dashboard")
DAYS = [date(2026, 1, 31), date(2026, 2, 1)]
SLICES = "daily_cache_metrics_by_slice"


@pytest.fixture
def configured(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The lake of this process, with two days and two teams, of which one has a dashboard."""
    for number, day in enumerate(DAYS):
        store_rows(workspace, "daily_cache_metrics", day, [{"total_queries": 7 + number}])
        store_rows(workspace, SLICES, day, [
            {"dimension": "team", "value": name, "total_queries": queries}
            for name, queries in (("data", 3), ("web", 4))
        ])  # fmt: skip
    monkeypatch.setenv("AICACHE_LAKE", str(workspace.lake.root))
    monkeypatch.setenv("AICACHE_REPORTING__TEAMS", '["web"]')
    current_settings.cache_clear()
    yield workspace
    monkeypatch.undo()
    current_settings.cache_clear()


def test_it_follows_the_marts_and_the_forecasts_and_each_update_builds_it() -> None:
    graph = defs.resolve_asset_graph()
    parents = {key.to_user_string() for key in graph.get(KEY).parent_keys}
    # A row of deployment_cache_impact is about a single deployment.
    assert parents == {
        *set(mart_tables()) - {"deployment_cache_impact"},
        *(table.name for table in forecasting.ALL),
    }
    updated = defs.resolve_job_def(UPDATE_JOB).asset_layer.executable_asset_keys
    assert KEY in updated
    assert graph.get(KEY).group_name == "reporting"


def test_a_range_of_days_is_built_in_one_step(configured: Workspace) -> None:
    asset = dashboard_asset(current_project())
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([asset], tags=range_tags(*DAYS), instance=instance)
        found = result.asset_materializations_for_node("dashboard")
        assert [each.partition for each in found] == [day.isoformat() for day in DAYS]
        shown = found[0].metadata
        page = configured.lake.root / "dashboard" / "index.html"
        assert shown["path"].value == str(page)
        assert shown["dashboard"].value == page.as_uri()
        assert shown["months written"].value == ["2026-01", "2026-02"]
        assert shown["bytes"].value > 4_000_000
        [team_page] = shown["teams"].value.values()
        assert team_page.startswith(str(configured.lake.root / "dashboard_teams" / "web-"))

        store_rows(configured, "daily_cache_metrics", DAYS[1], [{"total_queries": 99}])
        key = DAYS[1].isoformat()
        result = dg.materialize([asset], partition_key=key, instance=instance)
        [again] = result.asset_materializations_for_node("dashboard")
        assert again.metadata["months written"].value == ["2026-02"]
        assert again.metadata["files written"].value == 2


def test_the_command_says_where_it_is_and_which_teams_there_are(configured: Workspace) -> None:
    environment = {"AICACHE_LAKE": str(configured.lake.root)}
    printed = command_line("dashboard", **environment)
    assert printed.returncode == 0, printed.stderr
    page = configured.lake.root / "dashboard" / "index.html"
    assert printed.stdout == f"{page}\n"
    assert page.exists()
    told = printed_json(command_line("dashboard", "--team", "data", "--json", **environment))
    assert told["team"] == "data"
    assert told["months_written"] == ["2026-01", "2026-02"]
    _, [catalog] = called(
        configured.lake.root / told["page"].removesuffix("index.html") / "catalog.js"
    )
    assert catalog["team"] == "data"
    refused = command_line("dashboard", "--team", "espresso", **environment)
    assert refused.returncode == 2
    assert "No metric of the lake is about a team espresso. There are: data, web." in refused.stderr
