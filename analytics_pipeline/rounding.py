"""Numbers as people read them: rounded, and with their unit."""

from decimal import Decimal

SHARE = "share"
MINUTE, HOUR = 60, 3600
SECONDS = ("s", "s per day")
MONEY, CENTS = "USD", 0.1
# Smaller numbers would be written with an exponent.
SMALL = 1e-4


def number(value: float, unit: str | None = None) -> str:
    """A number in about three digits, as a percentage, a duration or money where that is its unit.

    Money is in two decimals, unless it is a part of a cent or so. The unit is not named.
    """
    if unit == SHARE:
        return percentage(value)
    if unit in SECONDS:
        return duration(value)
    if unit and unit.startswith(MONEY) and abs(value) >= CENTS:
        return f"{value:,.2f}"
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return _three_digits(value)


def percentage(share: float) -> str:
    """A share as a percentage, with more decimals near 0% and 100%."""
    percent = 100 * share
    if percent in (0, 100):
        return f"{percent:.0f}%"
    return f"{percent:.1f}%" if 1 <= abs(percent) <= 99 else f"{percent:.2f}%"


def duration(seconds: float) -> str:
    """A duration in its natural units, from milliseconds to hours."""
    if seconds == 0:
        return "0 s"
    if round(abs(seconds), 3) < 1:
        return f"{_three_digits(1000 * seconds)} ms"
    if round(abs(seconds), 1) < MINUTE:
        return f"{_three_digits(seconds)} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    if minutes < MINUTE:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / MINUTE), MINUTE)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _three_digits(value: float) -> str:
    if not value:
        return "0"
    if abs(value) < SMALL:
        return f"{Decimal(f'{value:.2e}'):f}"
    text = f"{value:#.3g}".rstrip(".")
    # What is rounded up to a thousand would be written with an exponent.
    return f"{float(text):,.0f}" if "e" in text else text


def change(value: float, relative: float | None, unit: str | None) -> str:
    """A change with its sign: in points for a share, else in percent where that is defined."""
    sign = "−" if value < 0 else "+"
    if unit == SHARE:
        points = abs(100 * value)
        return f"{sign}{points:.{1 if points >= 1 else 2}f} points"
    if relative is not None:
        return f"{sign}{abs(100 * relative):.1f}%"
    return f"{sign}{number(abs(value), unit)}"


def amount(value: float, unit: str | None) -> str:
    """A number with its unit: 12.4%, 3.20 s, 1,204 queries, 0.13 USD."""
    if unit in (None, SHARE, "s"):
        return number(value, unit)
    return f"{number(value)} {unit}"


def count(value: float, one: str, many: str) -> str:
    """A number of things with their name: 1 query, 1,204 queries."""
    return f"{number(value)} {one if value == 1 else many}"
