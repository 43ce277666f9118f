"""Publishing that is killed, and two at once, each a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import psycopg2
import pytest
from pydantic import SecretStr

from analytics_pipeline_tests.publishing.site import DAYS, MODELS, QUERIES, USERS, Site, without

PATIENCE = 60
MARTS = (MODELS, QUERIES, USERS)
WAITING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE application_name = %s AND wait_event_type = 'Lock' AND wait_event LIKE %s"
)


@contextmanager
def publishing(
    site: Site, name: str, first: int = 0, last: int = 4
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that publishes the days from one to another, known to Postgres by a name.

    The server's default would have it see what was there when it began to wait for its turn.
    """
    isolation = "options=-c%20default_transaction_isolation%3Drepeatable%5C%20read"
    url = f"{site.server.url}?application_name={name}&{isolation}"
    process = subprocess.Popen(
        [
            sys.executable, "-m", "analytics_pipeline_tests.publishing.publish_process",
            str(site.lake.root), site.schema, str(first), str(last),
        ],
        env={**os.environ, "AICACHE_PUBLISH_URL": url},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def await_waiting(site: Site, name: str, event: str) -> None:
    """Return once the process of that name waits for a lock in Postgres."""
    deadline = time.monotonic() + PATIENCE
    while site.ask(WAITING, name, event) != [(1,)]:
        assert time.monotonic() < deadline, f"{name} does not wait for {event}"
        time.sleep(0.02)


@contextmanager
def locked(site: Site, table: str) -> Iterator[None]:
    """Keep everyone from changing the rows of a table."""
    connection = psycopg2.connect(site.server.url)
    try:
        connection.cursor().execute(f"LOCK TABLE {site.schema}.{table} IN SHARE MODE")
        yield
    finally:
        connection.close()


def contents(site: Site) -> list[object]:
    """All that stands in Postgres, with its columns."""
    tables = (table.name for table in MARTS if site.ask("SELECT to_regclass(%s)", table.name)[0][0])
    return [site.ask(f"SELECT * FROM {table} ORDER BY event_date") for table in tables]


@pytest.mark.parametrize("stopped_at", ["daily_queries", "_published_partitions"])
def test_a_killed_publication_leaves_what_was_there(site: Site, stopped_at: str) -> None:
    """It is stopped after it replaced days, before it replaces or notes others."""
    for day in DAYS[:2]:
        site.write(MODELS, day, {"model": "small", "queries": 1})
        site.write(without(QUERIES, "hit_rate"), day, {"queries": 1})
    site.publish(MODELS, without(QUERIES, "hit_rate"))
    before = (contents(site), site.records())
    for day in DAYS[1:]:
        site.write(MODELS, day, {"model": "large", "queries": 2})
        site.write(QUERIES, day, {"queries": 2, "hit_rate": 0.5})
        site.write(USERS, day, {"user_id": "bob", "queries": 2})

    with publishing(site, "killed") as process, locked(site, stopped_at):
        await_waiting(site, "killed", "relation")
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert site.records() == before[1]
    # The server notices that the process is gone once it waits for nothing else.
    deadline = time.monotonic() + PATIENCE
    while site.ask("SELECT 1 FROM pg_stat_activity WHERE application_name = 'killed'"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert (contents(site), site.records()) == before

    sent = site.publish(*MARTS).sent
    assert {name: set(days) for name, days in sent.items()} == {
        table.name: set(DAYS[1:]) for table in MARTS
    }
    for table in MARTS:
        assert site.rows(table) == site.rows_of_lake(table)


@pytest.mark.parametrize("changed_before_the_second", [True, False])
def test_two_publications_at_once_end_with_the_newest_input(
    site: Site, changed_before_the_second: bool
) -> None:
    for day in DAYS:
        for table, row in ((MODELS, {"model": "small"}), (QUERIES, {}), (USERS, {"user_id": "a"})):
            site.write(table, day, {**row, "queries": 0})
    site.publish(*MARTS)
    for day in DAYS:
        site.write(MODELS, day, {"model": "small", "queries": 1})
        site.write(QUERIES, day, {"queries": 1})

    def change() -> None:
        for day in DAYS:
            site.write(MODELS, day, {"model": "small", "queries": 2}, {"model": None})
            site.write(QUERIES, day, {"queries": 2})
            site.write(USERS, day, {"user_id": "a", "queries": 2})

    with ExitStack() as stack:
        first = stack.enter_context(publishing(site, "first", 0, 3))
        # It has read and sent the models of its days, and waits before it sends the queries.
        with locked(site, "daily_queries"):
            await_waiting(site, "first", "relation")
            if changed_before_the_second:
                change()
            second = stack.enter_context(publishing(site, "second", 1, 4))
            await_waiting(site, "second", "advisory")
            if not changed_before_the_second:
                change()
        assert (first.wait(PATIENCE), second.wait(PATIENCE)) == (0, 0)
    for table in MARTS:
        published, lake = site.rows(table), site.rows_of_lake(table)
        assert [row for row in published if row[0] in DAYS[1:]] == [
            row for row in lake if row[0] in DAYS[1:]
        ]
        assert len(published) == len(set(published))
    # The first read this day of the models before they changed: the next publication sends it.
    site.publish(*MARTS)
    for table in MARTS:
        assert site.rows(table) == site.rows_of_lake(table)


def test_a_deadlock_with_a_reader_is_resolved_by_another_attempt(site: Site) -> None:
    for table in (MODELS, QUERIES):
        site.write(table, DAYS[0], {"queries": 1})
    site.publish(without(MODELS, "queries"), without(QUERIES, "hit_rate"))
    options = "options=-c%20deadlock_timeout%3D2s&application_name=publisher"
    url = SecretStr(f"{site.server.url}?{options}")
    with ThreadPoolExecutor(1) as pool, site.session() as reader:
        # Whoever waits this long looks for a deadlock and gives way: not the reader.
        reader.execute("SET deadlock_timeout = '60s'")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM daily_queries")
        publication = pool.submit(site.publish, MODELS, QUERIES, publish_url=url)
        # It holds the models, and waits for the queries to get their column.
        await_waiting(site, "publisher", "relation")
        reader.execute("SELECT * FROM daily_models")
        reader.execute("COMMIT")
        publication.result(PATIENCE)
    for table in (MODELS, QUERIES):
        assert site.rows(table) == site.rows_of_lake(table)
