"""What is wrong in the folder of SQL, and where: a file and a line of it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from analytics_pipeline.errors import PipelineError


class ProjectError(PipelineError):
    """The folder of SQL is wrong; the message starts with the file and line to mend."""


@dataclass(frozen=True)
class Location:
    """A place in the folder: a path as people know it, a line and a column counted from 1."""

    path: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        known = (part for part in (self.path, self.line, self.column) if part is not None)
        return ":".join(map(str, known))


def problem_of(error: duckdb.Error) -> str:
    """What DuckDB says of a query, on one line and without the line of SQL that it quotes."""
    return " ".join(str(error).partition("\n\nLINE ")[0].split())


def suggestion(name: str, known: Iterable[str]) -> str:
    """End of a message about an unknown name: the nearest known one, or else all of them."""
    names = sorted(known)
    near = nearest(name, names)
    if near:
        return f"did you mean '{near}'?"
    return f"known are: {', '.join(names)}." if names else "there are none."


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like another, if any is like it."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return near[0] if near else None
