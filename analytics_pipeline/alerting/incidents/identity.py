"""What makes two findings the same trouble, and how an incident is called."""

import hashlib
import json
from collections.abc import Container, Mapping
from functools import lru_cache

from analytics_pipeline.alerting.incidents.incident import Incident, Report, Source

DIGITS = 12


def fingerprint(source: Source, labels: Mapping[str, str], *, dated: bool) -> str:
    """A short, stable hash of the rule, its asset and the labels of the finding.

    What a source reports of event dates is another trouble than what it reports without them:
    their order is another.
    """
    return _hash(source.rule, source.asset, tuple(sorted(labels.items())), dated)


def fingerprint_of(incident: Incident) -> str:
    """The fingerprint of the findings of an incident."""
    return fingerprint(incident.source, incident.labels, dated=incident.first_date is not None)


@lru_cache(maxsize=10_000)
def _hash(rule: str, asset: str, labels: tuple[tuple[str, str], ...], dated: bool) -> str:
    written = json.dumps([rule, asset, labels, dated], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:DIGITS]


def incident_id(print_: str, report: Report, taken: Container[str]) -> str:
    """The id of an incident that a report opens: its fingerprint and its first date, or time."""
    if report.event_date is not None:
        when = f"{report.event_date:%Y%m%d}"
    else:
        when = f"{report.evaluated_at:%Y%m%dT%H%M%S%f}"
    name = f"{print_}-{when}"
    number = 1
    while name in taken:
        number += 1
        name = f"{print_}-{when}.{number}"
    return name
