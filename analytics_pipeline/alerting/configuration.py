"""The user's file of rules, receivers and routes: read once, each key handed on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.metrics.errors import ProjectError, suggestion
from analytics_pipeline.metrics.yaml_file import Place, YamlFile, read_yaml
from analytics_pipeline.settings import Settings

DEFAULT_FILE = "alerts.yml"
# Every key that may stand at the top of the file. Who uses a key validates what stands under it.
KEYS = (
    "rules",
    "inhibit",
    "group_by",
    "receivers",
    "routes",
    "time_intervals",
    "maintenance",
    "defaults",
    "delivery",
)

Form = TypeVar("Form", bound=BaseModel)


class AlertsFileError(PipelineError):
    """A file of alerts is wrong; each line of the message starts with the file and its line."""


@dataclass(frozen=True)
class Section:
    """What stands under a key at the top of the file; ``data`` is None where the key is not there.

    ``file`` gives the line of each entry: ``section.file.where(*section.place, 0, "name")``.
    """

    key: str
    data: Any
    file: YamlFile

    @property
    def place(self) -> Place:
        """The place of the section in its file."""
        return (self.key,)


@dataclass(frozen=True)
class AlertsFile:
    """The content of the file by key; without any where there is no file."""

    shown: str = DEFAULT_FILE
    sections: Mapping[str, Section] = field(default_factory=dict)

    def section(self, key: str) -> Section:
        """What stands under one of KEYS."""
        return self.sections.get(key) or Section(key, None, YamlFile(self.shown, {}, {}))


def read_alerts_file(settings: Settings) -> AlertsFile:
    """Read the file that alerting.file names, or else alerts.yml in the working directory.

    Raises AlertsFileError where the setting names no file, or the file is not YAML, is no mapping
    or has a key that is none of KEYS.
    """
    file = settings.alerting.file
    if file is None:
        file = Path(DEFAULT_FILE)
        if not file.is_file():
            return AlertsFile()
    if not file.is_file():
        raise AlertsFileError(f"The setting alerting.file names {file}, which is not a file.")
    return parse_alerts_file(file, str(file))


def parse_alerts_file(file: Path, shown: str) -> AlertsFile:
    """Read a file of alerts; ``shown`` is its path as messages name it.

    Raises AlertsFileError as read_alerts_file does.
    """
    try:
        parsed = read_yaml(file, shown)
    except ProjectError as error:
        raise AlertsFileError(str(error)) from error
    content = {} if parsed.data is None else parsed.data
    if not isinstance(content, dict):
        raise AlertsFileError(
            f"{parsed.where()}: a file of alerts is a mapping with keys such as rules and routes."
        )
    for key in content:
        if key not in KEYS:
            raise AlertsFileError(
                f"{parsed.where(str(key))}: unknown key '{key}'; {suggestion(str(key), KEYS)}"
            )
    sections = {key: Section(key, data, parsed) for key, data in content.items()}
    return AlertsFile(shown, sections)


def validated(form: type[Form], data: Any, file: YamlFile, place: Place, called: str) -> Form:
    """Validate the data at a place of a file against a form that forbids unknown keys.

    ``called`` is what messages call it, such as ``rule hit_rate``. Raises AlertsFileError, with a
    line for each wrong field: file, line, name, field and what may stand there.
    """
    try:
        return form.model_validate(data)
    except ValidationError as error:
        problems = [
            f"{file.where(*place, *detail['loc'])}: {called}: {problem_of(form, detail)}"
            for detail in error.errors()
        ]
        raise AlertsFileError("\n".join(problems)) from error


def problem_of(form: type[BaseModel], detail: Any) -> str:
    """What pydantic found wrong, for people: the field and what may stand there."""
    path = ".".join(str(part) for part in detail["loc"])
    if not path:
        return f"{_said(detail)}."
    if detail["type"] == "extra_forbidden":
        known = form.model_fields if len(detail["loc"]) == 1 else ()
        return f"unknown field '{path}'; {suggestion(path, known)}"
    if detail["type"] == "missing":
        field_of = form.model_fields.get(path)
        meant = field_of.description if field_of else None
        return f"the field '{path}' is missing{f': {meant}' if meant else '.'}"
    return f"{path}: {_said(detail)} (got {detail['input']!r})."


def _said(detail: Any) -> str:
    message = str(detail["msg"]).removeprefix("Value error, ")
    return message.rstrip(".")
