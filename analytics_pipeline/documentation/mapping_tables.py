"""Which field of an event comes from where, as a table for each mapping of a format."""

import re
from collections.abc import Iterable, Sequence

from analytics_pipeline.documentation.markdown import code, table
from analytics_pipeline.ingestion.formats.compiling import FILE_TIME
from analytics_pipeline.ingestion.formats.declaration import (
    PLACEHOLDER,
    EventMapping,
    Format,
    paths_of,
)
from analytics_pipeline.ingestion.formats.expressions import Restated

ALTERNATIVES = re.compile(r"coalesce|nullif|''|[(),\s]")
ABSENT = re.compile(r"nullif\(\$\([^()]+\), '([^']+)'\)")
FILE_TIME_WORDS = "the time at which the file was last written"
# So many mappings to one event type make one table, with a row for each.
MAPPINGS_OF_ONE_TABLE = 9


def mapping_tables(source: Format) -> str:
    """The tables of a format."""
    event_types = {each.event_type for each in source.mappings}
    if len(source.mappings) >= MAPPINGS_OF_ONE_TABLE and len(event_types) == 1:
        return _one_table(source.mappings)
    return "\n".join(
        f"**{code(each.event_type)}**{f': {each.records}' if each.records else ''}\n\n"
        + table(["field of the event", "from", "how"], _rows(each))
        for each in source.mappings
    )


def described_fields(mapping: EventMapping) -> dict[str, tuple[str, str]]:
    """For each field of a mapping the paths it is from, and what is done with their texts.

    Both are empty for a computed field that lacks a note.
    """
    return {name: (_origin(mapping, name), _how(mapping, name)) for name in mapping.fields}


def _rows(mapping: EventMapping) -> Iterable[Sequence[str]]:
    return [[code(name), origin, how] for name, (origin, how) in described_fields(mapping).items()]


def _one_table(mappings: Sequence[EventMapping]) -> str:
    names = list(dict.fromkeys(name for each in mappings for name in each.fields))
    rows = [
        [each.records, *(_either(described_fields(each).get(name, ("", ""))) for name in names)]
        for each in mappings
    ]
    notes = dict.fromkeys(
        f"- {code(name)}: {how}\n"
        for each in mappings
        for name, (origin, how) in described_fields(each).items()
        if origin and how
    )
    header = ["records", *map(code, names)]
    return f"**{code(mappings[0].event_type)}**\n\n" + table(header, rows) + "\n" + "".join(notes)


def _either(described: tuple[str, str]) -> str:
    origin, how = described
    return origin or how


def _origin(mapping: EventMapping, name: str) -> str:
    sql: str = mapping.fields[name]
    if _is_only_alternatives(sql):
        return ", else ".join(map(_shown, paths_of(sql)))
    # What another field computes is told there.
    others = [
        other
        for other, its_sql in mapping.fields.items()
        if other != name and its_sql != sql and its_sql in sql
        and not PLACEHOLDER.fullmatch(its_sql)
    ]  # fmt: skip
    for other in others:
        sql = sql.replace(mapping.fields[other], "")
    paths = [_shown(path) for path in dict.fromkeys(paths_of(sql))]
    return ", ".join([*(f"the field {code(other)}" for other in others), *paths])


def _how(mapping: EventMapping, name: str) -> str:
    sql = mapping.fields[name]
    words = sql.words if isinstance(sql, Restated) else ""
    if absent := ABSENT.fullmatch(sql):
        words = f"absent where it is {code(absent.group(1))}"
    return mapping.notes.get(name, words)


def _is_only_alternatives(sql: str) -> bool:
    """Whether an SQL is a path, or the first of several paths that is not empty."""
    return not ALTERNATIVES.sub("", PLACEHOLDER.sub("", sql))


def is_told(mapping: EventMapping, name: str) -> bool:
    """Whether the documentation of a field says all: its path or paths, or what is computed."""
    return _is_only_alternatives(mapping.fields[name]) or bool(_how(mapping, name))


def _shown(path: str) -> str:
    return FILE_TIME_WORDS if path == FILE_TIME else code(path)
