"""SQL that writes a value of any DuckDB type as JSON."""

from itertools import count
from typing import Any

from analytics_pipeline.ingestion.reading.json_object_sql import object_of
from analytics_pipeline.lake.table import literal


def json_of(  # noqa: PLR0911 - a case for each kind of type
    value: str, kind: Any, names: "count[int] | None" = None
) -> str:
    """SQL of the JSON of a value of a DuckDB type (a DuckDBPyType), null where it is null.

    Times are ISO 8601, those with a zone in UTC with Z (the session is in UTC); decimals keep
    their digits; bytes are text where they are UTF-8, else Base64. Members that are null are left
    out of an object, and are null in a list.
    """
    names = names or count()
    match kind.id:
        case "struct":
            fields = ((name, f"struct_extract({value}, {literal(name)})", child)
                      for name, child in kind.children)  # fmt: skip
            members = [(name, json_of(sql, child, names)) for name, sql, child in fields]
            return f"CASE WHEN {value} IS NOT NULL THEN {object_of(members)} END"
        case "list" | "array":
            item = f"item_{next(names)}"
            items = f"coalesce({json_of(item, kind.children[0][1], names)}, 'null')"
            return f"'[' || {_joined(value, item, items)} || ']'"
        case "map":
            item = f"item_{next(names)}"
            content = dict(kind.children)["value"]
            items = (
                f"to_json({item}.key::VARCHAR) || ':' || "
                f"coalesce({json_of(f'{item}.value', content, names)}, 'null')"
            )
            return f"'{{' || {_joined(f'map_entries({value})', item, items)} || '}}'"
        case "timestamp with time zone" | "timestamptz_ns":
            return f"'\"' || replace(replace({value}::VARCHAR, ' ', 'T'), '+00', 'Z') || '\"'"
        case "timestamp" | "timestamp_s" | "timestamp_ms" | "timestamp_ns":
            return f"'\"' || replace({value}::VARCHAR, ' ', 'T') || '\"'"
        case "decimal":
            return f"{value}::VARCHAR"
        case "float":
            # By way of the text, 0.1 stays 0.1.
            return f"to_json({value}::VARCHAR::DOUBLE)::VARCHAR"
        case "blob":
            return f"to_json(coalesce(TRY(decode({value})), base64({value})))::VARCHAR"
        case _:
            return f"to_json({value})::VARCHAR"


def _joined(values: str, item: str, text: str) -> str:
    return f"array_to_string(list_transform({values}, lambda {item}: {text}), ',')"
