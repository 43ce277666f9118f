"""The tables in Postgres: made from the declarations of the marts, and changed with them."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from psycopg2 import extensions
from psycopg2.sql import SQL, Composable, Identifier, Literal

from analytics_pipeline.lake.table import Column, Table
from analytics_pipeline.publishing.database import PublishError

TYPES = {
    "DATE": "date",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "TIMESTAMP": "timestamp without time zone",
}
EVENT_DATE = Column("event_date", "DATE", "The UTC date of the events.", nullable=False)
BOOKKEEPING = "_published_partitions"
LONGEST_NAME = 63
NULLS_NOT_DISTINCT_SINCE = 150000

RELATIONS = """
select c.relname, obj_description(c.oid, 'pg_class'),
       a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = %s and c.relkind in ('r', 'p')
order by c.relname, a.attnum
"""
UNIQUE_INDEXES = """
select c.relname, array_agg(a.attname::text)
from pg_index i
join pg_class c on c.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
where n.nspname = %s and c.relkind in ('r', 'p') and i.indisunique
group by c.relname, i.indexrelid
"""
HYPERTABLE_SCHEMA = """
select n.nspname
from pg_extension e
join pg_namespace n on n.oid = e.extnamespace
where e.extname = 'timescaledb'
"""


@dataclass
class Relation:
    """A table as it stands in Postgres: its columns by name with their types and comments."""

    comment: str | None
    types: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str | None] = field(default_factory=dict)
    unique: list[frozenset[str]] = field(default_factory=list)


def partitions_schema(schema: str) -> str:
    """The schema of the monthly partitions, apart so that tools list the tables alone."""
    return f"{schema}_partitions"


def all_columns(table: Table) -> list[Column]:
    """The columns of a published table: event_date, and those that are declared."""
    return [EVENT_DATE, *table.columns]


def relations(cursor: extensions.cursor, schema: str) -> dict[str, Relation]:
    """The tables of a schema as they stand in Postgres."""
    found: dict[str, Relation] = {}
    cursor.execute(RELATIONS, [schema])
    for name, comment, column, type_, column_comment in cursor.fetchall():
        relation = found.setdefault(name, Relation(comment))
        relation.types[column] = type_
        relation.comments[column] = column_comment
    cursor.execute(UNIQUE_INDEXES, [schema])
    for name, columns in cursor.fetchall():
        found[name].unique.append(frozenset(columns))
    return found


def ensure_schema(cursor: extensions.cursor, schema: str) -> None:
    """Make the two schemas and the table of what is published, where they are missing."""
    for name in (schema, partitions_schema(schema)):
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [name])
        if cursor.fetchone() is None:
            cursor.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
    cursor.execute(
        SQL(
            "CREATE TABLE IF NOT EXISTS {} (table_name text, event_date date, content_hash text "
            "NOT NULL, rows bigint NOT NULL, published_at timestamptz NOT NULL DEFAULT now(), "
            "PRIMARY KEY (table_name, event_date))"
        ).format(Identifier(schema, BOOKKEEPING))
    )


def is_to_be_remade(table: Table, relation: Relation) -> bool:
    """Whether a table cannot become what is declared by new columns alone.

    That is where a column has another type, or rows are told apart by other columns.
    """
    retyped = any(
        relation.types.get(column.name, postgres_type(table, column))
        != postgres_type(table, column)
        for column in all_columns(table)
    )
    key = frozenset(["event_date", *table.key])
    rekeyed = key not in relation.unique if table.key else bool(relation.unique)
    return retyped or rekeyed


def postgres_type(table: Table, column: Column) -> str:
    """The Postgres type of a column; raises PublishError where it has none."""
    if column.type not in TYPES:
        raise PublishError(
            f"Column {column.name} of {table.name} has the type {column.type}, which cannot be "
            f"published: declare one of {', '.join(TYPES)}."
        )
    return TYPES[column.type]


def create_table(cursor: extensions.cursor, schema: str, table: Table) -> None:
    """Make a table: a hypertable where TimescaleDB is installed, else partitioned by month."""
    for given in (table.name, *table.column_names):
        if len(given.encode()) > LONGEST_NAME:
            raise PublishError(
                f"The name {given} of {table.name} is longer than the {LONGEST_NAME} bytes that "
                "Postgres allows: choose a shorter one."
            )
    cursor.execute(HYPERTABLE_SCHEMA)
    extension = cursor.fetchone()
    name = Identifier(schema, table.name)
    columns = SQL(", ").join(
        SQL("{} {}").format(Identifier(column.name), SQL(postgres_type(table, column)))
        for column in all_columns(table)
    )
    partitioned = SQL("" if extension else " PARTITION BY RANGE (event_date)")
    cursor.execute(SQL("CREATE TABLE {} ({}){}").format(name, columns, partitioned))
    cursor.execute(SQL("ALTER TABLE {} ALTER event_date SET NOT NULL").format(name))
    cursor.execute(_index(cursor.connection.server_version, name, table))
    if extension:
        cursor.execute(
            SQL(
                "SELECT {}({}::regclass, 'event_date', chunk_time_interval => interval '1 month', "
                "create_default_indexes => false)"
            ).format(
                Identifier(extension[0], "create_hypertable"),
                Literal(name.as_string(cursor)),
            )
        )


def _index(server_version: int, name: Composable, table: Table) -> Composable:
    """SQL of the index that begins with event_date: of the key, where the table has one.

    A primary key allows no null, so a key with a column that may be null is a unique index.
    """
    columns = SQL(", ").join(map(Identifier, ("event_date", *table.key)))
    if not table.key:
        return SQL("CREATE INDEX ON {} ({})").format(name, columns)
    if not any(column.nullable for column in table.columns if column.name in table.key):
        return SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(name, columns)
    nulls = " NULLS NOT DISTINCT" if server_version >= NULLS_NOT_DISTINCT_SINCE else ""
    return SQL("CREATE UNIQUE INDEX ON {} ({}){}").format(name, columns, SQL(nulls))


def add_columns(
    cursor: extensions.cursor, schema: str, table: Table, present: Collection[str]
) -> None:
    """Add the declared columns that a table lacks; they are null in the rows it has."""
    for column in table.columns:
        if column.name not in present:
            cursor.execute(
                SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
                    Identifier(schema, table.name),
                    Identifier(column.name),
                    SQL(postgres_type(table, column)),
                )
            )


def describe(
    cursor: extensions.cursor, schema: str, table: Table, relation: Relation | None
) -> None:
    """Comment a table and its columns with their declared descriptions, where they differ."""
    name = Identifier(schema, table.name)
    if relation is None or relation.comment != table.description:
        cursor.execute(SQL("COMMENT ON TABLE {} IS {}").format(name, Literal(table.description)))
    said: Mapping[str, str | None] = relation.comments if relation else {}
    for column in all_columns(table):
        comment = f"{column.description} Unit: {column.unit}." if column.unit else None
        comment = comment or column.description
        if said.get(column.name) != comment:
            cursor.execute(
                SQL("COMMENT ON COLUMN {} IS {}").format(
                    Identifier(schema, table.name, column.name), Literal(comment)
                )
            )


def ensure_months(
    cursor: extensions.cursor, schema: str, table: Table, days: Iterable[date]
) -> None:
    """Make the monthly partitions that the days need and a table partitioned by month lacks.

    They are made apart and attached, since to make them as a part of the table would keep its
    readers out.
    """
    parent, apart = Identifier(schema, table.name), partitions_schema(schema)
    cursor.execute(
        "SELECT relkind = 'p' FROM pg_class WHERE oid = %s::regclass", [parent.as_string(cursor)]
    )
    if cursor.fetchone() != (True,):
        return
    for year, month in sorted({(day.year, day.month) for day in days}):
        name = _partition_name(table, year, month)
        cursor.execute(
            "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = %s", [apart, name]
        )
        if cursor.fetchone() is None:
            partition = Identifier(apart, name)
            cursor.execute(SQL("CREATE TABLE {} (LIKE {})").format(partition, parent))
            cursor.execute(
                SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
                    parent,
                    partition,
                    Literal(date(year, month, 1)),
                    Literal(date(year + month // 12, month % 12 + 1, 1)),
                )
            )


def _partition_name(table: Table, year: int, month: int) -> str:
    name = f"{table.name}_{year:04}_{month:02}"
    if len(name.encode()) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(table.name.encode()).hexdigest()[:16]
    return f"{table.name[:20]}_{digest}_{year:04}_{month:02}"
