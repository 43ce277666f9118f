"""How sources change the fields that they write, from a day on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analytics_pipeline.samples.generation.incidents import SCHEMA_DRIFT, Incident


@dataclass(frozen=True)
class Drift:
    """One release of a source: a field gets another name, and others with a fixed value come.

    ``renamed`` is never a required field: the lines stay valid.
    """

    event_type: str
    renamed: tuple[str, str]
    added: Mapping[str, str]

    @property
    def told(self) -> str:
        """The change in words."""
        before, after = self.renamed
        added = " and ".join(self.added)
        return f"{self.event_type} has {after} in place of {before}, and {added} besides"

    def of(self, members: str) -> str:
        """The SQL of a JSON object's members after the change."""
        before, after = self.renamed
        further = ", ".join(f"'{name}': '{value}'" for name, value in self.added.items())
        renamed = members.replace(f"'{before}': ", f"'{after}': ")
        return f"{renamed}, {further}"


_DRIFTS = (
    Drift("cache_store", ("response_size", "size_bytes"), {"region": "north", "codec": "zstd"}),
    Drift("cache_query", ("match_type", "match_kind"), {"index_version": "v2", "route": "direct"}),
    Drift("system_metric", ("unit", "unit_name"), {"agent": "collector-2", "sampling": "steady"}),
    Drift("ui_interaction", ("page", "screen"), {"viewport": "wide", "theme": "dark"}),
)


def drift(number: int) -> Drift:
    """The change that a numbered incident brings.

    Once every source has changed, the first changes again: names that were there get a number.
    """
    first = _DRIFTS[number % len(_DRIFTS)]
    cycle = number // len(_DRIFTS)
    if not cycle:
        return first
    _, after = first.renamed
    earlier = after if cycle == 1 else f"{after}_{cycle}"
    return Drift(
        first.event_type,
        (earlier, f"{after}_{cycle + 1}"),
        {f"{name}_{cycle + 1}": value for name, value in first.added.items()},
    )


def forms_over_time(
    incidents: Iterable[Incident], event_type: str, members: str
) -> list[tuple[int, str]]:
    """The members of an event type's JSON object, each form with the hour from which it is written.

    The first form is that from the beginning.
    """
    forms = [(0, members)]
    for incident in incidents:
        if incident.kind == SCHEMA_DRIFT and drift(incident.number).event_type == event_type:
            forms.append((incident.first_hour, drift(incident.number).of(forms[-1][1])))
    return forms
