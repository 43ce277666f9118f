"""Reading a folder of samples in plain Python, and values as a mapping's texts give them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FORMATS = Path(__file__).parents[3] / "samples" / "formats"


def json_objects(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines, of an array, or of a single object."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        yield from map(json.loads, text.splitlines())
    else:
        content = json.loads(text)
        yield from content if isinstance(content, list) else [content]


def at(record: Mapping[str, Any], path: str) -> Any:
    """The value at a path of a record; None where there is none."""
    value: Any = record
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def as_read(texts: Mapping[str, str], numbers: tuple[str, ...]) -> dict[str, Any]:
    """Fields of a mapped record, with the named ones as numbers."""
    return {name: float(text) if name in numbers else text for name, text in texts.items()}
