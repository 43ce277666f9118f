"""Which lines arrive late, which are sent twice, and which bad lines are mixed in."""

from dataclasses import dataclass

import numpy as np

from analytics_pipeline.samples.generation.demand import Demand
from analytics_pipeline.samples.generation.period import Flags, Ints

MOST_ARRIVALS = 5
LONGEST_DELAY_DAYS = 7

BAD_LINES = {
    "not_utf8": '{"event_type":"log_entry","timestamp":"{time}","level":"INFO",'
    '"message":"{bytes}"}',
    "not_json": '{"event_type":"cache_query","timestamp":"{time}","cache_hit":tr',
    "not_an_object": '["cache_query","{time}",true]',
    "unknown_event_type": '{"event_type":"cache_evict","timestamp":"{time}","cache_key":"k{n}"}',
    "missing_field": '{"event_type":"cache_query","timestamp":"{time}","query":"number {n}"}',
    "bad_timestamp": '{"event_type":"cache_query","timestamp":"noon","cache_hit":true}',
    "bad_type": '{"event_type":"cache_query","timestamp":"{time}","cache_hit":true,'
    '"prompt_tokens":"many"}',
    "out_of_range": '{"event_type":"cache_query","timestamp":"{time}","cache_hit":true,'
    '"response_time":-{n}}',
    "future_timestamp": '{"event_type":"cache_query","timestamp":"2999-01-01T00:00:00Z",'
    '"cache_hit":true}',
    "too_old": '{"event_type":"cache_query","timestamp":"1970-01-01T00:00:00Z","cache_hit":true}',
}
"""A line for each reason code; ``{time}``, ``{n}`` and ``{bytes}`` are replaced.

There is none for line_too_long: it would be longer than all other lines of a day.
"""


@dataclass(frozen=True)
class Marks:
    """For each event of a type: its day, and the arrival day of its late or repeated line.

    Days are numbered from 0; -1 stands for no late or repeated line.
    """

    day: Ints
    late: Ints
    repeated: Ints


@dataclass(frozen=True)
class Arrivals:
    """The days on which files with late and repeated lines arrive.

    For every day of the period: the day of the arrival that may carry its lines, -1 where none
    does; ``late_probability`` is that of an event of such a day.
    """

    late: Ints
    repeated: Ints
    late_probability: float
    repeated_probability: float

    def draw(self, day: Ints, good: Flags, rng: np.random.Generator) -> Marks:
        """Draw which events of these days are late, and which are sent twice; good ones only."""
        is_late = (rng.random(len(day)) < self.late_probability) & good
        is_repeated = (rng.random(len(day)) < self.repeated_probability) & good
        return Marks(
            day,
            np.where(is_late, self.late[day], -1),
            np.where(is_repeated, self.repeated[day], -1),
        )


def _probability(share: float, demand: Demand, carrier: Ints) -> float:
    daily = demand.weights.reshape(-1, 24).sum(axis=1)
    covered = float(daily[carrier >= 0].sum() / daily.sum())
    return min(1.0, share / covered) if covered else 0.0


def plan_arrivals(demand: Demand, late_share: float, duplicate_share: float) -> Arrivals:
    """Choose at most five arrival days, spread over the period.

    They carry lines of the week before. A single day has no day before it: nothing is late then,
    and repeated lines arrive on it.
    """
    days = demand.period.days
    late = np.full(days, -1, dtype=np.int64)
    if days > 1:
        arrivals = np.unique(np.linspace(days - 1, 0, MOST_ARRIVALS, endpoint=False).round())
        for arrival in arrivals[arrivals > 0].astype(int)[::-1]:
            late[max(0, arrival - LONGEST_DELAY_DAYS) : arrival] = arrival
    repeated = late if days > 1 else np.zeros(1, dtype=np.int64)
    return Arrivals(
        late,
        repeated,
        _probability(late_share, demand, late),
        _probability(duplicate_share, demand, repeated),
    )
