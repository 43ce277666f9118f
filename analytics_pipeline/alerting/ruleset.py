"""The alert rules of this process: those that come with the project, and the user's own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from analytics_pipeline.alerting.configuration import (
    AlertsFile,
    AlertsFileError,
    problem_of,
    read_alerts_file,
)
from analytics_pipeline.alerting.declaration import Rule
from analytics_pipeline.alerting.kinds.catalog import KINDS
from analytics_pipeline.alerting.metric_rule import FieldError, MetricRule
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.catalog import MetricDefinition, metric_catalog
from analytics_pipeline.metrics.errors import Location, ProjectError, suggestion
from analytics_pipeline.metrics.tables import current_project, mart_tables
from analytics_pipeline.metrics.yaml_file import Place, YamlFile, read_yaml
from analytics_pipeline.settings import Settings, current_settings
from analytics_pipeline.tables import all_tables

RULES_FOLDER = Path(__file__).parent / "rules"
RUNBOOK = "docs/alert-rules.md#rule-{name}"


@dataclass(frozen=True)
class Declared:
    """The fields of a rule as they were written, and where."""

    data: Mapping[str, Any]
    file: YamlFile
    place: Place
    overridden: "Declared | None" = None

    def where(self, field: str | None = None) -> Location:
        """The location of a field, or of the rule; of what the user wrote before what he left."""
        if field is not None and field not in self.data and self.overridden is not None:
            return self.overridden.where(field)
        return self.file.where(*self.place, *(() if field is None else (field,)))

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the rule, with those that it leaves as they were."""
        return {**(self.overridden.fields if self.overridden else {}), **self.data}


def current_rules() -> tuple[Rule, ...]:
    """The active rules of this process; raises AlertsFileError where one is wrong."""
    return rules_of(current_settings())


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """The active rules under these settings: the bundled ones by file, then the user's own.

    Raises AlertsFileError where a rule is wrong: a line for each wrong field, with file and line.
    """
    return tuple(rule for rule in all_rules(settings) if rule.is_active)


def all_rules(settings: Settings) -> tuple[Rule, ...]:
    """Like rules_of, with those that are switched off."""
    rules = read_rules(
        read_alerts_file(settings), _catalog(settings.owner), mart_tables(), bundled_rules()
    )
    return tuple(_with_runbook_address(rule, settings.alerting.runbook_base) for rule in rules)


def _with_runbook_address(rule: Rule, base: str | None) -> Rule:
    """The rule with a runbook that a message can link to, where the setting says how."""
    if base is None or not rule.runbook or "://" in rule.runbook:
        return rule
    return rule.model_copy(update={"runbook": f"{base.rstrip('/')}/{rule.runbook.lstrip('/')}"})


def read_rules(
    file: AlertsFile,
    catalog: Mapping[str, MetricDefinition],
    marts: Mapping[str, Table],
    bundled: Mapping[str, Declared],
) -> tuple[Rule, ...]:
    """The rules of a file of alerts and the bundled ones, validated against a catalog of metrics.

    A rule of the file with the name of a bundled one overrides fields of it; one of another kind
    takes its place. Raises AlertsFileError, with a line for each wrong field.
    """
    declared = dict(bundled)
    problems: list[str] = []
    own: set[str] = set()
    for entry in _entries(file):
        name = entry.data.get("name")
        if not isinstance(name, str):
            problems.append(f"{entry.where()}: the field 'name' is missing: each rule has one.")
            continue
        if name in own:
            problems.append(
                f"{entry.where('name')}: rule {name}: there are two rules of this name."
            )
        own.add(name)
        before = bundled.get(name)
        if before and entry.data.get("kind", before.data["kind"]) != before.data["kind"]:
            before = None
        declared[name] = Declared(entry.data, entry.file, entry.place, before)
    rules = []
    for name, entry in declared.items():
        try:
            rules.append(_rule(name, entry, catalog, marts))
        except AlertsFileError as error:
            problems.append(str(error))
    if problems:
        raise AlertsFileError("\n".join(problems))
    return tuple(rules)


@cache
def bundled_rules() -> Mapping[str, Declared]:
    """The rules that come with the project, by name."""
    found: dict[str, Declared] = {}
    for file in sorted(RULES_FOLDER.glob("*.yml")):
        shown = f"alerting/rules/{file.name}"
        try:
            parsed = read_yaml(file, shown)
        except ProjectError as error:
            raise AlertsFileError(str(error)) from error
        for number, data in enumerate(parsed.data):
            runbook = RUNBOOK.format(name=data["name"])
            found[data["name"]] = Declared({"runbook": runbook, **data}, parsed, (number,))
    return found


def _entries(file: AlertsFile) -> Iterator[Declared]:
    section = file.section("rules")
    if section.data is None:
        return
    if not isinstance(section.data, list):
        raise AlertsFileError(f"{section.file.where('rules')}: rules is a list of rules.")
    for number, data in enumerate(section.data):
        if not isinstance(data, dict):
            raise AlertsFileError(
                f"{section.file.where('rules', number)}: a rule is a mapping with name and kind."
            )
        yield Declared(data, section.file, ("rules", number))


def _rule(
    name: str,
    entry: Declared,
    catalog: Mapping[str, MetricDefinition],
    marts: Mapping[str, Table],
) -> Rule:
    fields = entry.fields
    if "kind" not in fields:
        raise AlertsFileError(
            f"{entry.where()}: rule {name}: the field 'kind' is missing, and no bundled rule has "
            f"this name; a kind is one of {', '.join(KINDS)}."
        )
    kind = fields["kind"]
    if kind not in KINDS:
        raise AlertsFileError(
            f"{entry.where('kind')}: rule {name}: kind '{kind}' is unknown; "
            f"{suggestion(str(kind), KINDS)}"
        )
    form = KINDS[kind]
    try:
        rule = form.model_validate(fields)
    except ValidationError as error:
        lines = [
            f"{entry.where(str(detail['loc'][0]) if detail['loc'] else None)}: rule {name}: "
            f"{problem_of(form, detail)}"
            for detail in error.errors()
        ]
        raise AlertsFileError("\n".join(lines)) from error
    if rule.asset is not None and rule.asset not in all_tables():
        raise AlertsFileError(
            f"{entry.where('asset')}: rule {name}: asset: there is no daily asset '{rule.asset}'; "
            f"{suggestion(rule.asset, all_tables())}"
        )
    if isinstance(rule, MetricRule):
        try:
            rule.bind(catalog, marts)
        except FieldError as error:
            said = str(error).rstrip(".?") + ("?" if str(error).endswith("?") else ".")
            raise AlertsFileError(
                f"{entry.where(error.field)}: rule {name}: {error.field}: {said}"
            ) from error
    return rule


@cache
def _catalog(owner: str) -> Mapping[str, MetricDefinition]:
    return {metric.id: metric for metric in metric_catalog(current_project(), owner)}
