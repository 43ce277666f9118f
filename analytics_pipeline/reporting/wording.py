"""Numbers, names, times and texts as people read them."""

import re
from datetime import date, datetime
from decimal import Decimal

from analytics_pipeline.reporting.measure import SHARE, Number
from analytics_pipeline.reporting.texts import texts

MAX_TEXT = 160
MINUTE, HOUR = 60, 3600
SECONDS = ("s", "s per day")
MONEY, CENTS = "USD", 0.1
# Smaller numbers would be written with an exponent.
SMALL = 1e-4
MAX_SENTENCE = 600
SENTENCES = ("recommendation", "sentence", "counterfactual", "assumption", "reason", "description")
"""Columns of which each text is a sentence or more of our own."""

# Control characters, and the marks that turn the direction of the text after them.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def number(value: Number, unit: str | None = None) -> str:
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


def percentage(share: Number) -> str:
    """A share as a percentage, with more decimals near 0% and 100%."""
    percent = 100 * share
    if percent in (0, 100):
        return f"{percent:.0f}%"
    return f"{percent:.1f}%" if 1 <= abs(percent) <= 99 else f"{percent:.2f}%"


def duration(seconds: Number) -> str:
    """A duration in its natural units, from milliseconds to hours."""
    if seconds == 0:
        return "0 s"
    if abs(seconds) < 1:
        return f"{_three_digits(1000 * seconds)} ms"
    if abs(seconds) < MINUTE:
        return f"{_three_digits(seconds)} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    if minutes < MINUTE:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / MINUTE), MINUTE)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _three_digits(value: Number) -> str:
    if not value:
        return "0"
    if abs(value) < SMALL:
        return f"{Decimal(f'{value:.2e}'):f}"
    return f"{value:#.3g}".rstrip(".")


def change(value: Number, relative: float | None, unit: str | None) -> str:
    """A change with its sign: in points for a share, else in percent where that is defined."""
    sign = "−" if value < 0 else "+"
    if unit == SHARE:
        points = abs(100 * value)
        return f"{sign}{points:.{1 if points >= 1 else 2}f} points"
    if relative is not None:
        return f"{sign}{abs(100 * relative):.1f}%"
    return f"{sign}{number(abs(value), unit)}"


def label(name: str) -> str:
    """The name of a column or a metric in words."""
    said = texts()
    if name in said.names:
        return said.names[name]
    words = name.replace("_", " ").split()
    first, *rest = [said.abbreviations.get(word, word) for word in words] or [name]
    return " ".join([first[:1].upper() + first[1:], *rest])


def weekday(day: date) -> str:
    """The first three letters of the weekday."""
    return texts().weekdays[day.weekday()][:3]


def long_date(day: date) -> str:
    """A date with its weekday, such as Tuesday, 10 November 2026."""
    said = texts()
    return f"{said.weekdays[day.weekday()]}, {day.day} {said.months[day.month - 1]} {day.year}"


def short_date(day: date) -> str:
    """A date without its year, such as 10 Nov."""
    return f"{day.day} {texts().months[day.month - 1][:3]}"


def clock(time: datetime) -> str:
    """The time of day, with seconds where it has some."""
    return f"{time:%H:%M:%S}" if time.second or time.microsecond else f"{time:%H:%M}"


def readable(text: str, length: int = MAX_TEXT) -> str:
    """A text from the outside world, cut to ``length``, with control characters shown."""
    return visible(text if len(text) <= length else text[: length - 1] + "…")


def visible(text: str) -> str:
    """A text with control characters and marks of direction shown, so that it hides nothing."""
    return UNSEEN.sub(_picture, text)


def spoken(text: str, column: str) -> str:
    """A text of a column as people read it: a class in words, any other text made readable."""
    known = texts().classes.get(column, {}).get(text)
    return known or readable(text, MAX_SENTENCE if column in SENTENCES else MAX_TEXT)


def _picture(found: re.Match[str]) -> str:
    code = ord(found.group())
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"
