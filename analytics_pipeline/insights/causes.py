"""The likely causes of an anomaly, the likeliest first: its slices, and what happened that day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analytics_pipeline.insights.anomalies import Anomaly
from analytics_pipeline.insights.contributions import Effect, unattributed
from analytics_pipeline.insights.headlines import HOUR, Headline
from analytics_pipeline.rounding import amount, number, percentage

MIN_CONTRIBUTION = 0.1
"""Share of the change that a slice must make up, and by which it must exceed its size."""

SHOWN_SLICES = 5
SHOWN_CHARACTERS = 40
EXACT = 1e-9
NONE = "(none)"


@dataclass(frozen=True)
class Coincidence:
    """Something that happened on a day: its kind (a value of the column cause), its name, and a
    sentence.
    """

    cause: str
    name: str
    sentence: str


@dataclass(frozen=True)
class Cause:
    """A likely cause; the fields are the columns of anomaly_causes."""

    cause: str
    sentence: str
    dimension: str | None = None
    slice: str | None = None
    slice_value: float | None = None
    slice_expected: float | None = None
    rate_effect: float | None = None
    mix_effect: float | None = None
    effect: float | None = None
    contribution: float | None = None


def likely_causes(
    anomaly: Anomaly,
    by_dimension: Mapping[str, Sequence[Effect]],
    coincidences: Sequence[Coincidence],
) -> list[Cause]:
    """The causes of an anomaly in the order of their rank; at least one where it has slices.

    ``by_dimension`` has the effects of all slices of each dimension that the metric is divided by.
    A slice is told where it makes up a tenth of the change, and a tenth more than its size: so a
    change that all slices share in proportion has no slice to blame. Slices are ranked by how much
    they exceed their size; what happened on the day comes after them; then, for each dimension with
    a slice that is told, the rest of its slices and what they do not make up.
    """
    change = anomaly.change
    divided = {name: _joined_hours(name, effects, change) for name, effects in by_dimension.items()}
    excess = [
        (effect.total / change - effect.size, name, effect)
        for name, effects in divided.items()
        for effect in effects
        if effect.total / change >= MIN_CONTRIBUTION
    ]
    notable = [each for each in excess if each[0] >= MIN_CONTRIBUTION]
    notable.sort(key=lambda each: (-each[0], each[1], each[2].slice))
    told = notable[:SHOWN_SLICES]
    causes = [_of_slice(anomaly, name, effect) for _, name, effect in told]
    if by_dimension and not told:
        causes.append(_everywhere(anomaly, sorted(by_dimension)))
    causes += [Cause(each.cause, each.sentence, slice=each.name) for each in coincidences]
    for name in dict.fromkeys(name for _, name, _ in told):
        of_dimension = [effect for _, other, effect in told if other == name]
        causes += _rest(anomaly, name, divided[name], of_dimension)
    return causes


def _joined_hours(dimension: str, effects: Sequence[Effect], change: float) -> list[Effect]:
    """Hours that follow each other, each with more of the change than twice its size, as one."""
    if dimension != HOUR:
        return list(effects)
    runs: list[list[Effect]] = []
    stood_out = False
    for hour in sorted(effects, key=lambda effect: effect.slice):
        stands_out = hour.total / change > 2 * hour.size
        if stands_out and stood_out:
            runs[-1].append(hour)
        else:
            runs.append([hour])
        stood_out = stands_out
    return [_as_one(run) if len(run) > 1 else run[0] for run in runs]


def _as_one(hours: Sequence[Effect]) -> Effect:
    first, last = int(hours[0].slice), int(hours[-1].slice)
    is_sum = hours[0].rate is None
    return Effect(
        f"{first:02d}-{last:02d}",
        _sum([hour.value for hour in hours]) if is_sum else None,
        _sum([hour.expected for hour in hours]) if is_sum else None,
        None if is_sum else _sum([hour.rate for hour in hours]),
        None if is_sum else _sum([hour.mix for hour in hours]),
        sum(hour.total for hour in hours),
        sum(hour.size for hour in hours),
        sum(hour.weight for hour in hours),
    )


def _sum(values: Sequence[float | None]) -> float:
    return sum(value or 0.0 for value in values)


def _of_slice(anomaly: Anomaly, dimension: str, effect: Effect) -> Cause:
    contribution = effect.total / anomaly.change
    return Cause(
        "slice",
        f"{_facts(anomaly.headline, dimension, effect)} {_makes_up(contribution)}.",
        dimension,
        effect.slice,
        effect.value,
        effect.expected,
        effect.rate,
        effect.mix,
        effect.total,
        contribution,
    )


def _facts(headline: Headline, dimension: str, effect: Effect) -> str:
    """What is different in a slice, as the beginning of a sentence."""
    name = slice_in_words(dimension, effect.slice)
    begun = name[:1].upper() + name[1:]
    if effect.rate is None:
        return (
            f"{begun}: {_named(headline, effect.value or 0.0)} instead of the usual "
            f"{_worded(headline, effect.expected or 0.0)};"
        )
    weights = (
        f"{percentage(effect.weight)} of the {headline.weight} instead of the usual "
        f"{percentage(effect.size)}"
    )
    if effect.value is None or effect.expected is None:
        return f"{begun}: {weights};"
    if abs(effect.mix or 0.0) > abs(effect.rate):
        return f"{begun}: {weights}, with {_named(headline, effect.value)};"
    return (
        f"{begun}: {_named(headline, effect.value)} instead of the usual "
        f"{_worded(headline, effect.expected)};"
    )


def _named(headline: Headline, value: float) -> str:
    """A value with the name of its metric, which a count has in its unit."""
    said = _worded(headline, value)
    if headline.behaviour == "count":
        return f"{said} {headline.unit}"
    return f"{headline.called} {said}"


def _worded(headline: Headline, value: float) -> str:
    if headline.behaviour == "count":
        return number(round(value))
    return amount(value, headline.unit)


def _makes_up(contribution: float) -> str:
    if contribution > 1:
        return "that makes up the whole change and more, of which others take a part back"
    return f"that makes up {_share(contribution)} of the change"


def _share(contribution: float) -> str:
    return f"{100 * contribution:.0f}%"


def _everywhere(anomaly: Anomaly, dimensions: Sequence[str]) -> Cause:
    names = _listed([name.replace("_", " ") for name in dimensions])
    called = anomaly.headline.called
    return Cause(
        "everywhere",
        f"{called[:1].upper()}{called[1:]}: it changed everywhere alike: by {names}, no single one "
        "makes up much more of the change than its size.",
    )


def _rest(
    anomaly: Anomaly, dimension: str, effects: Sequence[Effect], told: Sequence[Effect]
) -> list[Cause]:
    """The rows that complete a dimension to the whole change."""
    others = [effect for effect in effects if effect not in told]
    is_ratio = anomaly.headline.is_ratio
    rows = []
    if others:
        total = sum(effect.total for effect in others)
        share = total / anomaly.change
        rows.append(
            Cause(
                "other_slices",
                f"All others by {dimension.replace('_', ' ')} together make up {_share(share)} of "
                "the change.",
                dimension,
                rate_effect=_sum([effect.rate for effect in others]) if is_ratio else None,
                mix_effect=_sum([effect.mix for effect in others]) if is_ratio else None,
                effect=total,
                contribution=share,
            )
        )
    rest = unattributed(anomaly.change, effects)
    share = rest / anomaly.change
    if abs(share) > EXACT:
        rows.append(
            Cause(
                "unattributed",
                f"What is usual of all by {dimension.replace('_', ' ')} does not add up to what "
                f"is usual of the whole: that is {_share(share)} of the change.",
                dimension,
                effect=rest,
                contribution=share,
            )
        )
    return rows


def slice_in_words(dimension: str, name: str) -> str:
    """A slice as people say it: model gpt-4o, from 09:00 to 12:00, no team."""
    if dimension == HOUR:
        first, _, last = name.partition("-")
        return f"from {int(first):02d}:00 to {int(last or first) + 1:02d}:00 (UTC)"
    if dimension == "answer":
        return {"hit": "hits", "miss": "misses"}.get(name, name)
    words = dimension.replace("_", " ")
    shown = name if len(name) <= SHOWN_CHARACTERS else f"{name[: SHOWN_CHARACTERS - 1]}…"
    return f"no {words}" if name == NONE else f"{words} {shown}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
