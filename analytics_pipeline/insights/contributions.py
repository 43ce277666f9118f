"""How much each slice of a dimension contributes to the change of a whole.

A sum changes by what its slices differ. A ratio changes because the ratio within a slice changes
(rate effect), and because slices weigh more or less than before (mix effect); both are told apart
by the decomposition of Kitagawa (1955), Components of a Difference Between Two Rates, which
leaves no interaction over: each effect is weighted by the mean of before and after. The mix
effect of a slice counts against the mean of the whole, so that a slice that grows contributes
what it is above it. The share of the change that a slice makes up is the explanatory power of
Bhagwan et al. (2014), Adtributor: Revenue Debugging in Advertising Systems.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A slice on a day: a numerator and its denominator, which is null for a part of a sum."""

    numerator: float
    denominator: float | None = None

    @property
    def ratio(self) -> float | None:
        """numerator / denominator, the value of a ratio; null without a denominator or where 0."""
        return self.numerator / self.denominator if self.denominator else None


NOTHING = Part(0.0, 0.0)


@dataclass(frozen=True)
class Effect:
    """What a slice contributes to a change, in the unit of the whole.

    ``total`` is the whole effect: of a ratio the sum of ``rate`` and ``mix``, which are null for a
    sum. ``size`` is the share of the whole that the slice is expected to be: of a sum its share of
    the value, of a ratio its share of the denominator. ``value`` and ``expected`` are the values
    of the metric in the slice, null where a ratio has no denominator.
    """

    slice: str
    value: float | None
    expected: float | None
    rate: float | None
    mix: float | None
    total: float
    size: float
    weight: float


def sum_effects(actual: Mapping[str, Part], expected: Mapping[str, Part]) -> list[Effect]:
    """The effect of every slice of a sum; a slice that is not in one of the two is 0 there.

    The effects add up to sum(actual) - sum(expected).
    """
    whole = sum(abs(part.numerator) for part in expected.values())
    whole_of_day = sum(abs(part.numerator) for part in actual.values())
    effects = []
    for name in sorted({*actual, *expected}):
        value = actual.get(name, NOTHING).numerator
        usual = expected.get(name, NOTHING).numerator
        size = abs(usual) / whole if whole else 0.0
        weight = abs(value) / whole_of_day if whole_of_day else 0.0
        effects.append(Effect(name, value, usual, None, None, value - usual, size, weight))
    return effects


def ratio_effects(actual: Mapping[str, Part], expected: Mapping[str, Part]) -> list[Effect]:
    """The rate and mix effect of every slice of a ratio of two sums.

    The effects add up to the difference of the two ratios. There are none where one of the
    denominators is 0 altogether.
    """
    of_day, usual = _whole(actual), _whole(expected)
    if of_day is None or usual is None:
        return []
    day_ratio, day_weight = of_day
    usual_ratio, usual_weight = usual
    mean_ratio = (day_ratio + usual_ratio) / 2
    effects = []
    for name in sorted({*actual, *expected}):
        now, before = actual.get(name, NOTHING), expected.get(name, NOTHING)
        weight_now = (now.denominator or 0.0) / day_weight
        weight_before = (before.denominator or 0.0) / usual_weight
        # A slice that was not there before has no rate that could have changed.
        rate_now = _first(now.ratio, before.ratio)
        rate_before = _first(before.ratio, now.ratio)
        rate = (rate_now - rate_before) * (weight_now + weight_before) / 2
        mix = (weight_now - weight_before) * ((rate_now + rate_before) / 2 - mean_ratio)
        effects.append(
            Effect(
                name,
                now.ratio,
                before.ratio,
                rate,
                mix,
                rate + mix,
                weight_before,
                weight_now,
            )
        )
    return effects


def _whole(parts: Mapping[str, Part]) -> tuple[float, float] | None:
    """The ratio and the denominator of all slices together; None where that is 0."""
    weight = sum(part.denominator or 0.0 for part in parts.values())
    if not weight:
        return None
    counted = (part.numerator for part in parts.values() if part.denominator)
    return sum(counted) / weight, weight


def _first(value: float | None, other: float | None) -> float:
    return value if value is not None else other if other is not None else 0.0


def unattributed(change: float, effects: Sequence[Effect]) -> float:
    """What of a change the slices do not make up.

    It is not 0 where the expectation of the whole is not made up of those of its slices, as
    medians are not, or where some of what the whole counts belongs to no slice.
    """
    return change - sum(effect.total for effect in effects)
