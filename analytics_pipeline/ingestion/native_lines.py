"""The SQL that opens a native line: a JSON object whose keys are the fields of its event type.

``json_transform`` reads all keys that the declaration names in one pass over the text. That
nothing else is in a line is seen by counting keys in a second one.
"""

import json
from typing import Any

from analytics_pipeline.events.declaration import EventType, Field, FieldType
from analytics_pipeline.events.tables import fields_of
from analytics_pipeline.ingestion.key_fields import TIME_PATHS
from analytics_pipeline.lake.table import literal, quoted

TEXTUAL = (FieldType.TEXT, FieldType.TIMESTAMP)
# The event type is known before a line is parsed, from the column of that name.
EVENT_TYPE = "event_type"


class NativeLines:
    """How the native lines of one event type are opened; the interface is parsing.Reading."""

    def __init__(self, event_type: EventType) -> None:
        self._event_type = event_type
        self._written = [field for field in fields_of(event_type) if field.name != EVENT_TYPE]
        self._nested: dict[str, list[Field]] = {}
        for field in filter(_is_nested, self._written):
            self._nested.setdefault(_root(field), []).append(field)

    def opened(self, lines: str) -> str:
        """SQL query that adds the parsed document to the lines."""
        places = ", ".join(literal(place) for place in ("$", *map(_place, self._nested)))
        return (
            f"SELECT *, {self._document()} AS d, json_keys(line, [{places}]) AS keys FROM {lines}"
        )

    def text(self, field: Field) -> str:
        """SQL of a field's text as its source wrote it.

        JSON is turned into text first: a cast from JSON would make 1.0 of true.
        """
        if field.name == EVENT_TYPE:
            return EVENT_TYPE
        if field.name == "timestamp":
            return f"coalesce({', '.join(f'd.{quoted(path)}' for path in TIME_PATHS)})"
        root, nested, rest = field.path.partition(".")
        if nested:
            return f"d.{quoted(root)}.{quoted(rest)}"
        return f"d.{quoted(root)}" if field.type in TEXTUAL else f"(d.{quoted(root)})::VARCHAR"

    def container_problem(self) -> str:
        """SQL of 'bad_type:path' for a text field that holds an object or a list, else null.

        A text may only begin like one: so these few are looked up in the document.
        """
        texts = [field for field in self._written if field.type is FieldType.TEXT]
        begins = " OR ".join(
            f"({self.text(field)} >= '{first}' AND {self.text(field)} < '{chr(ord(first) + 1)}')"
            for field in texts
            for first in "{["
        )
        looked_up = " ".join(
            f"WHEN json_type(line, '$.{field.path}') IN ('OBJECT', 'ARRAY') "
            f"THEN 'bad_type:{field.path}'"
            for field in texts
        )
        return f"CASE WHEN {begins} THEN CASE {looked_up} END END"

    def undeclared(self) -> str:
        """SQL of a line without what the declaration names, as JSON; null where nothing is left.

        An RFC 7386 merge patch with nulls removes what is declared.
        """
        plain = [field for field in self._written if not _is_nested(field)]
        present = [f"d.{quoted(field.path)} IS NOT NULL" for field in plain]
        present += [f"coalesce(len({self._keys_of(root)}) > 0, false)" for root in self._nested]
        others = [f"1 + {_number_of(present)} <> len(keys[1])"]
        for root, fields in self._nested.items():
            held = _number_of([f"{self.text(field)} IS NOT NULL" for field in fields])
            others.append(f"{held} <> coalesce(len({self._keys_of(root)}), 0)")
        emptied = ["{}", *(f'{{"{root}":{{}}}}' for root in self._nested)]
        left = f"json_merge_patch(line, {self._removal()})::VARCHAR"
        for text in emptied:
            left = f"nullif({left}, {literal(text)})"
        return f"CASE WHEN {' OR '.join(f'({other})' for other in others)} THEN {left} END"

    def _document(self) -> str:
        """SQL of the parsed document: each top-level key that the declaration names.

        Texts and times are taken as text. Anything else is taken as JSON, since the engine's own
        conversion would silently round 12.5 to 12 and make true of "yes".
        """
        members: dict[str, Any] = dict.fromkeys(TIME_PATHS, "VARCHAR")
        for field in self._written:
            if not _is_nested(field):
                members[field.path] = "VARCHAR" if field.type in TEXTUAL else "JSON"
        for root, fields in self._nested.items():
            members[root] = {field.path.partition(".")[2]: "VARCHAR" for field in fields}
        return f"json_transform(line, {literal(json.dumps(members))})"

    def _keys_of(self, root: str) -> str:
        """SQL of the keys of a nested object; null or empty where there is none."""
        return f"keys[{2 + list(self._nested).index(root)}]"

    def _removal(self) -> str:
        """SQL of the merge patch that removes what is declared.

        It enters a nested object only where there is one: it would make one of anything else.
        """
        plain = [EVENT_TYPE, *(field.path for field in self._written if not _is_nested(field))]
        parts = [literal(json.dumps(dict.fromkeys(plain)).removesuffix("}"))]
        for root, fields in self._nested.items():
            inside = json.dumps({root: dict.fromkeys(field.path.split(".")[1] for field in fields)})
            entry, null = literal(f", {inside[1:-1]}"), literal(f', "{root}": null')
            parts.append(
                f"CASE WHEN len({self._keys_of(root)}) > 0 THEN {entry} "
                f"WHEN json_type(line, {literal(_place(root))}) = 'NULL' THEN {null} ELSE '' END"
            )
        return f"({' || '.join(parts)} || '}}')"


def _place(root: str) -> str:
    return f"$.{root}"


def _number_of(conditions: list[str]) -> str:
    """SQL of how many of some conditions hold, none of which can be null."""
    return " + ".join(f"({condition})::UTINYINT" for condition in conditions) or "0"


def _root(field: Field) -> str:
    return field.path.partition(".")[0]


def _is_nested(field: Field) -> bool:
    return "." in field.path
