"""The entries of an incident's history, each of which says what it changed."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter

from analytics_pipeline.alerting.incidents.incident import Incident, IncidentEvent

FIELDS = tuple(field.name for field in fields(Incident))
_INCIDENT = TypeAdapter(Incident)


def as_json(incident: Incident) -> dict[str, Any]:
    """The fields of an incident as JSON has them; equal incidents give equal text."""
    written: dict[str, Any] = _INCIDENT.dump_python(incident, mode="json")
    written["source"]["upstream"].sort()
    written["labels"] = dict(sorted(written["labels"].items()))
    return written


def from_json(written: Mapping[str, Any]) -> Incident:
    """The incident whose fields these are."""
    return _INCIDENT.validate_python(dict(written))


def changed_fields(before: Incident | None, after: Incident) -> dict[str, Any]:
    """The fields that differ, as they are afterwards; all where there was no incident."""
    written = as_json(after)
    if before is None:
        return written
    return {name: written[name] for name in FIELDS if getattr(before, name) != getattr(after, name)}


def replayed(history: Iterable[IncidentEvent]) -> dict[str, Incident]:
    """The incidents that a history tells of, by id, as they are at its end."""
    written: dict[str, dict[str, Any]] = {}
    for event in history:
        of_incident = written.setdefault(event.incident_id, {})
        of_incident.update({k: v for k, v in event.details.items() if k in FIELDS})
    return {name: from_json(content) for name, content in written.items()}
