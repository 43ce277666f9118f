"""Matchers, by which silences, inhibitions and routes choose incidents, as in Alertmanager."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from analytics_pipeline.alerting.incidents.incident import Incident
from analytics_pipeline.errors import PipelineError

Operator = Literal["=", "!=", "=~", "!~"]

# What every incident can be matched by; any other name is that of a label of its findings.
NAMES = ("rule", "asset", "group", "severity", "team", "owner")
LABEL = "labels."

_WRITTEN = re.compile(r"\s*(?P<name>[\w.]+)\s*(?P<operator>=~|!~|!=|=)\s*(?P<value>.*?)\s*", re.S)
_QUOTES = ('""', "''")


class MatcherError(PipelineError):
    """A matcher cannot be read; the message shows it and says how one is written."""


@dataclass(frozen=True)
class Matcher:
    """A condition on one property of an incident.

    ``name`` is one of NAMES or a label; ``labels.NAME`` is always the label. A label that the
    incident lacks is empty. A regular expression (``=~``, ``!~``) must match the whole value.
    """

    name: str
    operator: Operator
    value: str

    def __str__(self) -> str:
        quoted = '"' + self.value.replace('"', '\\"') + '"'
        return f"{self.name}{self.operator}{quoted}"

    def matches(self, properties: Mapping[str, str]) -> bool:
        """Whether it holds for properties as ``properties_of`` gives them."""
        actual = properties.get(self.name, "")
        match self.operator:
            case "=":
                return actual == self.value
            case "!=":
                return actual != self.value
            case "=~":
                return _pattern(self.value).fullmatch(actual) is not None
            case "!~":
                return _pattern(self.value).fullmatch(actual) is None


@lru_cache(maxsize=1000)
def _pattern(value: str) -> re.Pattern[str]:
    return re.compile(value)


def matcher(written: str) -> Matcher:
    """Read a matcher such as ``severity = ERROR`` or ``team =~ "search|ads"``.

    Raises MatcherError where it is none, or its regular expression is not valid.
    """
    parts = _WRITTEN.fullmatch(written)
    if parts is None:
        raise MatcherError(
            f"{written!r} is no matcher: write a name, one of = != =~ !~ and a value, "
            'such as severity = ERROR or team =~ "search|ads".'
        )
    name, value = parts["name"], parts["value"]
    if len(value) > 1 and value[0] + value[-1] in _QUOTES:
        value = value[1:-1].replace("\\" + value[0], value[0])
    operator: Operator = parts["operator"]  # type: ignore[assignment]
    if operator in ("=~", "!~"):
        try:
            _pattern(value)
        except re.error as error:
            raise MatcherError(
                f"{written!r}: {value!r} is no regular expression: {error}."
            ) from error
    return Matcher(name, operator, value)


def properties_of(incident: Incident) -> dict[str, str]:
    """What an incident is matched by: NAMES, and its labels, also as ``labels.NAME``.

    Where a label has one of NAMES for a name, as a slice by team has, the bare name is that of the
    source if the source has it.
    """
    source = incident.source
    own = {
        "rule": source.rule,
        "asset": source.asset,
        "group": source.group,
        "severity": incident.severity,
        "team": source.team,
        "owner": source.owner,
    }
    return {
        **{LABEL + name: value for name, value in incident.labels.items()},
        **own,
        **{name: value for name, value in incident.labels.items() if not own.get(name)},
    }


def all_match(matchers: Iterable[Matcher], incident: Incident) -> bool:
    """Whether every one of the matchers holds for the incident; true for none."""
    properties = properties_of(incident)
    return all(each.matches(properties) for each in matchers)
