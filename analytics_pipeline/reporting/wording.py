"""Names, times and texts as people read them."""

import re
from datetime import date, datetime

from analytics_pipeline.reporting.texts import texts

MAX_TEXT = 160
MAX_SENTENCE = 600
SENTENCES = ("recommendation", "sentence", "counterfactual", "assumption", "reason", "description")
"""Columns of which each text is a sentence or more of our own."""

# Control characters, and the marks that turn the direction of the text after them.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


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
