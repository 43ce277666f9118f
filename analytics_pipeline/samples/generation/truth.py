"""What was generated: the counts and incidents that a computation over the files must find."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from analytics_pipeline.samples.generation.delivery import BAD_LINES, Marks
from analytics_pipeline.samples.generation.files import WrittenFile
from analytics_pipeline.samples.generation.incidents import Incident
from analytics_pipeline.samples.generation.lines import FIELDS
from analytics_pipeline.samples.generation.period import Flags, Ints, Period

TRUTH_FILE = "_truth.json"
NOTICE = (
    "Every event in this folder was generated for demonstration and test; none was observed. "
    "Names of users, teams, models, hosts and repositories are invented."
)


@dataclass
class Truth:
    """Counts that grow as chunks are generated."""

    period: Period
    by_type_and_day: dict[str, Ints] = field(init=False)
    hits_by_day: Ints = field(init=False)
    bad_by_reason: Counter[str] = field(default_factory=Counter)
    bad_by_day: Ints = field(init=False)
    numbered: Counter[str] = field(default_factory=Counter)
    late: int = 0
    duplicates: int = 0
    lost: int = 0
    spoiled: int = 0

    def __post_init__(self) -> None:
        def zeros() -> Ints:
            return np.zeros(self.period.days, dtype=np.int64)

        self.by_type_and_day = {event_type: zeros() for event_type in FIELDS}
        self.hits_by_day, self.bad_by_day = zeros(), zeros()

    def count(self, event_type: str, marks: Marks, spoiled: Ints) -> None:
        """Count events of one type; of the spoiled ones (not -1) their lines, which are bad."""
        good = spoiled < 0
        self.by_type_and_day[event_type] += self._per_day(marks.day[good])
        self.numbered[event_type] += len(spoiled)
        self.spoiled += int((~good).sum())
        self.count_bad(marks.day[~good], spoiled[~good])
        self.late += int((marks.late >= 0).sum())
        self.duplicates += int((marks.repeated >= 0).sum())

    def count_hits(self, day: Ints, hit: Flags) -> None:
        """Count cache hits."""
        self.hits_by_day += self._per_day(day[hit])

    def count_bad(self, day: Ints, reason: Ints) -> None:
        """Count bad lines."""
        self.bad_by_day += self._per_day(day)
        reasons = list(BAD_LINES)
        self.bad_by_reason.update(reasons[number] for number in reason.tolist())

    def _per_day(self, day: Ints) -> Ints:
        return np.bincount(day, minlength=self.period.days)

    def of_type(self, event_type: str) -> int:
        """How many events of a type there are."""
        return int(self.by_type_and_day[event_type].sum())

    @property
    def events(self) -> int:
        """Number of events, without second copies."""
        return sum(map(self.of_type, self.by_type_and_day))

    @property
    def bad_lines(self) -> int:
        """Number of bad lines."""
        return self.bad_by_reason.total()


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _of_day(truth: Truth, day: int) -> dict[str, int]:
    counts = {name: int(days[day]) for name, days in truth.by_type_and_day.items()}
    return {
        "events": sum(counts.values()),
        **counts,
        "cache_hits": int(truth.hits_by_day[day]),
        "bad_lines": int(truth.bad_by_day[day]),
    }


def truth_document(
    truth: Truth,
    parameters: dict[str, Any],
    incidents: list[Incident],
    files: dict[str, WrittenFile],
) -> str:
    """The truth file's JSON.

    ``by_date`` counts events under their own date whichever file brings them, and bad lines under
    the date of their file. Of the events that were drawn, ``lost_events`` never arrive and
    ``spoiled_events`` arrive as bad lines, both by incidents; neither count among ``events``.
    """
    document = {
        "generated": True,
        "notice": NOTICE,
        "made_by": "aicache-analytics generate",
        "parameters": parameters,
        "events": truth.events,
        "lines": sum(file.lines for file in files.values()),
        "lost_events": truth.lost,
        "spoiled_events": truth.spoiled,
        "late_events": truth.late,
        "duplicate_lines": truth.duplicates,
        "bad_lines": truth.bad_lines,
        "bad_lines_by_reason": {reason: truth.bad_by_reason[reason] for reason in BAD_LINES},
        "events_by_type": {name: truth.of_type(name) for name in truth.by_type_and_day},
        "incidents": [
            {
                "kind": incident.kind,
                "starts_at": _iso(truth.period.moment(incident.first_hour)),
                "ends_at": _iso(truth.period.moment(incident.last_hour)),
                "dates": [
                    day.isoformat()
                    for day in truth.period.dates_between(incident.first_hour, incident.last_hour)
                ],
                "affected": incident.affected,
                "labels": dict(incident.labels),
                "strength": incident.strength,
                "description": incident.description,
                "expected_alert": incident.expected_alert,
            }
            for incident in incidents
        ],
        "by_date": {
            day.isoformat(): _of_day(truth, number) for number, day in enumerate(truth.period.dates)
        },
        "files": {
            path: {"lines": file.lines, "bytes": file.bytes} for path, file in sorted(files.items())
        },
    }
    return json.dumps(document, indent=1) + "\n"
