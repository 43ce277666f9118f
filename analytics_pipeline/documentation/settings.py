"""docs/settings.md: every setting, its default and its meaning."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from analytics_pipeline.documentation.markdown import code, table
from analytics_pipeline.settings import Settings

INTRODUCTION = (
    "# Settings\n\nA setting comes from the environment, or else from the TOML file that "
    "`AICACHE_CONFIG` names (`aicache-analytics.toml` in the working directory where it is unset), "
    "or else has its default. All are validated when a process starts. A list in the environment "
    "is written as JSON.\n\nThe variable of a setting is `AICACHE_` and its name in capitals, with "
    "two underscores for a point: `engine.threads` is `AICACHE_ENGINE__THREADS`.\n"
)
# Defaults that are of the machine on which this is written.
DEFAULTS = {"engine.threads": "number of cores"}
HEADER = ["setting", "default", "meaning"]
ITEM_HEADER = ["key", "default", "meaning"]


def settings_document() -> str:
    """The reference of settings, in Markdown."""
    fields = Settings.model_fields
    groups = {name: group for name, field in fields.items() if (group := _group(field.annotation))}
    items = {name: item for name, field in fields.items() if (item := _item(field.annotation))}
    single = {n: field for n, field in fields.items() if n not in groups and n not in items}
    parts = [INTRODUCTION, table(HEADER, _rows("", single))]
    for name, group in groups.items():
        parts.append(
            f"## {name}\n\n{_purpose(group)}\n\n"
            + table(HEADER, _rows(f"{name}.", group.model_fields))
        )
    for name, item in items.items():
        head = f"[{name}.NAME]" if get_origin(fields[name].annotation) is dict else f"[[{name}]]"
        parts.append(
            f"## {name}\n\n{fields[name].description} In the TOML file each is a table "
            f"{code(head)} with these keys.\n\n" + table(ITEM_HEADER, _rows("", item.model_fields))
        )
    return "\n".join(parts)


def _group(annotation: Any) -> type[BaseModel] | None:
    """The group that a setting is, if it is one."""
    is_group = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_group else None


def _item(annotation: Any) -> type[BaseModel] | None:
    """The group of which a setting is a list or has one for each name, if it does."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _item(arguments[0])
    if origin is dict:
        return _group(arguments[1])
    return _group(arguments[0]) if origin in (tuple, list) else None


def _purpose(group: type[BaseModel]) -> str:
    return (group.__doc__ or "").split("\n\n", maxsplit=1)[0].replace("\n    ", " ")


def _rows(prefix: str, fields: dict[str, FieldInfo]) -> Iterator[list[str]]:
    for name, field in fields.items():
        path = prefix + name
        yield [code(path), DEFAULTS.get(path) or _default(field), _meaning(field)]


def _meaning(field: FieldInfo) -> str:
    accepted = _accepted(field.annotation)
    choices = f" One of {', '.join(map(code, accepted))}." if accepted else ""
    return (field.description or "") + choices


def _accepted(annotation: Any) -> list[str]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType, Annotated):
        return [value for each in arguments for value in _accepted(each)]
    return [str(value) for value in arguments] if str(origin) == "typing.Literal" else []


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None or value in ((), {}):
        return ""
    if isinstance(value, tuple):
        return " ".join(code(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{code(key)}: {code(each)}" for key, each in value.items())
    return code(str(value).lower() if isinstance(value, bool) else value)
