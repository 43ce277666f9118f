"""The paths of landed files: how they are written, and in which order they come.

A path is relative to the landing zone, with forward slashes. It is text everywhere: a byte of a
name that is not UTF-8 is written ``\\xNN``, and a backslash of a name is doubled, so that two
files never share a path. Paths are compared component by component.
"""

import re
from typing import NamedTuple

UNPRINTABLE = re.compile(r"[\\\udc80-\udcff]")


class PathRange(NamedTuple):
    """The paths behind one, up to and with another; without limit where None."""

    after: str | None
    until: str | None


def components(path: str | None) -> list[str]:
    """What the order of paths compares."""
    return [] if path is None else path.split("/")


def within(path: str, after: str | None, until: str | None) -> bool:
    """Whether a path lies behind one path and not behind another."""
    place = components(path)
    return place > components(after) and (until is None or place <= components(until))


def printable(name: str) -> str:
    """A name as text; the opposite is ``native``."""
    if not UNPRINTABLE.search(name):
        return name
    return (
        name.replace("\\", "\\\\")
        .encode(errors="surrogateescape")
        .decode(errors="backslashreplace")
    )


def native(name: str) -> str:
    """The name that ``printable`` gave as text."""
    parts = re.split(r"(\\\\|\\x[0-9a-f]{2})", name)
    bytes_of = (
        part.encode() if not part.startswith("\\")
        else b"\\" if part == "\\\\"
        else bytes.fromhex(part[2:])
        for part in parts
    )  # fmt: skip
    return b"".join(bytes_of).decode(errors="surrogateescape")
