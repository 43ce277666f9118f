"""Which fields the records of each source have on a day, and of which types."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from analytics_pipeline.events.tables import fields_of
from analytics_pipeline.ingestion.kinds import Kind
from analytics_pipeline.lake.table import quoted

# Structures are counted, the most frequent first: keys that differ in every record would
# otherwise make as many structures as there are records.
STRUCTURES = 10_000
DEPTH = 4
# The engine tells no structure that is nested deeper than 128; of such only the outermost keys.
OUTERMOST = "map(json_keys(extra), list_transform(json_keys(extra), lambda key: 'JSON'))"
STRUCTURE = f"coalesce(TRY(json_structure(extra)::VARCHAR), to_json({OUTERMOST})::VARCHAR)"
JSON_TYPES = {
    "UBIGINT": "number", "BIGINT": "number", "HUGEINT": "number", "DOUBLE": "number",
    "VARCHAR": "text", "BOOLEAN": "boolean", "NULL": "null", "JSON": "mixed",
}  # fmt: skip


@dataclass(frozen=True)
class SourceField:
    """A field of a source's records of one format and event type on a day.

    ``types`` are the types in which it was written, ``records`` how many records have it, and
    ``of_records`` how many there are.
    """

    event_date: date
    source: str
    format: str
    event_type: str
    field: str
    types: tuple[str, ...]
    records: int
    of_records: int


def observe_fields(
    connection: duckdb.DuckDBPyConnection, kinds: Iterable[Kind], source_names: Mapping[str, str]
) -> list[SourceField]:
    """The fields of the parsed records; ``source_names`` gives the source of each path."""
    connection.execute("CREATE OR REPLACE TEMP TABLE path_source (path VARCHAR, source VARCHAR)")
    if source_names:
        connection.execute(
            "INSERT INTO path_source SELECT unnest($paths), unnest($names)",
            {"paths": list(source_names), "names": list(source_names.values())},
        )
    fields: list[SourceField] = []
    for kind in kinds:
        totals = _totals(connection, kind)
        types: dict[tuple[date, str, str], set[str]] = {}
        records: Counter[tuple[date, str, str]] = Counter()
        for day, source, field, field_type, count in _written(connection, kind):
            types.setdefault((day, source, field), set()).add(field_type)
            records[day, source, field] += count
        for day, source, structure, count in _structures(connection, kind):
            for field, field_type in _leaves(json.loads(structure), "", DEPTH):
                types.setdefault((day, source, field), set()).add(field_type)
                records[day, source, field] += count
        fields += [
            SourceField(
                day, source, kind.format, kind.event_type.name, field, tuple(sorted(found)),
                min(records[day, source, field], totals[day, source]), totals[day, source],
            )
            for (day, source, field), found in types.items()
        ]  # fmt: skip
    return fields


def _totals(connection: duckdb.DuckDBPyConnection, kind: Kind) -> dict[tuple[date, str], int]:
    rows = connection.execute(
        f"SELECT stands_under, source, count(*) FROM {kind.table} JOIN path_source USING (path) "
        "GROUP BY ALL"
    ).fetchall()
    return {(day, source): total for day, source, total in rows}


def _written(
    connection: duckdb.DuckDBPyConnection, kind: Kind
) -> Iterator[tuple[date, str, str, str, int]]:
    """Declared fields that were read, then those that were written in another type."""
    fields = [field for field in fields_of(kind.event_type) if field.name != "event_type"]
    counts = ", ".join(f"count({quoted(field.name)})" for field in fields)
    rows = connection.execute(
        f"SELECT stands_under, source, {counts} "
        f"FROM {kind.table} JOIN path_source USING (path) GROUP BY ALL"
    ).fetchall()
    for day, source, *found in rows:
        for field, records in zip(fields, found, strict=True):
            if records:
                yield day, source, field.path, field.type.value, records
    mistyped = connection.execute(
        f"""
        SELECT stands_under, source, split_part(problem, ':', 2) AS field,
            CASE
                WHEN problem_value IN ('true', 'false') THEN 'boolean'
                WHEN TRY_CAST(problem_value AS DOUBLE) IS NOT NULL THEN 'number'
                WHEN starts_with(problem_value, '{{') THEN 'object'
                WHEN starts_with(problem_value, '[') THEN 'list'
                ELSE 'text'
            END AS type,
            count(*)
        FROM {kind.table} JOIN path_source USING (path)
        WHERE starts_with(problem, 'bad_type:')
        GROUP BY ALL
        """
    ).fetchall()
    yield from mistyped


def _structures(
    connection: duckdb.DuckDBPyConnection, kind: Kind
) -> list[tuple[date, str, str, int]]:
    return connection.execute(
        f"""
        SELECT stands_under, source, {STRUCTURE} AS structure, count(*) AS n
        FROM {kind.table} JOIN path_source USING (path)
        WHERE extra IS NOT NULL
        GROUP BY ALL
        ORDER BY n DESC, structure
        LIMIT {STRUCTURES}
        """
    ).fetchall()


def _leaves(structure: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """The path and type of each value; what lies deeper is told as one object."""
    if isinstance(structure, dict) and depth and structure:
        for key, inside in structure.items():
            name = key if key.replace("_", "").isalnum() else json.dumps(key)
            yield from _leaves(inside, f"{path}.{name}" if path else name, depth - 1)
    elif isinstance(structure, dict):
        yield path, "object"
    elif isinstance(structure, list):
        yield path, "list"
    else:
        yield path, JSON_TYPES.get(structure, str(structure).lower())
