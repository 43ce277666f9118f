"""docs/alert-rules.md: the bundled alert rules with their runbooks, and what a rule can say."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from analytics_pipeline.alerting.configuration import AlertsFile
from analytics_pipeline.alerting.declaration import THRESHOLDS, Rule
from analytics_pipeline.alerting.kinds.anomaly import Sensitivity
from analytics_pipeline.alerting.kinds.catalog import KINDS
from analytics_pipeline.alerting.metric_rule import MetricRule
from analytics_pipeline.alerting.ruleset import RULES_FOLDER, bundled_rules, read_rules
from analytics_pipeline.documentation.markdown import code, table
from analytics_pipeline.metrics.catalog import MetricDefinition, metric_catalog
from analytics_pipeline.metrics.tables import mart_tables, own_project
from analytics_pipeline.settings import Settings, Thresholds

INTRODUCTION = (
    "# Alert rules\n\nThe rules that come with the project, with what to look at first when one is "
    "violated, and all that a rule can say. [alerts.md](alerts.md) tells how to add one, and how "
    "to change or switch off one of these: by its name, in your `alerts.yml`. A limit such as "
    "`thresholds.hit_rate_min` is a [setting](settings.md#thresholds). Each rule is an asset check "
    "of the asset named beside it, evaluated for each event date.\n"
)
FIELDS = (
    "## What a rule can say\n\nA rule has the fields of [every rule](#every-rule), those of its "
    "kind and, where the kind says so, those that several kinds have.\n"
)
CODE = re.compile(r"`(\w+)`")
# What is told of a rule apart from its limits.
TOLD = {*Rule.model_fields, "metric", "relative_to", "slices", "where", "evidence", "min_evidence"}
SHARED: Mapping[type[Rule], tuple[str, str]] = {
    Rule: ("Every rule", "every-rule"),
    MetricRule: ("Over a metric", "over-a-metric"),
    Sensitivity: ("Far from usual", "far-from-usual"),
}
FIELD_HEADER = ["field", "default"]


def alert_rules_document() -> str:
    """The reference of alert rules, in Markdown."""
    owner = Settings.model_fields["owner"].default
    catalog = {metric.id: metric for metric in metric_catalog(own_project(), owner)}
    rules = read_rules(AlertsFile(), catalog, mart_tables(), bundled_rules())
    parts = [
        INTRODUCTION,
        table(["rule", "kind", "severity", "while all is well"], map(_contents_row, rules)),
    ]
    for subject, of_subject in groupby(rules, _subject):
        parts.append(f"## {subject}\n")
        parts += [_section(rule, catalog) for rule in of_subject]
    parts.append(FIELDS)
    parts += [_kind(name, form) for name, form in KINDS.items()]
    parts += [
        f"### {title}\n\n{_explained(form)}\n\n{_field_table(_own_fields(form))}"
        for form, (title, _) in SHARED.items()
    ]
    return "\n".join(parts)


def _subject(rule: Rule) -> str:
    """What the rules of a file are about: the comment at its top."""
    file = RULES_FOLDER / Path(bundled_rules()[rule.name].file.shown).name
    first = file.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("#").strip().rstrip(".")


def _contents_row(rule: Rule) -> list[str]:
    return [_link(rule.name), code(rule.kind), rule.severity, rule.description.strip()]


def _section(rule: Rule, catalog: Mapping[str, MetricDefinition]) -> str:
    facts = [
        f"Kind [{code(rule.kind)}](#kind-{rule.kind}), severity {rule.severity}, "
        + (f"on the asset {code(rule.about)}." if rule.about else "on the runs of every job.")
    ]
    if isinstance(rule, MetricRule):
        facts.append(f"Looks at {_looked_at(rule, catalog)}.")
        if rule.evidence:
            evidence = " and ".join(map(code, rule.evidence))
            facts.append(f"Evidence: at least {rule.min_evidence:g} of {evidence}.")
    own, of_kind = _limits(rule)
    said = [", ".join(own)] if own else []
    said += [f"as for all of its kind {', '.join(of_kind)}"] if of_kind else []
    if said:
        facts.append(f"Limits: {'; '.join(said)}.")
    if not rule.is_active:
        facts.append("Not evaluated until it has a `budget`.")
    return "\n".join(
        [
            f'<a id="rule-{rule.name}"></a>\n\n### {rule.name}\n\n{rule.description.strip()}\n',
            *(f"- {fact}" for fact in facts),
            f"\n{CODE.sub(_linked, rule.response.strip())}\n",
        ]
    )


def _looked_at(rule: MetricRule, catalog: Mapping[str, MetricDefinition]) -> str:
    metric = f"[{code(rule.metric)}](metrics.md#{rule.metric})"
    if rule.relative_to:
        name = f"{rule.mart}.{rule.relative_to}"
        other = f"[{code(name)}](metrics.md#{name})" if name in catalog else code(name)
        metric = f"{metric}, divided by {other}"
    each = f" of each {' and '.join(map(code, rule.slices))}" if rule.slices else ""
    return metric + each


def _limits(rule: Rule) -> tuple[list[str], list[str]]:
    """The fields that decide: those that the rule says, and those with a value of their kind."""
    own: list[str] = []
    of_kind: list[str] = []
    for name, field in type(rule).model_fields.items():
        value = getattr(rule, name)
        if name in TOLD or value in (None, (), "", {}) or (value == 0 and field.default == 0):
            continue
        said = f"{code(name)} {_valued(value)}"
        (own if name in rule.model_fields_set else of_kind).append(said)
    return own, of_kind


def _valued(value: Any) -> str:
    if isinstance(value, str) and value.startswith(THRESHOLDS):
        default = Thresholds.model_fields[value.removeprefix(THRESHOLDS)].default
        return f"{code(value)} ({default:g})"
    return _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return " ".join(map(code, value))
    return f"{value:g}" if isinstance(value, int | float) else code(value)


def _linked(found: re.Match[str]) -> str:
    """The name of a rule as a link to it, of a table with metrics as one to these."""
    name = found[1]
    if name in bundled_rules():
        return _link(name)
    marts = {mart.name for mart in mart_tables().values()}
    return f"[{found[0]}](metrics.md#{name})" if name in marts else found[0]


def _link(rule: str) -> str:
    return f"[{code(rule)}](#rule-{rule})"


def _kind(name: str, form: type[Rule]) -> str:
    shared = [f"[{title.lower()}](#{anchor})" for kind, (title, anchor) in SHARED.items()
              if kind is not Rule and issubclass(form, kind)]  # fmt: skip
    also = f"\n\nAnd the fields of {' and '.join(shared)}." if shared else ""
    fields = {each: field for each, field in _own_fields(form).items() if each != "kind"}
    shown = f"\n\n{_field_table(fields)}" if fields else "\n"
    return f'<a id="kind-{name}"></a>\n\n### Kind {name}\n\n{_explained(form)}{also}{shown}'


def _explained(form: type[BaseModel]) -> str:
    """The docstring of a form without its lines on where in the code more stands."""
    paragraphs = inspect.cleandoc(form.__doc__ or "").replace("``", "`").split("\n\n")
    # That a rule is a rule says nothing to who reads what it can say.
    joined = (" ".join(each.split()) for each in paragraphs[form is Rule :])
    return "\n\n".join(each.partition(" Source: see ")[0] for each in joined)


def _own_fields(form: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields that a form adds to those it inherits, or gives another default."""
    inherited = [base for base in form.__mro__[1:] if issubclass(base, Rule)]
    known = {name: base.model_fields[name].default for base in reversed(inherited)
             for name in base.model_fields}  # fmt: skip
    return {
        name: field
        for name, field in form.model_fields.items()
        if name not in known or (name != "kind" and field.default != known[name])
    }


def _field_table(fields: Mapping[str, FieldInfo]) -> str:
    return table(FIELD_HEADER, _field_rows(fields.items()))


def _field_rows(fields: Iterable[tuple[str, FieldInfo]]) -> Iterable[Sequence[str]]:
    for name, field in fields:
        if field.is_required():
            meant = f": {field.description}" if field.description else ""
            yield [code(name), f"required{meant}"]
        elif field.default_factory is not None or field.default in (None, "", ()):
            yield [code(name), ""]
        else:
            yield [code(name), _shown(field.default)]
