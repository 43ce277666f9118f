"""What stands in the files of a dashboard: the marts, and nothing that tells persons apart."""

from pathlib import Path

import pandas as pd
import pytest

from analytics_pipeline.metrics.tables import current_project
from analytics_pipeline.reporting.dashboard.selection import site_tables
from analytics_pipeline.reporting.dashboard.site import build_dashboard
from analytics_pipeline_tests.reporting.dashboard.site_lake import (
    TEAM,
    build,
    called,
    files_of,
    shown_rows,
    stored_rows,
)
from analytics_pipeline_tests.workspace import Workspace

PER_USER = {
    "daily_engagement_metrics": [
        "interactions_per_user", "queries_per_user", "sessions_per_user",
    ],
    "daily_cost_metrics": ["cost_per_active_user"],
}  # fmt: skip


def compared(frame: pd.DataFrame, columns: list[str]) -> list[list[object]]:
    """Rows as plain values, in an order of their own."""
    rows = [
        [
            None if pd.isna(value)
            else value.isoformat() if hasattr(value, "isoformat")
            else value
            for value in row
        ]
        for row in frame[columns].itertuples(index=False)
    ]  # fmt: skip
    return sorted(rows, key=str)


def test_every_number_of_every_table_is_that_of_the_lake(generated: Workspace, site: Path) -> None:
    tables = site_tables(current_project(), generated.settings, None)
    names = {table.name for table in tables}
    assert names >= {"daily_cache_metrics", "daily_cost_metrics_by_slice", "demand_forecast"}
    for table in tables:
        shown, stored = shown_rows(site, table.name), stored_rows(generated, table.name)
        if "dimension" in stored:
            stored = stored[stored.dimension != "user"]
        columns = [name for name in shown if name not in PER_USER.get(table.name, [])]
        assert compared(shown, columns) == compared(stored, columns), table.name


def test_nothing_in_it_is_about_a_user(generated: Workspace, site: Path) -> None:
    costs = stored_rows(generated, "daily_cost_metrics_by_slice")
    users = set(costs[costs.dimension == "user"].value) - {"(none)"}
    assert len(users) > 5
    assert "user" not in set(shown_rows(site, "daily_cost_metrics_by_slice").dimension)
    text = "".join(file.read_text() for file in site.rglob("data/**/*.js"))
    assert not [user for user in users if f'"{user}"' in text]
    assert "deployment_cache_impact" not in {file.name for file in (site / "data").iterdir()}


@pytest.mark.parametrize("smallest", [1, 5, 1000])
def test_figures_per_user_of_a_small_group_are_left_out(
    generated: Workspace, tmp_path: Path, smallest: int
) -> None:
    reporting = generated.settings.reporting.model_copy(update={"min_group_size": smallest})
    settings = generated.settings.model_copy(update={"reporting": reporting})
    folder = tmp_path / "site"
    build_dashboard(generated.lake, folder, current_project(), settings)
    users = stored_rows(generated, "daily_engagement_metrics").set_index("event_date").active_users
    for table, columns in PER_USER.items():
        shown = shown_rows(folder, table).set_index("event_date")
        stored = stored_rows(generated, table).set_index("event_date")
        for column in columns:
            expected = stored[column].where(users >= smallest)
            assert shown[column].astype(float).equals(expected.astype(float)), column


def test_the_dashboard_of_a_team_has_its_own_rows_only(
    generated: Workspace, team_site: Path
) -> None:
    folders = {folder.name for folder in (team_site / "data").iterdir()}
    assert folders == {
        "daily_cache_metrics_by_slice", "daily_cost_metrics_by_slice",
        "daily_engagement_metrics_by_slice",
    }  # fmt: skip
    for name in folders:
        stored = stored_rows(generated, name)
        stored = stored[(stored.dimension == "team") & (stored.value == TEAM)]
        shown = shown_rows(team_site, name)
        assert len(shown) > 10
        assert not {"dimension", "value", "cost_share"} & set(shown)
        assert compared(shown, list(shown)) == compared(stored, list(shown))
    values = stored_rows(generated, "daily_cache_metrics_by_slice").value
    own = [team_site / "catalog.js", *team_site.rglob("data/*/*.js")]
    text = "".join(file.read_text() for file in own)
    others = set(values) - {TEAM, "(none)"}
    assert others
    assert not [other for other in others if f'"{other}"' in text]


def test_the_name_of_a_team_cannot_lead_out_of_its_folder(generated: Workspace) -> None:
    root = generated.lake.root / "dashboard_teams"
    folders = set()
    for name in ("../../outside", "..", "", "a/b", "A/B", "Straße " * 40, "a b", "a  b"):
        page = build(generated, name).page
        assert page.parent.parent == root
        assert page.resolve().is_relative_to(root.resolve())
        folders.add(page.parent)
    assert len(folders) == 8


def test_the_index_names_what_is_there(generated: Workspace, site: Path) -> None:
    call, [index] = called(site / "index.js")
    assert call == "setIndex"
    cache = stored_rows(generated, "daily_cache_metrics").event_date
    assert (index["first"], index["last"]) == (cache.min(), cache.max())
    files = {file.relative_to(site / "data").as_posix() for file in site.rglob("data/*/*.js")}
    named = {f"{table}/{month}.js" for table, months in index["months"].items() for month in months}
    assert named == files


def test_the_catalog_tells_what_each_metric_is(site: Path, team_site: Path) -> None:
    call, [catalog] = called(site / "catalog.js")
    assert call == "setCatalog"
    metrics = {metric["id"]: metric for metric in catalog["metrics"]}
    rate = metrics["daily_cache_metrics.hit_rate"]
    assert rate["formula"] == "cache_hits / total_queries"
    assert rate["over"] == {"kind": "formula", "postfix": ["cache_hits", "total_queries", "/"]}
    assert {slice_["dimension"] for slice_ in rate["slices"]} == {
        "model", "language", "framework", "team", "match_type", "hour",
    }  # fmt: skip
    errors = metrics["daily_system_metrics.error_log_entries"]["slices"]
    assert errors == [
        {"table": "daily_log_metrics", "column": "error_log_entries", "dimension": "component"}
    ]
    costs = metrics["daily_cost_metrics.total_cost"]["slices"]
    assert "user" not in {slice_["dimension"] for slice_ in costs}
    assert set(catalog["headlines"]) <= set(metrics)
    assert len(catalog["headlines"]) == 20
    _, [of_team] = called(team_site / "catalog.js")
    assert of_team["team"] == TEAM
    assert "daily_cache_metrics_by_slice.hit_rate" in of_team["headlines"]
    assert not any(metric["slices"] for metric in of_team["metrics"])


def test_equal_input_gives_equal_bytes_wherever_it_is_built(
    generated: Workspace, site: Path, tmp_path: Path
) -> None:
    build_dashboard(generated.lake, tmp_path / "again", current_project(), generated.settings)
    assert files_of(tmp_path / "again") == files_of(site)
    text = b"".join(content for name, content in files_of(site).items() if "plotly" not in name)
    assert str(generated.lake.root).encode() not in text
