"""Numbers as people read them."""

import pytest

from analytics_pipeline.rounding import amount, change, count


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.1234, "share", "12.3%"),
        (0.9999, "share", "99.99%"),
        (1, "share", "100%"),
        (0.0123, "s", "12.3 ms"),
        (3.14159, "s", "3.14 s"),
        (4200, "s", "1 h 10 min"),
        (1204, "queries", "1,204 queries"),
        (0.13, "USD", "0.130 USD"),
        (1234.5, None, "1,234"),
        (0.0, None, "0"),
        (999.6, "queries", "1,000 queries"),
        (0.9997, "s", "1.00 s"),
        (59.97, "s", "1 min"),
    ],
)
def test_an_amount_has_about_three_digits_and_its_unit(
    value: float, unit: str | None, text: str
) -> None:
    assert amount(value, unit) == text


def test_a_count_has_the_name_of_its_things() -> None:
    assert [count(n, "day", "days") for n in (0, 1, 2000)] == ["0 days", "1 day", "2,000 days"]


def test_a_change_has_a_sign() -> None:
    assert change(-0.25, None, "share") == "−25.0 points"
    assert change(30.0, 0.3, "USD") == "+30.0%"
    assert change(2.0, None, "s") == "+2.00 s"
