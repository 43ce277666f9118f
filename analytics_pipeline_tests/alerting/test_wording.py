"""Numbers and comparisons as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.alerting.wording import (
    compared,
    number,
    of_slice,
    quantity_of,
    told_unit,
    worded,
    worded_range,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.3119, "share", "31.2%"),
        (0.0004, "share", "0.04%"),
        (1.0, "share", "100%"),
        (0.34567, "s", "0.346 s"),
        (300.0, "s", "5 min"),
        (9000.0, "s", "2.5 h"),
        (1234567.0, "queries", "1,234,567 queries"),
        (12.3456, "USD", "12.3 USD"),
        (-0.25, "share", "-25%"),
        (0.001234, None, "0.00123"),
        (0.0, "USD per query", "0 USD per query"),
        (87.5, "as reported", "87.5"),
    ],
)
def test_a_value_has_three_digits_and_its_unit(value: float, unit: str | None, text: str) -> None:
    assert worded(value, unit) == text


@given(st.floats(1e-9, 1e9))
def test_what_is_told_is_within_a_two_hundredth_of_the_value(value: float) -> None:
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=0.005)


def test_a_range_has_its_unit_once() -> None:
    assert worded_range(0.62, 0.683, "share") == "62–68.3%"
    assert worded_range(1, 2.5, "USD") == "1–2.5 USD"
    assert worded_range(0.5, 0.5, "share") == "50%"
    assert worded_range(60, 600, "s") == "60 s to 10 min"


@pytest.mark.parametrize(
    ("value", "expected", "text"),
    [
        (55.0, 100.0, "45% lower than usual"),
        (130.0, 100.0, "30% higher than usual"),
        (320.0, 100.0, "3.2 times as high as usual"),
        (100.0, 100.0, "as usual"),
        (3.0, 0.0, "where it is 0 usual"),
    ],
)
def test_a_value_is_compared_in_words(value: float, expected: float, text: str) -> None:
    assert compared(value, expected, "usual") == text


def test_names_are_told_in_words() -> None:
    assert quantity_of("p95_response_time") == "P95 response time"
    assert of_slice({"event_type": "span", "source": "a"}) == " of event type span, source a"
    assert (of_slice({}), told_unit("Number of queries", "queries")) == ("", None)
