"""What is expected of a day's validated events. To add one, add a declaration to declared()."""

from dataclasses import dataclass
from typing import Literal

from analytics_pipeline.settings import Thresholds

SUITE = "validated_events"


@dataclass(frozen=True)
class Tolerances:
    """How far a day may lie from the usual.

    Factors hold in both directions: 3 allows from a third to three times the usual. The rise of a
    null share is a difference of shares, that of the quiet time at the end of the day in hours.
    """

    volume_factor: float = 3
    mean_factor: float = 2
    null_share_rise: float = 0.2
    quiet_hours_rise: float = 6


@dataclass(frozen=True)
class Expectation:
    """The values of one column of the compared profile lie between two limits, inclusive.

    Null values are not judged. A breach of a ``critical`` expectation means that the data are
    wrong, of a ``warning`` that they are unusual.
    """

    name: str
    column: str
    description: str
    severity: Literal["critical", "warning"]
    minimum: float | None = None
    maximum: float | None = None


def declared(thresholds: Thresholds, tolerances: Tolerances) -> tuple[Expectation, ...]:
    """The expectations of volume, null share, distribution and freshness, in this order."""
    volume, mean = tolerances.volume_factor, tolerances.mean_factor
    rise, quiet = tolerances.null_share_rise, tolerances.quiet_hours_rise
    return (
        Expectation(
            "volume",
            "all_events",
            f"The day has at least {thresholds.min_events:,} events.",
            "critical",
            minimum=thresholds.min_events,
        ),
        Expectation(
            "usual_volume",
            "events_to_usual",
            "Each event type, and all together, has between "
            f"{1 / volume:.3g} and {volume:g} times its usual number of events.",
            "warning",
            minimum=1 / volume,
            maximum=volume,
        ),
        Expectation(
            "required_fields",
            "required_null_share",
            "No event lacks a required field.",
            "critical",
            maximum=0,
        ),
        Expectation(
            "usual_null_share",
            "null_share_rise",
            f"No field is missing in {rise:.0%} more of the events than usual.",
            "warning",
            maximum=rise,
        ),
        Expectation(
            "declared_limits",
            "outside_share",
            "No value lies outside of the limits that its field is declared with.",
            "critical",
            maximum=0,
        ),
        Expectation(
            "usual_mean",
            "mean_to_usual",
            "The mean of each field (of a text, its length; of a boolean, the share that is true) "
            f"is between {1 / mean:.3g} and {mean:g} times the usual.",
            "warning",
            minimum=1 / mean,
            maximum=mean,
        ),
        Expectation(
            "usual_freshness",
            "quiet_hours_rise",
            f"The last event comes at most {quiet:g} hours earlier in the day than usual.",
            "warning",
            maximum=quiet,
        ),
    )
