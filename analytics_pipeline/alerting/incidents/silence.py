"""Silences: for a time, nobody is told of the incidents that they match."""

from dataclasses import dataclass
from datetime import datetime

from analytics_pipeline.alerting.incidents.incident import Incident
from analytics_pipeline.alerting.incidents.matching import Matcher, all_match


@dataclass(frozen=True)
class Silence:
    """Matchers that must all hold, from ``starts_at`` up to ``ends_at``."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    created_at: datetime

    def is_active(self, at: datetime) -> bool:
        """Whether it holds at a time."""
        return self.starts_at <= at < self.ends_at

    def silences(self, incident: Incident) -> bool:
        """Whether the incident is one of those that it is about."""
        return all_match(self.matchers, incident)
