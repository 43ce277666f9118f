"""Which fields the records of each source have on a day, and of which types."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from analytics_pipeline.events.declaration import Field
from analytics_pipeline.events.tables import fields_of
from analytics_pipeline.ingestion.kinds import Kind, alike
from analytics_pipeline.lake.table import literal, quoted

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
    by_source = _by_source(connection, source_names)
    fields: list[SourceField] = []
    for group in alike(kinds):
        totals: Counter[tuple[date, str]] = Counter()
        types: dict[tuple[date, str, str], set[str]] = {}
        records: Counter[tuple[date, str, str]] = Counter()
        for kind in group:
            relation = f"(FROM {kind.table} {by_source})"
            for day, source, total, *found in _counts(connection, kind, relation):
                totals[day, source] += total
                for declared, count in zip(_declared(kind), found, strict=True):
                    if count:
                        types.setdefault((day, source, declared.path), set()).add(
                            declared.type.value
                        )
                        records[day, source, declared.path] += count
            for day, source, field, field_type, count in _others(connection, relation):
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


def _by_source(connection: duckdb.DuckDBPyConnection, source_names: Mapping[str, str]) -> str:
    """SQL that adds the column ``source`` to a relation with paths."""
    names = set(source_names.values())
    if len(names) == 1:
        return f"CROSS JOIN (SELECT {literal(names.pop())} AS source)"
    connection.execute("CREATE OR REPLACE TABLE path_source (path VARCHAR, source VARCHAR)")
    if source_names:
        connection.execute(
            "INSERT INTO path_source SELECT unnest($paths), unnest($names)",
            {"paths": list(source_names), "names": list(source_names.values())},
        )
    return "JOIN path_source USING (path)"


def _declared(kind: Kind) -> list[Field]:
    return [field for field in fields_of(kind.event_type) if field.name != "event_type"]


def _counts(
    connection: duckdb.DuckDBPyConnection, kind: Kind, records: str
) -> list[tuple[Any, ...]]:
    """Of each day and source: how many records there are, and how many have each declared field."""
    counts = ", ".join(f"count({quoted(field.name)})" for field in _declared(kind))
    return connection.execute(
        f"SELECT stands_under, source, count(*), {counts} FROM {records} GROUP BY ALL"
    ).fetchall()


def _others(
    connection: duckdb.DuckDBPyConnection, records: str
) -> Iterator[tuple[date, str, str, str, int]]:
    """The fields that were written in another type, then those that nobody declared."""
    yield from connection.execute(
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
        FROM {records}
        WHERE starts_with(problem, 'bad_type:')
        GROUP BY ALL
        """
    ).fetchall()
    structures = connection.execute(
        f"""
        SELECT stands_under, source, {STRUCTURE} AS structure, count(*) AS n
        FROM {records}
        WHERE extra IS NOT NULL
        GROUP BY ALL
        ORDER BY n DESC, structure
        LIMIT {STRUCTURES}
        """
    ).fetchall()
    for day, source, structure, count in structures:
        for field, field_type in _leaves(json.loads(structure), "", DEPTH):
            yield day, source, field, field_type, count


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
