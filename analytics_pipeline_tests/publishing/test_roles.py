"""What the three roles may see and do, and above all what not, in a real Postgres."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest
from psycopg2 import errors

from analytics_pipeline.lake.table import Column, Table
from analytics_pipeline.publishing.roles import role_names
from analytics_pipeline.settings import PrivacySettings
from analytics_pipeline_tests.publishing.site import (
    DAYS,
    MODELS,
    QUERIES,
    USERS,
    Site,
    with_columns,
)

TEAMS = Table(
    "daily_teams",
    "Queries by team.",
    (
        Column("team", "VARCHAR", "Team.", nullable=False),
        Column("queries", "BIGINT", "Number."),
    ),
    order_by=("team",),
    key=("team",),
)

SLICES = Table(
    "daily_slices",
    "Queries by one thing at a time.",
    (
        Column("dimension", "VARCHAR", "By what.", nullable=False),
        Column("value", "VARCHAR", "Which."),
    ),
    order_by=("dimension", "value"),
    key=("dimension", "value"),
)


@dataclass(frozen=True)
class Person:
    """A user of the database who is a member of one role."""

    site: Site
    name: str

    @property
    def url(self) -> str:
        return self.site.server.url.replace("//dagster:", f"//{self.name}:")

    def may(self, statement: str) -> bool:
        """Whether they may; any error but a refusal is one of the test."""
        with self.site.session(self.url) as cursor:
            try:
                cursor.execute(statement)
            except errors.InsufficientPrivilege:
                return False
        return True

    def rows(self, sql: str) -> list[Any]:
        """The first column of a query's rows."""
        with self.site.session(self.url) as cursor:
            cursor.execute(sql)
            return [value for value, *_ in cursor.fetchall()]

    def reads(self, table: str) -> bool:
        return self.may(f"SELECT * FROM {self.site.schema}.{table}")


@contextmanager
def member(site: Site, part: str) -> Iterator[Person]:
    """A new user of the database who is a member of a role."""
    name = f"{site.schema}_member_{part}"
    role = role_names(site.schema)[part]
    site.do(
        f"CREATE ROLE {name} LOGIN PASSWORD '{site.server.password}' IN ROLE {role}",
    )
    yield Person(site, name)


@pytest.fixture
def published(site: Site) -> Site:
    for table in (QUERIES, USERS):
        site.write(table, DAYS[0], {"queries": 1, "user_id": "ada"})
    site.publish(QUERIES, USERS)
    return site


WRITES = (
    "INSERT INTO daily_queries (event_date) VALUES ('2026-03-01')",
    "UPDATE daily_queries SET queries = 0",
    "DELETE FROM daily_queries",
    "TRUNCATE daily_queries",
    "DROP TABLE daily_queries",
    "ALTER TABLE daily_queries ADD COLUMN x text",
)


def test_a_reader_sees_tables_without_single_persons_and_nothing_else(published: Site) -> None:
    with member(published, "reader") as reader:
        assert reader.reads("daily_queries")
        assert not reader.reads("daily_users")
        assert not reader.may(f"SELECT queries FROM {published.schema}.daily_users")
        assert not reader.may(f"SELECT count(*) FROM {published.schema}.daily_users")
        assert not reader.reads("_published_partitions")
        assert not reader.may(f"SELECT * FROM {published.schema}_partitions.daily_users_2026_03")
        assert not any(reader.may(statement) for statement in WRITES)
        assert not reader.may(f"CREATE TABLE {published.schema}.mine (a int)")
        assert not reader.may(f"CREATE TABLE {published.schema}_partitions.mine (a int)")


def test_an_analyst_reads_all_tables_and_changes_nothing(published: Site) -> None:
    with member(published, "analyst") as analyst:
        assert analyst.reads("daily_queries")
        assert analyst.reads("daily_users")
        assert not analyst.reads("_published_partitions")
        assert not any(analyst.may(statement) for statement in WRITES)
        assert not analyst.may(f"DELETE FROM {published.schema}.daily_users")
        assert not analyst.may(f"CREATE VIEW {published.schema}.mine AS SELECT 1")
        assert not analyst.may(f"CREATE TABLE {published.schema}.mine (a int)")


def test_an_admin_has_all_rights_in_the_schema(published: Site) -> None:
    with member(published, "admin") as admin:
        for table in ("daily_queries", "daily_users", "_published_partitions"):
            assert admin.reads(table)
            assert admin.may(f"DELETE FROM {published.schema}.{table} WHERE false")
        assert admin.may(f"CREATE TABLE {published.schema}.mine (a int)")
        # A record taken away is a day that is sent again.
        assert published.publish(QUERIES, USERS).sent["daily_queries"] == {}
        assert admin.may(f"DELETE FROM {published.schema}._published_partitions")
        assert published.publish(QUERIES, USERS).sent["daily_queries"] == {DAYS[0]: 1}
        assert published.rows(QUERIES) == published.rows_of_lake(QUERIES)


def test_nobody_else_sees_anything(published: Site) -> None:
    published.do(f"CREATE ROLE {published.schema}_stranger LOGIN "
                 f"PASSWORD '{published.server.password}'")  # fmt: skip
    stranger = Person(published, f"{published.schema}_stranger")
    assert not any(stranger.reads(table) for table in ("daily_queries", "daily_users"))


def test_rights_follow_tables_that_come_later_and_columns_that_tell_people_apart(
    published: Site,
) -> None:
    with member(published, "reader") as reader, member(published, "analyst") as analyst:
        published.write(MODELS, DAYS[0], {"model": "small"})
        published.publish(QUERIES, USERS, MODELS)
        assert (reader.reads("daily_models"), analyst.reads("daily_models")) == (True, True)

        of_users = with_columns(MODELS, [Column("User_Email", "VARCHAR", "Who.")])
        # It is told by the column alone: no day of it is sent.
        published.publish(QUERIES, USERS, of_users, days=[])
        assert (reader.reads("daily_models"), analyst.reads("daily_models")) == (False, True)
        # What was published stands in the table, though it is declared no longer.
        published.publish(QUERIES, USERS, MODELS)
        assert not reader.reads("daily_models")
        published.publish(QUERIES, USERS)
        assert not reader.reads("daily_models")

        published.do("DROP TABLE daily_models")
        published.publish(QUERIES, USERS, MODELS)
        assert reader.reads("daily_models")


def test_a_field_that_privacy_hashes_tells_people_apart(site: Site) -> None:
    site.write(TEAMS, DAYS[0], {"team": "blue"})
    site.publish(TEAMS)
    with member(site, "reader") as reader:
        assert reader.reads("daily_teams")
        privacy = PrivacySettings(fields={"team": "hash"})
        site.publish(TEAMS, days=[], privacy=privacy)
        assert not reader.reads("daily_teams")


def test_rows_of_persons_are_for_analysts_and_admins(site: Site) -> None:
    rows = [("model", "small"), ("team", "blue"), ("user", "ada"), ("User_Mail", "a@b")]
    site.write(SLICES, DAYS[0], *({"dimension": name, "value": value} for name, value in rows))
    site.publish(SLICES)
    asked = f"SELECT dimension FROM {site.schema}.daily_slices ORDER BY 1"
    everything = sorted(name for name, _ in rows)
    stranger = f"{site.schema}_stranger"
    site.do(
        f"CREATE ROLE {stranger} LOGIN PASSWORD '{site.server.password}'",
        f"GRANT USAGE ON SCHEMA {site.schema} TO {stranger}",
        f"GRANT SELECT ON {site.schema}.daily_slices TO {stranger}",
    )
    with (
        member(site, "reader") as reader,
        member(site, "analyst") as analyst,
        member(site, "admin") as admin,
    ):
        assert reader.rows(asked) == ["model", "team"]
        assert Person(site, stranger).rows(asked) == ["model", "team"]
        assert sorted(analyst.rows(asked)) == sorted(admin.rows(asked)) == everything
        assert admin.may(f"INSERT INTO {site.schema}.daily_slices VALUES ('2026-03-01', 'user')")

        # A slice that is personal by configuration; and the next day is protected like the first.
        site.write(SLICES, DAYS[1], {"dimension": "user", "value": "bob"})
        site.publish(SLICES, privacy=PrivacySettings(fields={"team": "hash"}))
        assert reader.rows(asked) == ["model"]
        site.publish(SLICES)
        assert reader.rows(asked) == ["model", "team"]
    assert site.ask("SELECT count(*) FROM pg_policies WHERE schemaname = %s", site.schema) == [(1,)]


def test_who_may_make_no_roles_publishes_and_serves_those_that_an_administrator_made(
    site: Site,
) -> None:
    publisher = f"{site.schema}_publisher"
    site.do(
        f"CREATE ROLE {publisher} LOGIN PASSWORD '{site.server.password}'",
        f"CREATE SCHEMA {site.schema} AUTHORIZATION {publisher}",
        f"CREATE SCHEMA {site.schema}_partitions AUTHORIZATION {publisher}",
    )
    url = site.server.url.replace("//dagster:", f"//{publisher}:")
    secret = type(site.settings.publish_url)(url)
    site.write(QUERIES, DAYS[0], {"queries": 1})
    site.publish(QUERIES, publish_url=secret)
    assert site.rows(QUERIES) == site.rows_of_lake(QUERIES)
    names = role_names(site.schema).values()
    assert site.ask("SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)", list(names)) == [(0,)]

    site.do(*(f"CREATE ROLE {name} NOLOGIN" for name in names))
    site.publish(QUERIES, publish_url=secret)
    with member(site, "reader") as reader:
        assert reader.reads("daily_queries")
        assert not reader.reads("_published_partitions")
        assert not any(reader.may(statement) for statement in WRITES)


def test_the_roles_cannot_log_in(published: Site) -> None:
    for name in role_names(published.schema).values():
        url = published.server.url.replace("//dagster:", f"//{name}:")
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(url)
