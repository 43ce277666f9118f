"""Incidents that are planted into generated events, and told in the truth file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from analytics_pipeline.samples.generation.period import Flags, Ints

HIT_RATE_DROP = "hit_rate_drop"
LATENCY_REGRESSION = "latency_regression"
ERROR_BURST = "error_burst"
TRAFFIC_SURGE = "traffic_surge"
OUTAGE = "outage"
HOST_SATURATION = "host_saturation"
COST_SPIKE = "cost_spike"
NEW_ERROR_TEMPLATE = "new_error_template"
DELIVERY_FAILURES = "delivery_failures"
QUARANTINE_BURST = "quarantine_burst"
CLOCK_SKEW = "clock_skew"
SCHEMA_DRIFT = "schema_drift"
MISSING_DATA = "missing_data"
SEASONAL_SURGE = "seasonal_surge"


@dataclass(frozen=True)
class Incident:
    """What happens from the start of one hour to the start of another.

    ``affected`` is told in words; ``labels`` name the affected slices. ``strength`` is the factor
    by which the affected quantity is multiplied; but of an error burst, of failing deliveries, of
    truncated and of missing lines it is a share, of a saturated host the percentage points of CPU
    usage that are added, of a new error the number of its lines, of a skewed clock the hours by
    which it is off, of a drifting schema the number of fields that change. ``number`` counts the
    incidents of a kind from 0. ``expected_alert`` is false for what is normal.
    """

    kind: str
    first_hour: int
    last_hour: int
    affected: str
    strength: float
    description: str
    number: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    expected_alert: bool = True

    def during(self, hours: Ints) -> Flags:
        """Whether each numbered hour lies in the incident."""
        return (hours >= self.first_hour) & (hours < self.last_hour)


def of_kind(incidents: list[Incident], kind: str) -> list[Incident]:
    """The incidents of a kind."""
    return [incident for incident in incidents if incident.kind == kind]


def during_any(incidents: Iterable[Incident], hours: Ints) -> Flags:
    """Whether each numbered hour lies in one of the incidents."""
    found = np.zeros(len(hours), dtype=np.bool_)
    for incident in incidents:
        found |= incident.during(hours)
    return found
