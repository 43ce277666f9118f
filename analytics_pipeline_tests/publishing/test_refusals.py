"""What is said when Postgres cannot be published to: one line for people, without the password."""

import pytest
from pydantic import SecretStr

from analytics_pipeline.publishing.database import PublishError
from analytics_pipeline.settings import SettingsError, read_settings
from analytics_pipeline_tests.postgres_server import free_port
from analytics_pipeline_tests.publishing.site import DAYS, QUERIES, Site

PASSWORD = "geheim0815"


def refusal(site: Site, url: str | None) -> str:
    with pytest.raises(PublishError) as raised:
        site.publish(QUERIES, publish_url=None if url is None else SecretStr(url))
    message = str(raised.value)
    assert "\n" not in message
    assert PASSWORD not in message
    assert site.server.password not in message
    return message


def test_no_url(site: Site) -> None:
    assert "Set AICACHE_PUBLISH_URL=postgresql://" in refusal(site, None)


def test_nobody_there(site: Site) -> None:
    port = free_port()
    said = refusal(site, f"postgresql://dagster:{PASSWORD}@127.0.0.1:{port}/postgres")
    assert f"The Postgres database postgres on 127.0.0.1:{port} cannot be reached" in said
    assert "publish_url" in said


def test_wrong_password_or_database(site: Site) -> None:
    server = site.server
    place = f"{server.host}:{server.port}"
    said = refusal(site, f"postgresql://dagster:{PASSWORD}@{place}/postgres")
    assert "password authentication failed" in said
    said = refusal(site, server.url.replace("/postgres", "/nowhere"))
    assert 'database "nowhere" does not exist' in said


def test_a_url_that_cannot_be_read(site: Site) -> None:
    said = refusal(site, f"postgresql://dagster:{PASSWORD}%zz@127.0.0.1/postgres")
    assert "publish_url cannot be read" in said


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://u:{PASSWORD}@h/d",
        f"postgresql//u:{PASSWORD}@h/d",
        f"postgresql://u:{PASSWORD}@{PASSWORD}@h/d",
        f"postgresql://u:/{PASSWORD}@h/d",
    ],
)
def test_a_wrong_url_is_refused_when_the_process_starts(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings(publish_url=url)
    assert "publish_url: " in str(raised.value)
    assert PASSWORD not in str(raised.value)


def test_a_misspelt_setting_does_not_show_the_password() -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings(publish_ulr=f"postgresql://u:{PASSWORD}@h/d")
    assert PASSWORD not in str(raised.value)


def test_a_user_without_rights(site: Site) -> None:
    name = f"{site.schema}_visitor"
    site.do(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    server = site.server
    url = f"postgresql://{name}:{PASSWORD}@{server.host}:{server.port}/postgres"
    said = refusal(site, url)
    assert "permission denied for database postgres" in said
    assert "docs/publishing.md lists what it needs" in said


def test_a_full_disk_and_a_broken_connection(site: Site) -> None:
    """The server raises them itself, as it does when its disk is full."""
    site.write(QUERIES, DAYS[0], {"queries": 1})
    site.publish(QUERIES)
    before = site.rows(QUERIES)
    site.write(QUERIES, DAYS[0], {"queries": 2})
    site.do(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "USING ERRCODE = '53100', MESSAGE = 'could not extend file: No space left on device'; "
        "END $$",
        "CREATE TRIGGER fail BEFORE INSERT ON daily_queries FOR EACH ROW EXECUTE FUNCTION fail()",
    )
    said = refusal(site, site.server.url)
    assert "No space left on device" in said
    assert "Free some space on the Postgres server" in said
    site.do(
        "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$"
    )
    assert "broke the connection off" in refusal(site, site.server.url)
    assert site.rows(QUERIES) == before
    site.do("DROP TRIGGER fail ON daily_queries")
    site.publish(QUERIES)
    assert site.rows(QUERIES) == site.rows_of_lake(QUERIES)


def test_a_database_that_only_reads(site: Site) -> None:
    said = refusal(site, f"{site.server.url}?options=-c%20default_transaction_read_only%3Don")
    assert "read-only transaction" in said
    assert "Name the primary server" in said
