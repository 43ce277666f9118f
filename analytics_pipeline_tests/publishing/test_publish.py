"""Days of the lake in a real Postgres: what is sent, how tables are made, and how they change."""

import math
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_pipeline.lake.table import Column, Table
from analytics_pipeline.publishing.database import PublishError, open_database
from analytics_pipeline.publishing.publish import days_awaiting
from analytics_pipeline_tests.publishing.site import (
    DAYS,
    MODELS,
    QUERIES,
    USERS,
    Site,
    with_columns,
    without,
)

EVERY_TYPE = Table(
    "every_type",
    "A column of each type.",
    (
        Column("a_text", "VARCHAR", "Text."),
        Column("a_big", "BIGINT", "Number."),
        Column("a_small", "INTEGER", "Number."),
        Column("a_double", "DOUBLE", "Number."),
        Column("a_truth", "BOOLEAN", "Truth."),
        Column("a_day", "DATE", "Day."),
        Column("a_time", "TIMESTAMP", "Time."),
    ),
    order_by=(),
)
PANDAS_TYPES = {
    "a_text": "string", "a_big": "Int64", "a_small": "Int32", "a_double": "Float64",
    "a_truth": "boolean", "a_day": "datetime64[s]", "a_time": "datetime64[us]",
}  # fmt: skip
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["", " ", "null", "\\N", '"', "a,b", "two\nlines", "\r", "\\.", "nul\x00", "Zoë 𝄞"]
)
every_value = st.fixed_dictionaries(
    {
        "a_text": st.none() | texts,
        "a_big": st.none() | st.integers(-(2**63), 2**63 - 1),
        "a_small": st.none() | st.integers(-(2**31), 2**31 - 1),
        "a_double": st.none() | st.floats(allow_nan=False),
        "a_truth": st.none() | st.booleans(),
        "a_day": st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31)),
        "a_time": st.none() | st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),  # noqa: DTZ001
    }
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(days=st.lists(st.lists(every_value, max_size=4), min_size=1, max_size=3))
def test_every_value_arrives_as_it_is(site: Site, days: list[list[dict[str, Any]]]) -> None:
    expected = []
    with site.lake.engine() as connection:
        for day, rows in zip(DAYS, days, strict=False):
            values = {name: [row[name] for row in rows] for name in PANDAS_TYPES}
            frame = pd.DataFrame(
                {name: pd.array(values[name], dtype=type_) for name, type_ in PANDAS_TYPES.items()}
            )
            connection.register("rows_of_day", frame)
            site.lake.replace(connection, EVERY_TYPE, day, "FROM rows_of_day")
            expected += [(day, *(row[name] for name in PANDAS_TYPES)) for row in rows]
    site.publish(EVERY_TYPE, days=DAYS[: len(days)])
    given_days = tuple(DAYS[: len(days)])
    published = site.ask(
        f"SELECT * FROM {EVERY_TYPE.name} WHERE event_date IN %s ORDER BY event_date", given_days
    )
    stored = [
        (day, text.replace("\x00", "\ufffd") if text else text, *others)
        for day, text, *others in expected
    ]
    assert sorted(published, key=repr) == sorted(map(tuple, stored), key=repr)


def test_infinity_and_not_a_number_arrive(site: Site) -> None:
    with site.lake.engine() as connection:
        site.lake.replace(
            connection, QUERIES, DAYS[0],
            "SELECT 1 AS queries, unnest(['nan', 'inf', '-inf']::DOUBLE[]) AS hit_rate",
        )  # fmt: skip
    site.publish(QUERIES)
    found = {str(rate) for _, _, rate in site.rows(QUERIES)}
    assert found == {str(math.nan), str(math.inf), str(-math.inf)}


def test_only_days_that_changed_are_sent(site: Site) -> None:
    for day in DAYS[:3]:
        site.write(QUERIES, day, {"queries": 1, "hit_rate": 0.5})
        site.write(USERS, day, {"user_id": "ada", "queries": 1}, {"user_id": "bob"})
    first = site.publish(QUERIES, USERS)
    assert first.sent == {
        "daily_queries": dict.fromkeys(DAYS[:3], 1),
        "daily_users": dict.fromkeys(DAYS[:3], 2),
    }
    written = dict(site.ask("SELECT event_date, xmin::text FROM daily_queries"))

    site.write(QUERIES, DAYS[1], {"queries": 2, "hit_rate": 0.25})
    # Built again with the same rows.
    site.write(QUERIES, DAYS[2], {"queries": 1, "hit_rate": 0.5})
    second = site.publish(QUERIES, USERS)
    assert second.sent == {"daily_queries": {DAYS[1]: 1}, "daily_users": {}}
    assert second.unchanged == {"daily_queries": 2, "daily_users": 3}
    rewritten = dict(site.ask("SELECT event_date, xmin::text FROM daily_queries"))
    assert {day for day in DAYS[:3] if written[day] != rewritten[day]} == {DAYS[1]}
    assert site.rows(QUERIES) == site.rows_of_lake(QUERIES)
    assert site.rows(USERS) == site.rows_of_lake(USERS)


def test_exactly_the_chosen_days_and_tables_are_replaced(site: Site) -> None:
    for day in DAYS:
        site.write(QUERIES, day, {"queries": 1})
        site.write(MODELS, day, {"model": "small"})
    site.publish(QUERIES, MODELS)
    for day in DAYS:
        site.write(QUERIES, day, {"queries": 2})
        site.write(MODELS, day)
    site.publish(QUERIES, MODELS, days=DAYS[1:3], wanted=["daily_queries"])
    assert [queries for _, queries, _ in site.rows(QUERIES)] == [1, 2, 2, 1]
    assert len(site.rows(MODELS)) == 4
    # A day that became empty; one of which the lake has nothing any more stays.
    site.lake.partition_file(MODELS, DAYS[0]).unlink()
    site.publish(QUERIES, MODELS)
    assert site.rows(MODELS) == [(DAYS[0], "small", None)]
    assert site.records() == [
        *((MODELS.name, day, int(day == DAYS[0])) for day in DAYS),
        *((QUERIES.name, day, 1) for day in DAYS),
    ]


def test_a_table_has_key_index_comments_and_months(site: Site) -> None:
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31)]
    for day in days:
        site.write(QUERIES, day, {"queries": 1})
        site.write(USERS, day, {"user_id": "ada"})
        site.write(MODELS, day, {"model": None}, {"model": "small"})
    site.publish(QUERIES, USERS, MODELS, days=days)
    indexes = dict(
        site.ask("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = %s", site.schema)
    )
    assert "USING btree (event_date)" in indexes["daily_queries"]
    assert indexes["daily_users"].startswith("CREATE UNIQUE INDEX")
    assert "USING btree (event_date, user_id)" in indexes["daily_users"]
    assert "(event_date, model) NULLS NOT DISTINCT" in indexes["daily_models"]
    assert site.ask(
        "SELECT conrelid::regclass::text FROM pg_constraint c JOIN pg_namespace n "
        "ON n.oid = c.connamespace WHERE nspname = %s AND contype = 'p' ORDER BY 1",
        site.schema,
    ) == [("_published_partitions",), ("daily_users",)]
    months = site.ask(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename LIKE 'daily_q%%' "
        "ORDER BY 1",
        f"{site.schema}_partitions",
    )
    assert months == [("daily_queries_2025_12",), ("daily_queries_2026_01",)]
    [(table, column)] = site.ask(
        "SELECT obj_description('daily_queries'::regclass), col_description("
        "'daily_queries'::regclass, 2)"
    )
    assert (table, column) == ("Queries of each day.", "Number of queries. Unit: queries.")
    listed = site.ask(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s "
        "AND table_name = 'daily_queries' ORDER BY ordinal_position",
        site.schema,
    )
    assert [name for (name,) in listed] == ["event_date", "queries", "hit_rate"]


def test_a_new_column_is_added_and_a_lost_one_stays(site: Site) -> None:
    before = without(QUERIES, "hit_rate")
    site.write(before, DAYS[0], {"queries": 1})
    site.publish(before)
    site.write(QUERIES, DAYS[1], {"queries": 2, "hit_rate": 0.5})
    redescribed = replace(QUERIES, description="Queries, told anew.")
    site.publish(redescribed)
    assert site.rows(QUERIES) == [(DAYS[0], 1, None), (DAYS[1], 2, 0.5)]
    assert site.ask("SELECT obj_description('daily_queries'::regclass)") == [
        ("Queries, told anew.",)
    ]
    site.write(before, DAYS[1], {"queries": 3})
    site.publish(before)
    assert site.rows(QUERIES) == [(DAYS[0], 1, None), (DAYS[1], 3, None)]
    # A column that the lake had before the declaration that is published.
    site.write(QUERIES, DAYS[2], {"queries": 4, "hit_rate": 0.5})
    site.publish(before)
    assert site.publish(QUERIES).sent == {"daily_queries": {DAYS[2]: 1}}
    assert site.rows(QUERIES)[2:] == [(DAYS[2], 4, 0.5)]


RETYPED = replace(
    QUERIES, columns=(replace(QUERIES.columns[0], type="VARCHAR"), *QUERIES.columns[1:])
)
REKEYED = replace(MODELS, key=())


@pytest.mark.parametrize(
    ("before", "after"), [(QUERIES, RETYPED), (RETYPED, QUERIES), (MODELS, REKEYED),
                          (REKEYED, MODELS)]
)  # fmt: skip
def test_a_table_of_other_types_or_key_is_made_anew_with_all_its_days(
    site: Site, before: Table, after: Table
) -> None:
    for day in DAYS[:3]:
        site.write(before, day, {"queries": "1"})
    site.publish(before)
    # Only this day is built anew and published: the partitions of the others have the former type.
    site.write(after, DAYS[2], {"queries": "7"})
    publication = site.publish(after, days=DAYS[2:3])
    assert set(publication.sent[after.name]) == set(DAYS[:3])
    assert site.rows(after) == site.rows_of_lake(after)
    assert len(site.rows(after)) == 3
    assert site.publish(after).sent == {after.name: {}}


def test_a_table_is_not_made_anew_where_that_would_lose_days(site: Site) -> None:
    for day in DAYS[:2]:
        site.write(QUERIES, day, {"queries": "1"})
    site.publish(QUERIES)
    before = site.rows(QUERIES)
    site.lake.partition_file(QUERIES, DAYS[0]).unlink()
    with pytest.raises(PublishError, match=r"the lake lacks 1 of its days, such as 2026-03-01"):
        site.publish(RETYPED)
    assert site.rows(QUERIES) == before


def test_what_depends_on_a_table_to_be_made_anew_is_named(site: Site) -> None:
    site.write(QUERIES, DAYS[0], {"queries": "1"})
    site.publish(QUERIES)
    site.do("CREATE VIEW doubled AS SELECT 2 * queries AS queries FROM daily_queries")
    with pytest.raises(PublishError, match=r"other objects depend on it.*Drop what depends"):
        site.publish(RETYPED)
    assert site.ask("SELECT queries FROM doubled") == [(2,)]


def test_a_table_that_was_dropped_is_made_anew_with_all_its_days(site: Site) -> None:
    for day in DAYS:
        site.write(QUERIES, day, {"queries": 1})
        site.write(MODELS, day, {"model": "small"})
    site.publish(QUERIES, MODELS)
    site.do("DROP TABLE daily_queries")
    publication = site.publish(QUERIES, MODELS, days=DAYS[:1])
    assert set(publication.sent["daily_queries"]) == set(DAYS)
    assert publication.sent["daily_models"] == {}
    assert site.rows(QUERIES) == site.rows_of_lake(QUERIES)


def test_the_days_that_await_publication_are_known(site: Site) -> None:
    def awaiting(*tables: Table) -> dict[str, list[date]]:
        marts = {table.name: table for table in tables}
        with open_database(site.settings) as connection:
            return days_awaiting(site.lake, connection, site.schema, marts)

    for day in DAYS[:3]:
        site.write(QUERIES, day, {"queries": "1"})
    assert awaiting(QUERIES, MODELS) == {"daily_queries": DAYS[:3], "daily_models": []}
    site.publish(QUERIES, days=DAYS[:2])
    assert awaiting(QUERIES) == {"daily_queries": DAYS[2:3]}
    site.publish(QUERIES)
    site.write(QUERIES, DAYS[1], {"queries": "2"})
    assert awaiting(QUERIES) == {"daily_queries": DAYS[1:2]}
    # What a publication would make anew.
    assert awaiting(RETYPED) == {"daily_queries": DAYS[:3]}
    site.do("DROP TABLE daily_queries")
    assert awaiting(QUERIES) == {"daily_queries": DAYS[:3]}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (with_columns(QUERIES, [Column("x", "HUGEINT", "")]), "Column x of daily_queries has the"),
        (replace(QUERIES, name="q" * 64), "is longer than the 63 bytes"),
    ],
)
def test_what_postgres_has_no_place_for_is_named(site: Site, table: Table, said: str) -> None:
    with pytest.raises(PublishError, match=said):
        site.publish(table)


def test_values_that_are_not_of_the_declared_type_are_named(site: Site) -> None:
    site.write(RETYPED, DAYS[0], {"queries": "many"})
    with pytest.raises(PublishError, match=r"values of daily_queries .*backfill --from 2026"):
        site.publish(QUERIES)


def test_the_longest_names_have_their_months(site: Site) -> None:
    tables = [replace(QUERIES, name="q" * 62 + last) for last in "ab"]
    for table in tables:
        site.write(table, DAYS[0], {"queries": 1})
    site.publish(*tables)
    assert [site.rows(table) for table in tables] == [[(DAYS[0], 1, None)]] * 2


def test_a_hypertable_is_made_where_timescaledb_is_installed(site: Site) -> None:
    """The extension here is a stand-in that notes how it is called; it chunks nothing."""
    folder = site.server.folder / "stand_in" / "extension"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "timescaledb.control").write_text("default_version = '2.0'\nrelocatable = false\n")
    (folder / "timescaledb--2.0.sql").write_text(
        "CREATE TABLE calls (relation text, dimension text, chunk interval);\n"
        "CREATE FUNCTION create_hypertable(relation regclass, time_column_name name,\n"
        "    chunk_time_interval anyelement, create_default_indexes boolean) RETURNS void\n"
        "    LANGUAGE sql AS 'INSERT INTO @extschema@.calls VALUES ($1::text, $2, $3)';\n"
    )
    for path in (folder.parent, folder, *folder.iterdir()):
        path.chmod(0o755)
    site.do(
        f"CREATE SCHEMA {site.schema}",
        f"SET extension_control_path = '{folder.parent}:$system'",
        f"CREATE EXTENSION timescaledb SCHEMA {site.schema}",
    )
    try:
        site.write(USERS, DAYS[0], {"user_id": "ada"})
        site.publish(USERS)
        site.publish(USERS)
        calls = site.ask("SELECT dimension, extract(day from chunk), extract(month from chunk), "
                         "relation::regclass = 'daily_users'::regclass FROM calls")  # fmt: skip
        assert calls == [("event_date", 0, 1, True)]
        assert site.rows(USERS) == site.rows_of_lake(USERS)
        assert site.ask("SELECT relkind FROM pg_class WHERE oid = 'daily_users'::regclass") == [
            ("r",)
        ]
    finally:
        site.do("DROP EXTENSION timescaledb CASCADE")
