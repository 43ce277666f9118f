"""Seeds: CSV files that come with the folder, such as a table of prices."""

import csv
import hashlib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import duckdb

from analytics_pipeline.lake.table import literal, quoted
from analytics_pipeline.metrics.declared_columns import read_columns
from analytics_pipeline.metrics.described import Described
from analytics_pipeline.metrics.errors import ProjectError, suggestion
from analytics_pipeline.metrics.project import SEED_SCHEMA, Seed, seed_relation
from analytics_pipeline.metrics.properties import SeedProperties
from analytics_pipeline.metrics.render import Macros


def read_seed(
    name: str,
    file: Path,
    shown: str,
    described: Described[SeedProperties] | None,
    macros: Macros,
    refs: Collection[str],
) -> Seed:
    """Read what is declared of a CSV file, whose first line names its columns.

    Raises ProjectError where the YAML does not describe it, or names other columns than it has.
    """
    if described is None:
        raise ProjectError(
            f"{shown}: the seed has no entry in a YAML file; describe it and its columns, with "
            f"config: column_types, in {Path(shown).parent.as_posix()}/*.yml."
        )
    content = file.read_bytes()
    header = next(csv.reader(content.decode("utf-8-sig").splitlines()[:1]), [])
    properties, types = described.properties, described.properties.config.column_types
    described_names = {column.name for column in properties.columns}
    for column in header:
        if column not in types or column not in described_names:
            raise ProjectError(
                f"{described.where}: column '{column}' of {shown} needs a description and a type "
                "in config: column_types."
            )
    for column in (*types, *described_names):
        if column not in header:
            raise ProjectError(
                f"{described.where}: {shown} has no column '{column}'; {suggestion(column, header)}"
            )
    declared = read_columns(described, macros, refs, types)
    in_file_order = sorted(declared.columns, key=lambda column: header.index(column.name))
    return Seed(
        name,
        file,
        shown,
        properties.description,
        properties.config.meta.owner,
        replace(declared, columns=tuple(in_file_order)),
        hashlib.sha256(content).hexdigest()[:16],
    )


def seed_rows(seed: Seed) -> str:
    """SQL of a relation with the rows of a seed; an empty field is null."""
    types = ", ".join(f"{literal(name)}: {literal(type_)}" for name, type_ in seed.columns.items())
    return (
        f"read_csv({literal(str(seed.file))}, header = true, auto_detect = false, delim = ',', "
        f"quote = '\"', escape = '\"', nullstr = '', columns = {{{types}}})"
    )


def bind_seed(connection: duckdb.DuckDBPyConnection, seed: Seed) -> None:
    """Give the relation of a seed its rows; raises ProjectError where a value is malformed."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SEED_SCHEMA}")
    names = ", ".join(map(quoted, seed.columns))
    try:
        connection.execute(
            f"CREATE OR REPLACE TABLE {seed_relation(seed.name)} AS "
            f"SELECT {names} FROM {seed_rows(seed)}"
        )
    except duckdb.Error as error:
        raise ProjectError(f"{seed.shown}: {str(error).splitlines()[0]}") from error
