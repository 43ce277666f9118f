"""The documents that follow from declarations: docs/events.md and docs/settings.md.

Run ``python -m analytics_pipeline.documentation`` to write them anew.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from analytics_pipeline.events.catalog import COMMON_FIELDS, EVENT_TYPES
from analytics_pipeline.events.declaration import Field
from analytics_pipeline.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"

SETTINGS_INTRODUCTION = (
    "A setting comes from the environment, or else from the TOML file that `AICACHE_CONFIG` "
    "names (`aicache-analytics.toml` in the working directory where it is unset), or else has "
    "its default. All are validated when a process starts. A list in the environment is "
    "written as JSON.\n"
)


def events_document() -> str:
    """The reference of event types, in Markdown."""
    parts = [
        "# Events\n\nEach line of a file is one JSON object. Fields that no table here names are "
        "kept in the column `extra`. A required field that is absent or null, or a value that is "
        "not of its type or lies outside its limits, quarantines the line.\n",
        "## Common fields\n\n" + _field_table(COMMON_FIELDS),
    ]
    parts += [
        f"## {kind.name}\n\n{kind.description}\n\n{_field_table(kind.fields)}"
        for kind in EVENT_TYPES
    ]
    return "\n".join(parts)


def _field_table(fields: tuple[Field, ...]) -> str:
    rows = ["| field | type | required | meaning |", "|---|---|---|---|"]
    for field in fields:
        limits = [f"in {field.unit}"] if field.unit else []
        limits += [f"at least {field.minimum:g}"] if field.minimum is not None else []
        limits += [f"at most {field.maximum:g}"] if field.maximum is not None else []
        limits += [f"one of {', '.join(field.accepted)}"] if field.accepted else []
        limits += [f"column `{field.name}`"] if field.path != field.name else []
        meaning = field.description + (f" ({'; '.join(limits)})" if limits else "")
        required = "yes" if field.required else ""
        rows.append(f"| `{field.path}` | {field.type.value} | {required} | {meaning} |")
    return "\n".join(rows) + "\n"


def settings_document() -> str:
    """The reference of settings, in Markdown."""
    rows = [
        "# Settings\n",
        SETTINGS_INTRODUCTION,
        "| setting | environment | default | meaning |",
        "|---|---|---|---|",
    ]
    for path, default, description in _settings_of(Settings, ()):
        variable = "AICACHE_" + "__".join(path).upper()
        rows.append(f"| `{'.'.join(path)}` | `{variable}` | `{default}` | {description} |")
    return "\n".join(rows) + "\n"


def _settings_of(
    model: type[BaseModel], prefix: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    for name, field in model.model_fields.items():
        path = (*prefix, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _settings_of(field.annotation, path)
        else:
            default = "number of cores" if name == "threads" else field.default
            yield path, default, field.description or ""


def main() -> None:
    """Write the documents."""
    DOCS.mkdir(exist_ok=True)
    (DOCS / "events.md").write_text(events_document(), encoding="utf-8")
    (DOCS / "settings.md").write_text(settings_document(), encoding="utf-8")


if __name__ == "__main__":
    main()
