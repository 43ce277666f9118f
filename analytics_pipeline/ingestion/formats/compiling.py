"""From the declaration of a format to the SQL that reads its records.

All SQL here is over a relation whose rows are records, with the texts that a mapping mentions in
a column of ``values()``, and the modification time of the file, as text, in ``file_time``.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from analytics_pipeline.ingestion.formats.declaration import (
    PLACEHOLDER,
    EventMapping,
    Format,
    paths_of,
)
from analytics_pipeline.ingestion.formats.expressions import Restated
from analytics_pipeline.lake.table import literal, quoted

FILE_TIME = "file_time"
SEGMENT = re.compile(r'"([^"]*)"|([^".]+)')


def paths(mappings: Iterable[EventMapping]) -> list[str]:
    """The paths that the SQL of some mappings mentions, each once, in order."""
    texts = (sql for each in mappings for sql in (each.when, *each.fields.values()))
    found = dict.fromkeys(path for sql in texts for path in paths_of(sql))
    return [path for path in found if path != FILE_TIME]


def values(source: Format, mappings: Sequence[EventMapping], record: str) -> str:
    """SQL of the texts at the paths of some mappings, from the SQL of a record."""
    if source.pattern is not None:
        names = ", ".join(literal(name) for name in groups_of(source.pattern))
        return f"regexp_extract({record}, {literal(source.pattern)}, [{names}], 's')"
    listed = ", ".join(literal(f"$.{path}") for path in paths(mappings))
    return f"json_extract_string({record}, [{listed}]::VARCHAR[])"


def resolved(source: Format, mappings: Sequence[EventMapping], sql: str, found: str = "v") -> str:
    """The SQL of a mapping with its placeholders in terms of the ``values()`` of some mappings."""
    positions = {path: number for number, path in enumerate(paths(mappings), start=1)}

    def text_at(match: re.Match[str]) -> str:
        path = match.group(1)
        if path == FILE_TIME:
            return FILE_TIME
        if source.pattern is not None:
            return f"nullif({found}.{quoted(path)}, '')"
        return f"{found}[{positions[path]}]"

    return PLACEHOLDER.sub(text_at, sql)


def event_type_of(source: Format, found: str = "v") -> str:
    """SQL of the event type of a record, by the values of all mappings; null where it is none."""
    return _by_mapping(source, [literal(each.event_type) for each in source.mappings], found)


def time_text_of(source: Format, found: str = "v") -> str:
    """SQL of the text of a record's time, by the values of all mappings."""
    times = [each.fields.get("timestamp", "NULL") for each in source.mappings]
    return _by_mapping(source, times, found)


def _by_mapping(source: Format, chosen: Sequence[str], found: str) -> str:
    branches = " ".join(
        f"WHEN {each.when} THEN {sql}" for each, sql in zip(source.mappings, chosen, strict=True)
    )
    return resolved(source, source.mappings, f"CASE {branches} END", found)


def groups_of(pattern: str) -> list[str]:
    """The named groups of a pattern, in order; every group of it must have a name."""
    return list(re.compile(pattern.replace("(?<", "(?P<")).groupindex)


def taken_over(mapping: EventMapping) -> list[str]:
    """The paths of which some field says all that stands there, so that they need not be kept."""
    return [
        path
        for sql in mapping.fields.values()
        if PLACEHOLDER.fullmatch(sql) or isinstance(sql, Restated)
        for path in paths_of(sql)
    ]


def unmapped(source: Format, mapping: EventMapping, record: str, found: str = "v") -> str:
    """SQL of what the mapping does not take over from a record, as JSON; null where nothing is.

    A path that enters a computed field is kept, unless the field says all that it says.
    """
    taken = taken_over(mapping)
    if source.pattern is not None:
        left = [name for name in groups_of(source.pattern) if name not in taken]
        if not left:
            return "NULL::VARCHAR"
        members = ", ".join(f"{literal(name)}: nullif({found}.{quoted(name)}, '')" for name in left)
        rest = f"json_merge_patch('{{}}', to_json({{{members}}}))::VARCHAR"
    else:
        rest = _without(record, taken)
    return f"nullif({rest}, '{{}}')"


def _without(record: str, taken: Iterable[str]) -> str:
    """SQL of a record without the values at some paths.

    An RFC 7386 merge patch with nulls removes them. It enters only objects that are there, since
    it would make one of anything else. What lies in a list is not removed.
    """
    tree: dict[str, Any] = {}
    for path in taken:
        if "[" not in path:
            *parents, last = (quoted_ or plain for quoted_, plain in SEGMENT.findall(path))
            node: dict[str, Any] | None = tree
            for parent in parents:
                node = node.setdefault(parent, {}) if node is not None else None
            if node is not None:
                node[last] = None
    if not tree:
        return record
    places: list[str] = []
    patch = _patch(tree, "$", places)
    if not places:
        return f"json_merge_patch({record}, {patch})::VARCHAR"
    types = f"json_type({record}, [{', '.join(map(literal, places))}])"
    removed = f"json_merge_patch({record}, {patch})::VARCHAR"
    return f"list_transform([{types}], lambda types: {removed})[1]"


def _patch(node: dict[str, Any], place: str, places: list[str]) -> str:
    """SQL of the patch of one object; ``places`` grows by the objects whose type it asks for."""
    plain = [f"{json.dumps(key)}:null" for key, inside in node.items() if inside is None]
    members = [literal(",".join(plain))] if plain else []
    for key, inside in node.items():
        if inside is not None:
            below = f'{place}."{key}"'
            places.append(below)
            is_object = f"types[{len(places)}] = 'OBJECT'"
            text = f"{literal(json.dumps(key) + ':')} || {_patch(inside, below, places)}"
            members.append(f"CASE WHEN {is_object} THEN {text} END")
    return f"('{{' || concat_ws(',', {', '.join(members)}) || '}}')"
