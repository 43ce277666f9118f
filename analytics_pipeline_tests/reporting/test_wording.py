"""How numbers, names and times read."""

from datetime import date, datetime

import pytest

from analytics_pipeline import rounding
from analytics_pipeline.reporting import wording


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, None, "0"), (1_234_567, None, "1,234,567"), (1234.5, None, "1,234"),
        (12.345, None, "12.3"), (12.0, None, "12.0"), (428.4, None, "428"), (0.0, None, "0"),
        (0.001234, None, "0.00123"),
        (7.956e-5, "USD", "0.0000796"), (-2e-7, None, "-0.000000200"), (-3.5, "points", "-3.50"),
        (0, "share", "0%"), (1, "share", "100%"), (0.8446, "share", "84.5%"),
        (0.0003, "share", "0.03%"), (0.9999, "share", "99.99%"), (0.5, "share", "50.0%"),
        (0, "s", "0 s"), (0.0197, "s", "19.7 ms"), (0.28, "s", "280 ms"), (1.834, "s", "1.83 s"),
        (59.4, "s", "59.4 s"), (60, "s", "1 min"), (1358, "s", "22 min 38 s"),
        (3599.7, "s", "1 h"), (17_100, "s", "4 h 45 min"),
    ],
)  # fmt: skip
def test_a_number_reads_in_its_unit(value: float, unit: str | None, text: str) -> None:
    assert rounding.number(value, unit) == text


@pytest.mark.parametrize(
    ("value", "relative", "unit", "text"),
    [
        (132, 0.109, "queries", "+10.9%"), (-1, -0.05, "users", "−5.0%"),
        (0.0095, 0.011, "share", "+0.95 points"), (-0.025, -0.03, "share", "−2.5 points"),
        (5, None, "queries", "+5"), (-0.2, None, "s", "−200 ms"),
    ],
)  # fmt: skip
def test_a_change_has_its_sign(value: float, relative: float | None, unit: str, text: str) -> None:
    assert rounding.change(value, relative, unit) == text


def test_names_and_times_read_as_words() -> None:
    assert wording.label("cpu_usage_p95") == "CPU usage p95"
    assert wording.label("p95_response_time") == "P95 response time"
    assert wording.label("mae") == "MAE"
    assert wording.long_date(date(2026, 11, 10)) == "Tuesday, 10 November 2026"
    assert wording.short_date(date(2026, 3, 9)) == "9 Mar"
    assert wording.clock(datetime(2026, 11, 10, 7, 5)) == "07:05"  # noqa: DTZ001
    assert wording.clock(datetime(2026, 11, 10, 7, 5, 9)) == "07:05:09"  # noqa: DTZ001


def test_a_text_from_outside_is_cut_and_its_unseen_characters_are_shown() -> None:
    assert wording.readable("a\nb\x1b\x7f\u202ec") == "a␊b␛��c"
    assert wording.readable("x" * 160) == "x" * 160
    assert wording.readable("x" * 161) == "x" * 159 + "…"
