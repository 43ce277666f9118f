"""Numbers, slices and days as the messages of alerts tell them."""

from collections.abc import Mapping
from datetime import date

from analytics_pipeline import rounding

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ABBREVIATIONS = {
    "cpu": "CPU", "p50": "P50", "p90": "P90", "p95": "P95", "p99": "P99", "api": "API",
}  # fmt: skip


def number(value: float) -> str:
    """A number as in reports, without the zeros at its end: 70, where it is 70.0 there."""
    text = rounding.number(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def worded(value: float, unit: str | None) -> str:
    """A value with its unit: a share as a percentage, a time in seconds as people say it."""
    match unit:
        case "share":
            return f"{number(100 * value)}%"
        case "s" if abs(value) >= 2 * 3600:
            return f"{number(value / 3600)} h"
        case "s" if abs(value) >= 120:
            return f"{number(value / 60)} min"
        case None | "" | "as reported":
            return number(value)
        case _ if " per " in unit:
            return f"{number(value)} {unit}"
        case _:
            return f"{number(value)} {unit}"


def told_unit(called: str, unit: str | None) -> str | None:
    """The unit as a message tells it: none where the name of the quantity has it already."""
    return None if called.startswith("Number of ") else unit


def worded_range(lower: float, upper: float, unit: str | None) -> str:
    """Two values with their unit once: 62–68%."""
    low, high = worded(lower, unit), worded(upper, unit)
    if low == high:
        return low
    low_number, low_unit = _parts(low)
    high_number, high_unit = _parts(high)
    if low_unit == high_unit:
        return f"{low_number}–{high_number}{high_unit}"
    return f"{low} to {high}"


def _parts(text: str) -> tuple[str, str]:
    end = next((at for at, sign in enumerate(text) if sign not in "0123456789.,-"), len(text))
    return text[:end], text[end:]


def compared(value: float, expected: float, against: str) -> str:
    """How a value compares: 45% lower than usual, 3.2 times as high as on the Mondays before."""
    if expected == 0:
        return f"where it is 0 {against}" if value else f"as {against}"
    ratio = value / expected
    if ratio >= 2:
        return f"{number(ratio)} times as high as {against}"
    percent = number(abs(100 * (ratio - 1)))
    if percent == "0":
        return f"as {against}"
    return f"{percent}% {'higher' if ratio > 1 else 'lower'} than {against}"


def quantity_of(column: str) -> str:
    """The name of a column as the beginning of a sentence."""
    first, *rest = [ABBREVIATIONS.get(word, word) for word in column.split("_")]
    return " ".join([first[:1].upper() + first[1:], *rest])


def of_slice(labels: Mapping[str, str]) -> str:
    """A slice as it follows the name of a quantity: `` of model small``; empty for the whole."""
    if not labels:
        return ""
    return " of " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in labels.items())


def weekday(day: date) -> str:
    """The name of the weekday."""
    return WEEKDAYS[day.weekday()]


def hour_range(first: int, last: int) -> str:
    """Hours of a day from the start of one to the end of another: 09:00 to 12:00."""
    return f"{first:02}:00 to {last + 1:02}:00"
