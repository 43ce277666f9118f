"""Durations as people write them, such as 30s, 1h30m or 2d."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
FORM = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def read_duration(value: Any) -> Any:
    """A duration from its text; raises ValueError where it is none."""
    if not isinstance(value, str):
        if isinstance(value, timedelta):
            return value
        raise ValueError("a duration has a unit, such as 30s, 15m, 1h30m or 2d")
    found = FORM.fullmatch(value.replace(" ", ""))
    if found is None or not any(found.groups()):
        raise ValueError(f"{value!r} is no duration, such as 30s, 15m, 1h30m or 2d")
    parts = zip(UNITS.values(), found.groups(), strict=True)
    return timedelta(**{unit: int(number) for unit, number in parts if number})


Duration = Annotated[timedelta, BeforeValidator(read_duration)]


def worded(duration: timedelta) -> str:
    """A duration for people, in its two largest units, such as ``3 h 20 min``."""
    minutes = round(duration.total_seconds() / 60)
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    while len(parts) > 1 and not parts[0][0]:
        parts = parts[1:]
    shown = [f"{number} {unit}" for number, unit in parts[:2] if number]
    return " ".join(shown) or "less than a minute"
