"""YAML files that are validated, with the line of every entry for the messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from analytics_pipeline.metrics.errors import Location, ProjectError, suggestion

Place = tuple[str | int, ...]
Form = TypeVar("Form", bound="Entry")

# The parser in C is ten times as quick, and part of PyYAML's wheels, yet not of every build.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Entry(BaseModel):
    """A mapping in a YAML file; unknown keys are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


@dataclass(frozen=True)
class YamlFile:
    """A parsed file: its data, and the line of every key and list item."""

    shown: str
    data: Any
    lines: dict[Place, int]

    def where(self, *place: str | int) -> Location:
        """The location of an entry, or of the nearest entry around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return Location(self.shown, self.lines.get(place))


def read_yaml(file: Path, shown: str) -> YamlFile:
    """Parse a YAML file; raises ProjectError where it is not YAML or has a key twice.

    ``shown`` is the path as messages name it.
    """
    try:
        loader = _Loader(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProjectError(f"{shown}: not a text in UTF-8: {error}.") from error
    try:
        node = loader.get_single_node()
        lines = dict(_lines((), node, shown)) if node else {}
        data = loader.construct_document(node) if node else {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ProjectError(f"{Location(shown, line)}: not valid YAML: {error.problem}.") from error
    finally:
        loader.dispose()
    return YamlFile(shown, data, lines)


def _lines(place: Place, node: yaml.Node, shown: str) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _lines((*place, number), item, shown)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line, name = key.start_mark.line + 1, str(key.value)
            if name in seen:
                raise ProjectError(f"{Location(shown, line)}: the key '{name}' stands twice.")
            seen.add(name)
            yield from _lines((*place, name), value, shown)
            yield (*place, name), line


def validated(form: type[Form], data: Any, file: YamlFile, place: Place = ()) -> Form:
    """Validate the data at a place of a file; raises ProjectError, a line for each wrong entry."""
    try:
        return form.model_validate(data)
    except ValidationError as error:
        problems = [
            f"{file.where(*place, *detail['loc'])}: {_problem(form, detail)}"
            for detail in error.errors()
        ]
        raise ProjectError("\n".join(problems)) from error


def _problem(form: type[Entry], detail: Any) -> str:
    key = detail["loc"][-1] if detail["loc"] else "the file"
    if detail["type"] == "extra_forbidden":
        return f"unknown key '{key}'; {suggestion(str(key), _keys(form))}"
    if detail["type"] == "missing":
        return f"the key '{key}' is missing."
    return f"{key}: {detail['msg']} (got {detail['input']!r})."


def _keys(form: type[Entry]) -> set[str]:
    """The keys of a form and of the forms of its entries."""
    keys = set(form.model_fields)
    for field in form.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Entry):
                keys |= _keys(kind)
    return keys
