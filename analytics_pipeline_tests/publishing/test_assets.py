"""Publishing in Dagster: the two assets, the jobs they are in, and the command line."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr

from analytics_pipeline.definitions import defs
from analytics_pipeline.doctor import examine
from analytics_pipeline.ingestion.updates import UPDATE_JOB, range_tags
from analytics_pipeline.metrics.tables import mart_tables
from analytics_pipeline.publishing.assets import (
    PUBLISH_JOB,
    published_asset,
    publishing_definitions,
    views_asset,
)
from analytics_pipeline.publishing.views import views_file
from analytics_pipeline.schedules import daily_update
from analytics_pipeline.settings import current_settings, read_settings
from analytics_pipeline.tables import all_tables
from analytics_pipeline_tests.alerting.rows import write_day
from analytics_pipeline_tests.end_to_end.test_command_line import command_line, printed_json
from analytics_pipeline_tests.publishing.site import DAYS, QUERIES, USERS, Site


@pytest.fixture
def configured(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The lake and the database are those of this process."""
    assert site.settings.publish_url
    monkeypatch.setenv("AICACHE_LAKE", str(site.lake.root))
    monkeypatch.setenv("AICACHE_PUBLISH_URL", site.settings.publish_url.get_secret_value())
    monkeypatch.setenv("AICACHE_PUBLISH_SCHEMA", site.schema)
    current_settings.cache_clear()
    yield site
    monkeypatch.undo()
    current_settings.cache_clear()


def with_database(url: str | None) -> dg.Definitions:
    """The daily assets and their jobs as a process has them that is configured so."""
    settings = read_settings(publish_url=url)
    others = [each for each in defs.assets or () if not isinstance(each, dg.AssetSpec)]
    return dg.Definitions.merge(
        dg.Definitions(assets=others, jobs=[daily_update(settings)]),
        publishing_definitions(mart_tables(), settings),
    )


def keys_of(job: str, definitions: dg.Definitions) -> set[str]:
    layer = definitions.resolve_job_def(job).asset_layer
    return {key.to_user_string() for key in layer.executable_asset_keys}


def test_it_is_published_only_where_a_database_is_configured() -> None:
    without, configured = with_database(None), with_database("postgresql://u:p@h/d")
    updated = keys_of(UPDATE_JOB, without)
    assert "lake_views" in updated
    assert keys_of(UPDATE_JOB, configured) - updated == {"published_marts"}
    assert keys_of(PUBLISH_JOB, configured) == {"published_marts"}
    # Else it is shown, and left out where everything is materialized.
    graph = without.resolve_asset_graph()
    key = dg.AssetKey("published_marts")
    assert not graph.get(key).is_executable
    assert "publish_url" in graph.get(key).description
    assert configured.resolve_asset_graph().get(key).is_executable


def test_the_assets_follow_all_that_they_show() -> None:
    graph = defs.resolve_asset_graph()
    parents = {
        name: {key.to_user_string() for key in graph.get(dg.AssetKey(name)).parent_keys}
        for name in ("lake_views", "published_marts")
    }
    assert parents["published_marts"] == set(mart_tables())
    assert parents["lake_views"] == set(all_tables()) - {"event_profiles", "incident_events"}


def test_a_range_of_days_is_published_in_one_step(configured: Site) -> None:
    site = configured
    for day in DAYS[:3]:
        site.write(QUERIES, day, {"queries": 1})
    site.write(USERS, DAYS[0], {"user_id": "ada"}, {"user_id": "bob"})
    asset = published_asset({table.name: table for table in (QUERIES, USERS)})
    with dg.DagsterInstance.ephemeral() as instance:
        tags = range_tags(DAYS[0], DAYS[3])
        result = dg.materialize([asset], tags=tags, instance=instance)
        shown = {
            each.partition: {
                name: value.value for name, value in each.metadata.items() if "/" not in name
            }
            for each in result.asset_materializations_for_node("published_marts")
        }
        assert shown == {
            "2026-03-01": {"daily_queries": 1, "daily_users": 2},
            "2026-03-02": {"daily_queries": 1},
            "2026-03-03": {"daily_queries": 1},
            "2026-03-04": {},
        }
        assert site.rows(USERS) == site.rows_of_lake(USERS)

        site.write(QUERIES, DAYS[1], {"queries": 2})
        site.write(USERS, DAYS[1], {"user_id": "eve"})
        config = {"ops": {"published_marts": {"config": {"tables": ["daily_users"]}}}}
        key = DAYS[1].isoformat()
        result = dg.materialize([asset], partition_key=key, run_config=config, instance=instance)
        [materialization] = result.asset_materializations_for_node("published_marts")
        assert materialization.partition == key
        assert [queries for _, queries, _ in site.rows(QUERIES)] == [1, 1, 1]
        assert len(site.rows(USERS)) == 3


def test_without_a_database_the_failure_names_the_setting(
    configured: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AICACHE_PUBLISH_URL")
    current_settings.cache_clear()
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [published_asset(mart_tables())],
            partition_key=DAYS[0].isoformat(),
            instance=instance,
            raise_on_error=False,
        )
    [failure] = result.get_step_failure_events()
    assert "Set AICACHE_PUBLISH_URL=" in failure.step_failure_data.error.cause.message


def test_the_views_are_an_asset_of_each_day(configured: Site) -> None:
    asset = views_asset({QUERIES.name: QUERIES})
    configured.write(QUERIES, DAYS[0], {"queries": 1})
    with dg.DagsterInstance.ephemeral() as instance:
        for anew in (True, False):
            result = dg.materialize([asset], tags=range_tags(*DAYS[:2]), instance=instance)
            found = result.asset_materializations_for_node("lake_views")
            assert [each.partition for each in found] == [day.isoformat() for day in DAYS[:2]]
            assert found[0].metadata["written anew"].value is anew
    assert views_file(configured.lake).exists()


def finding(site: Site, **settings: object) -> tuple[bool, str]:
    configured = site.settings.model_copy(update=settings)
    [found] = [each for each in examine(configured) if each.subject == "publishing"]
    return found.passed, found.message


def test_the_doctor_examines_the_database(configured: Site) -> None:
    site = configured
    write_day(site.lake, DAYS[0])
    assert finding(site, publish_url=None) == (
        True, "no database is configured (setting publish_url)"
    )  # fmt: skip
    passed, message = finding(site)
    assert passed
    assert (
        f"schema {site.schema} of postgres on 127.0.0.1:{site.server.port} lacks 1 day" in message
    )
    site.publish(*mart_tables().values())
    assert "lacks 0 days" in finding(site)[1]
    passed, message = finding(site, publish_url=SecretStr("postgresql://u:pw@127.0.0.1:1/d"))
    assert not passed
    assert "cannot be reached" in message


def test_the_command_line_publishes_and_asks(site: Site, tmp_path: Path) -> None:
    assert site.settings.publish_url
    days = [date(2026, 11, 1), date(2026, 11, 3)]
    for day in days:
        write_day(site.lake, day, hit_rate=0.75)
    environment = {
        "AICACHE_LAKE": str(site.lake.root),
        "AICACHE_PUBLISH_URL": site.settings.publish_url.get_secret_value(),
        "AICACHE_PUBLISH_SCHEMA": site.schema,
    }
    published = printed_json(command_line("publish", "--json", **environment))
    assert published == {
        "from": "2026-11-01",
        "to": "2026-11-03",
        "schema": site.schema,
        "sent": [
            {"mart": "daily_cache_metrics", "days": 2, "rows": 2},
            {"mart": "daily_system_metrics", "days": 2, "rows": 2},
        ],
    }
    cache = mart_tables()["daily_cache_metrics"]
    assert site.rows(cache) == site.rows_of_lake(cache)
    refused = command_line("publish", **environment | {
        "AICACHE_PUBLISH_URL": "postgresql://dagster:geheim@127.0.0.1:1/postgres"
    })  # fmt: skip
    assert refused.returncode == 1
    assert "The Postgres database postgres on 127.0.0.1:1" in refused.stderr
    assert "geheim" not in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr

    asked = command_line(
        "query", "--json", "select hit_rate from daily_cache_metrics", **environment
    )
    assert printed_json(asked) == [{"hit_rate": 0.75}] * 2
