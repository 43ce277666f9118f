"""The file of views: a read-only DuckDB database through which people and tools read the lake.

It holds no data: each view reads the Parquet files of one table when it is queried. It is written
beside and renamed into place, so that whoever has it open keeps the one they opened.
"""

import hashlib
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

import duckdb

from analytics_pipeline.lake.engine import scratch_prefix
from analytics_pipeline.lake.lake import PARTITION_FILE, Lake, full_disk_reported, publish
from analytics_pipeline.lake.table import Table, literal, quoted

VIEWS_FILE = "views.duckdb"
# The oldest that has all that is used, so that tools with an older DuckDB can open the file.
STORAGE_VERSION = "v1.0.0"
LAKE_VARIABLE = "lake"
DIGEST_MACRO = "views_digest"
# Two versions of the declarations at work at once would replace each other's file for ever.
ROUNDS = 10
READ_ONLY = 0o444


def views_file(lake: Lake) -> Path:
    """Path of the file of views."""
    return lake.root / VIEWS_FILE


def view_statements(lake: Lake, tables: Iterable[Table]) -> list[str]:
    """The SQL that makes a commented view of each table, with event_date as its first column.

    A view finds the partitions by a pattern when it is queried, so new ones are seen at once; only
    the view of a table without any has no files to read and must be made again when there are. The
    folder of the lake stands in it as an absolute path, in place of which a session can set the
    variable ``lake``.
    """
    return [statement for table in tables for statement in _view(lake, table)]


def _view(lake: Lake, table: Table) -> list[str]:
    name = quoted(table.name)
    comments = {"event_date": "The UTC date of the events; the partition."} | {
        c.name: f"{c.description} Unit: {c.unit}." if c.unit else c.description
        for c in table.columns
    }
    return [
        f"CREATE VIEW {name} AS "
        f"SELECT event_date, {table.typed_columns} FROM ({_rows(lake, table)})",
        f"COMMENT ON VIEW {name} IS {literal(table.description)}",
        *(
            f"COMMENT ON COLUMN {name}.{quoted(column)} IS {literal(comment)}"
            for column, comment in comments.items()
        ),
    ]


def _rows(lake: Lake, table: Table) -> str:
    """SQL of the stored rows, with null for the columns that a partition lacks."""
    declared = ", ".join(f"NULL::{c.type} AS {quoted(c.name)}" for c in table.columns)
    empty = f"SELECT NULL::DATE AS event_date, {declared} WHERE false"
    pattern = f"{table.name}/event_date=*/{PARTITION_FILE}"
    if next(lake.root.glob(pattern), None) is None:
        return empty
    root = f"coalesce(getvariable({literal(LAKE_VARIABLE)}), {literal(str(lake.root))})"
    return (
        f"{empty} UNION ALL BY NAME SELECT * FROM read_parquet({root} || {literal('/' + pattern)}, "
        "union_by_name = true, hive_partitioning = true, hive_types = {'event_date': DATE})"
    )


def refresh_views(lake: Lake, tables: Iterable[Table]) -> bool:
    """Make the file of views anew where it would say anything else; returns whether it was.

    Raises LakeError where the disk is full.
    """
    tables = list(tables)
    refreshed = False
    # Whoever puts the file into place last looks whether what it was made from still holds, so
    # that of two at once the newer one remains.
    for _ in range(ROUNDS):
        digest = _digest(lake, tables)
        if digest == _stored_digest(views_file(lake)):
            break
        _write(lake, view_statements(lake, tables), digest)
        refreshed = True
    return refreshed


def _digest(lake: Lake, tables: Iterable[Table]) -> str:
    text = "\n".join([STORAGE_VERSION, *view_statements(lake, tables)])
    return hashlib.sha256(text.encode()).hexdigest()


def _stored_digest(file: Path) -> str | None:
    """What the file was made from; None where there is none, or none that can be read."""
    if not file.exists():
        return None
    try:
        # Attached, because a connection to a path that this process has open already would see the
        # file that was there then.
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH {literal(str(file))} AS views (READ_ONLY)")
            row = connection.execute(f"SELECT views.{DIGEST_MACRO}()").fetchone()
    except duckdb.Error:
        return None
    return str(row[0]) if row else None


def _write(lake: Lake, statements: Iterable[str], digest: str) -> None:
    folder = lake.scratch / f"{scratch_prefix()}{uuid.uuid4().hex}"
    staged = folder / VIEWS_FILE
    try:
        with full_disk_reported(lake.root):
            folder.mkdir(parents=True)
            with duckdb.connect() as connection:
                connection.execute(
                    f"ATTACH {literal(str(staged))} AS views "
                    f"(STORAGE_VERSION {literal(STORAGE_VERSION)})"
                )
                connection.execute("USE views")
                for statement in statements:
                    connection.execute(statement)
                connection.execute(f"CREATE MACRO {DIGEST_MACRO}() AS {literal(digest)}")
                connection.execute("USE memory")
                connection.execute("DETACH views")
            staged.chmod(READ_ONLY)
            publish(staged, views_file(lake))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
