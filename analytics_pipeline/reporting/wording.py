"""Numbers, names, times and texts as people read them."""

import re
from datetime import date, datetime

from analytics_pipeline.reporting.measure import SHARE, Number

MAX_TEXT = 160
MINUTE, HOUR = 60, 3600

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
ABBREVIATIONS = {"cpu": "CPU", "mae": "MAE", "rmse": "RMSE", "mase": "MASE"}
DURATION_CLASSES = {
    "0_s": "0 s",
    "under_1_min": "under 1 min",
    "1_to_5_min": "1 to 5 min",
    "5_to_15_min": "5 to 15 min",
    "15_to_30_min": "15 to 30 min",
    "30_to_60_min": "30 to 60 min",
    "60_min_or_more": "60 min or more",
}
LENGTH_CLASSES = {
    "under_50": "under 50 characters",
    "50_to_99": "50 to 99 characters",
    "100_or_more": "100 characters or more",
}
CLASSES = {"duration_class": DURATION_CLASSES, "length_class": LENGTH_CLASSES}
NO_DATA = {
    "hit_rate": "there are no such queries.",
    "average_response_time": "none of these queries states a response time.",
    "average": "the metric was measured in several units.",
    "queries": "the hour was not over when it was counted.",
}
"""Why a number of a row is missing, by the column of a list."""

STATUS_LEVELS = {
    "good": "Good",
    "attention": "Attention",
    "action": "Action needed",
    "no_data": "No data",
    "unknown": "Unknown",
}

# Control characters, and the marks that turn the direction of the text after them.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def number(value: Number, unit: str | None = None) -> str:
    """A number in about three digits, as a percentage or a duration where that is its unit."""
    if unit == SHARE:
        return percentage(value)
    if unit == "s":
        return duration(value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return _three_digits(value)


def percentage(share: Number) -> str:
    """A share as a percentage, with more decimals near 0% and 100%."""
    percent = 100 * share
    if percent in (0, 100):
        return f"{percent:.0f}%"
    return f"{percent:.1f}%" if 1 <= percent <= 99 else f"{percent:.2f}%"


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
    return f"{value:#.3g}".rstrip(".") if value else "0"


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
    words = name.replace("_", " ").split()
    first, *rest = [ABBREVIATIONS.get(word, word) for word in words] or [name]
    return " ".join([first[:1].upper() + first[1:], *rest])


def weekday(day: date) -> str:
    """The first three letters of the weekday."""
    return WEEKDAYS[day.weekday()][:3]


def long_date(day: date) -> str:
    """A date with its weekday, such as Tuesday, 10 November 2026."""
    return f"{WEEKDAYS[day.weekday()]}, {day.day} {MONTHS[day.month - 1]} {day.year}"


def short_date(day: date) -> str:
    """A date without its year, such as 10 Nov."""
    return f"{day.day} {MONTHS[day.month - 1][:3]}"


def clock(time: datetime) -> str:
    """The time of day, with seconds where it has some."""
    return f"{time:%H:%M:%S}" if time.second or time.microsecond else f"{time:%H:%M}"


def readable(text: str) -> str:
    """A text from the outside world, cut to MAX_TEXT characters, with control characters shown."""
    return visible(text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…")


def visible(text: str) -> str:
    """A text with control characters and marks of direction shown, so that it hides nothing."""
    return UNSEEN.sub(_picture, text)


def spoken(text: str, column: str) -> str:
    """A text of a column as people read it: a class in words, any other text made readable."""
    return CLASSES.get(column, {}).get(text) or readable(text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found.group())
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"
