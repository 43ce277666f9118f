"""Publishing: the marts of the lake, day by day, into Postgres.

All tables change together, in one transaction for the days of a year, under one lock of the
database for each schema. The lake is read after the lock is held: whoever comes last has read it
last, so publishing twice at once ends with what the lake has, without a deadlock.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from psycopg2 import extensions
from psycopg2.errors import DeadlockDetected
from psycopg2.extras import execute_values
from psycopg2.sql import SQL, Identifier

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.persons import identifying_columns
from analytics_pipeline.publishing import structure
from analytics_pipeline.publishing.database import PublishError
from analytics_pipeline.publishing.partition_rows import (
    Partition,
    copy_rows,
    read_partition,
)
from analytics_pipeline.publishing.roles import ensure_roles, grant
from analytics_pipeline.settings import Settings

ATTEMPTS = 3
# A reader that has a table open only ever holds up a change of its columns.
LOCK_SECONDS = 30
BYTES_AT_ONCE = 50_000_000


@dataclass
class Publication:
    """What was published: the rows of each day that was sent, by table.

    ``unchanged`` counts the days of a table that stand in Postgres as they are in the lake.
    """

    sent: dict[str, dict[date, int]] = field(default_factory=dict)
    unchanged: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Publication") -> None:
        """Count another part in."""
        for name, rows in other.sent.items():
            self.sent.setdefault(name, {}).update(rows)
        for name, days in other.unchanged.items():
            self.unchanged[name] = self.unchanged.get(name, 0) + days


def publish(
    lake: Lake,
    connection: extensions.connection,
    settings: Settings,
    tables: Mapping[str, Table],
    wanted: Collection[str],
    days: Sequence[date],
) -> Publication:
    """Make the wanted tables in Postgres have, on the days, what the lake has on them.

    ``tables`` are all marts. Days of which the lake has no partition stay as they are; days that
    are published already are not sent again. A table that was dropped, or whose columns changed
    their types or key, is made anew, with all of its published days. Raises PublishError where a
    table would lose days by that.
    """
    publication = Publication()
    chosen = [tables[name] for name in tables if name in set(wanted)]
    for part in _parts(days):
        publication.add(_publish_together(lake, connection, settings, tables, chosen, part))
    return publication


def _parts(days: Sequence[date]) -> Iterator[list[date]]:
    """The days by year: a transaction locks each month of each table that it changes.

    Without any day, one part of none, which makes the tables.
    """
    if not days:
        yield []
    for _, of_year in itertools.groupby(sorted(set(days)), key=lambda day: day.year):
        yield list(of_year)


def _publish_together(
    lake: Lake,
    connection: extensions.connection,
    settings: Settings,
    tables: Mapping[str, Table],
    chosen: Sequence[Table],
    days: Sequence[date],
) -> Publication:
    attempts = 0
    while True:
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_advisory_xact_lock(hashtext('aicache-analytics'), hashtext(%s))",
                    [settings.publish_schema],
                )
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_SECONDS}s"])
                return _in_transaction(lake, cursor, settings, tables, chosen, days)
        except DeadlockDetected:
            # With a session that has read one table, waits for the next, and is let go by this.
            attempts += 1
            if attempts == ATTEMPTS:
                raise


def _in_transaction(
    lake: Lake,
    cursor: extensions.cursor,
    settings: Settings,
    tables: Mapping[str, Table],
    chosen: Sequence[Table],
    days: Sequence[date],
) -> Publication:
    schema = settings.publish_schema
    structure.ensure_schema(cursor, schema)
    present = structure.relations(cursor, schema)
    published = {table.name: published_hashes(cursor, schema, table) for table in chosen}
    wanted = {table.name: set(days) for table in chosen}
    for table in chosen:
        relation = present.get(table.name)
        if _ensure_table(lake, cursor, schema, table, relation, published[table.name]):
            wanted[table.name].update(published[table.name])
            published[table.name] = {}
    ensure_roles(cursor, schema)
    grant(cursor, schema, tables, identifying_columns(settings))
    publication = Publication()
    for table in chosen:
        partitions = (
            partition
            for day in sorted(wanted[table.name])
            if (partition := read_partition(lake, table, day)) is not None
        )
        sent, unchanged = _send(lake, cursor, schema, table, partitions, published[table.name])
        publication.sent[table.name] = sent
        publication.unchanged[table.name] = unchanged
    return publication


def published_hashes(cursor: extensions.cursor, schema: str, table: Table) -> dict[date, str]:
    """The content hash of each day of a table that is published."""
    cursor.execute(
        SQL("SELECT event_date, content_hash FROM {} WHERE table_name = %s").format(
            Identifier(schema, structure.BOOKKEEPING)
        ),
        [table.name],
    )
    return dict(cursor.fetchall())


def _ensure_table(
    lake: Lake,
    cursor: extensions.cursor,
    schema: str,
    table: Table,
    relation: structure.Relation | None,
    published: Collection[date],
) -> bool:
    """Give a table its declared columns; returns whether it is made anew, without any day."""
    if relation is not None and structure.is_to_be_remade(table, relation):
        missing = set(published) - set(lake.dates(table))
        if missing:
            raise PublishError(
                f"The columns of {schema}.{table.name} changed their types or key, and it cannot "
                f"be made anew: the lake lacks {len(missing)} of its days, such as "
                f"{min(missing)}. Build them again, or drop the table, and publish again."
            )
        cursor.execute(SQL("DROP TABLE {}").format(Identifier(schema, table.name)))
        relation = None
    if relation is None:
        cursor.execute(
            SQL("DELETE FROM {} WHERE table_name = %s").format(
                Identifier(schema, structure.BOOKKEEPING)
            ),
            [table.name],
        )
        structure.create_table(cursor, schema, table)
    else:
        structure.add_columns(cursor, schema, table, relation.types)
    structure.describe(cursor, schema, table, relation)
    return relation is None


def _send(
    lake: Lake,
    cursor: extensions.cursor,
    schema: str,
    table: Table,
    partitions: Iterator[Partition],
    known: Mapping[date, str],
) -> tuple[dict[date, int], int]:
    """Send what is not published as it is; returns the rows of each day sent, and the others."""
    sent: dict[date, int] = {}
    unchanged = 0
    batch: list[Partition] = []
    for partition in partitions:
        if known.get(partition.day) == partition.content_hash:
            unchanged += 1
            continue
        batch.append(partition)
        if sum(len(each.content) for each in batch) > BYTES_AT_ONCE:
            sent |= _replace(lake, cursor, schema, table, batch)
            batch = []
    if batch:
        sent |= _replace(lake, cursor, schema, table, batch)
    return sent, unchanged


def _replace(
    lake: Lake,
    cursor: extensions.cursor,
    schema: str,
    table: Table,
    partitions: Sequence[Partition],
) -> dict[date, int]:
    rows = {partition.day: partition.rows for partition in partitions}
    cursor.execute(
        SQL("DELETE FROM {} WHERE event_date = ANY(%s)").format(Identifier(schema, table.name)),
        [list(rows)],
    )
    filled = [partition for partition in partitions if partition.rows]
    if filled:
        structure.ensure_months(cursor, schema, table, [partition.day for partition in filled])
        copy_rows(lake, cursor, schema, table, filled)
    execute_values(
        cursor,
        SQL(
            "INSERT INTO {} (table_name, event_date, content_hash, rows) VALUES %s "
            "ON CONFLICT (table_name, event_date) DO UPDATE SET content_hash = "
            "excluded.content_hash, rows = excluded.rows, published_at = now()"
        ).format(Identifier(schema, structure.BOOKKEEPING)),
        [(table.name, each.day, each.content_hash, each.rows) for each in partitions],
    )
    return rows


def days_awaiting(
    lake: Lake, connection: extensions.connection, schema: str, tables: Mapping[str, Table]
) -> dict[str, list[date]]:
    """The days of each table that Postgres does not have as the lake has them."""
    with connection, connection.cursor() as cursor:
        bookkeeping = Identifier(schema, structure.BOOKKEEPING).as_string(cursor)
        cursor.execute("SELECT to_regclass(%s)", [bookkeeping])
        recorded = cursor.fetchone() != (None,)
        present = structure.relations(cursor, schema)
        awaiting = {}
        for table in tables.values():
            relation = present.get(table.name)
            stands = recorded and relation and not structure.is_to_be_remade(table, relation)
            published = published_hashes(cursor, schema, table) if stands else {}
            partitions = (read_partition(lake, table, day) for day in lake.dates(table))
            awaiting[table.name] = [
                each.day
                for each in partitions
                if each is not None and published.get(each.day) != each.content_hash
            ]
    return awaiting
