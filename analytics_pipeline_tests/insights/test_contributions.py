"""The effects of slices add up to the change of the whole, whatever the slices."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.insights.contributions import (
    Part,
    ratio_effects,
    sum_effects,
    unattributed,
)

amounts = st.floats(0, 1e6).map(lambda amount: round(amount, 6))
names = st.sampled_from("abcdef")
sums = st.dictionaries(names, amounts.map(Part), max_size=6)


@st.composite
def shares(draw: st.DrawFn) -> Part:
    cases = draw(st.integers(0, 100_000))
    return Part(float(draw(st.integers(0, cases))), float(cases))


ratios = st.dictionaries(names, shares(), max_size=6)


def ratio(parts: dict[str, Part]) -> float | None:
    cases = math.fsum(part.denominator or 0 for part in parts.values())
    return math.fsum(part.numerator for part in parts.values()) / cases if cases else None


@given(sums, sums)
def test_effects_on_a_sum_add_up(actual: dict[str, Part], usual: dict[str, Part]) -> None:
    effects = sum_effects(actual, usual)
    change = math.fsum(p.numerator for p in actual.values()) - math.fsum(
        p.numerator for p in usual.values()
    )
    assert math.fsum(effect.total for effect in effects) == pytest.approx(change, abs=1e-9)
    assert unattributed(change, effects) == pytest.approx(0, abs=1e-8)


@given(ratios, ratios)
def test_rate_and_mix_effects_add_up(actual: dict[str, Part], usual: dict[str, Part]) -> None:
    now, before = ratio(actual), ratio(usual)
    effects = ratio_effects(actual, usual)
    if now is None or before is None:
        assert effects == []
        return
    total = math.fsum((effect.rate or 0) + (effect.mix or 0) for effect in effects)
    assert total == pytest.approx(now - before, abs=1e-9)
    assert all(effect.total == (effect.rate or 0) + (effect.mix or 0) for effect in effects)


@given(sums, sums, amounts)
def test_an_unrelated_slice_changes_no_effect_on_a_sum(
    actual: dict[str, Part], usual: dict[str, Part], amount: float
) -> None:
    other = {"unrelated": Part(amount)}
    effects = {each.slice: each.total for each in sum_effects(actual, usual)}
    more = {each.slice: each.total for each in sum_effects({**actual, **other}, {**usual, **other})}
    assert more.pop("unrelated") == 0
    assert more == effects


@given(ratios, ratios)
def test_a_slice_without_cases_changes_no_effect_on_a_ratio(
    actual: dict[str, Part], usual: dict[str, Part]
) -> None:
    other = {"unrelated": Part(0.0, 0.0)}
    effects = ratio_effects(actual, usual)
    more = ratio_effects({**actual, **other}, {**usual, **other})
    assert [each for each in more if each.slice != "unrelated"] == effects
    assert all(each.total == 0 for each in more if each.slice == "unrelated")


def test_a_worse_rate_within_a_slice_is_a_rate_effect() -> None:
    usual = {"a": Part(80, 100), "b": Part(80, 100)}
    effects = {e.slice: e for e in ratio_effects({"a": Part(20, 100), "b": Part(80, 100)}, usual)}
    assert effects["a"].rate == pytest.approx(-0.3)
    assert effects["a"].mix == effects["b"].total == 0


def test_a_slice_that_grows_is_a_mix_effect() -> None:
    """All of the change comes from the weights: Kitagawa's formula, worked out by hand."""
    usual = {"good": Part(90, 100), "bad": Part(10, 100)}
    effects = {
        e.slice: e for e in ratio_effects({"good": Part(90, 100), "bad": Part(30, 300)}, usual)
    }
    assert all(effect.rate == 0 for effect in effects.values())
    # Weights go from 1/2 to 1/4 and from 1/2 to 3/4; the ratio from 0.5 to 0.3, 0.4 on average.
    assert effects["good"].mix == pytest.approx(-0.25 * (0.9 - 0.4))
    assert effects["bad"].mix == pytest.approx(0.25 * (0.1 - 0.4))


def test_a_new_slice_has_no_rate_effect() -> None:
    effects = ratio_effects({"a": Part(50, 100), "b": Part(0, 100)}, {"a": Part(50, 100)})
    new = next(effect for effect in effects if effect.slice == "b")
    assert (new.expected, new.rate, new.size) == (None, 0, 0)
    assert new.total == pytest.approx(0.5 * (0 - (0.5 + 0.25) / 2))
