"""Errors of a model's query, told with the file, line and column that cause them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from analytics_pipeline.metrics.compiling import CompiledModel
from analytics_pipeline.metrics.errors import Location, ProjectError, problem_of
from analytics_pipeline.metrics.project import Model

PLACE = re.compile(r"^(?P<start>LINE (?P<line>\d+): )(?P<text>.*)\n(?P<before> *)\^", re.MULTILINE)
CUT = "..."


@contextmanager
def readable_errors(query: CompiledModel, lines_before: int) -> Iterator[None]:
    """Raise a ProjectError for a query that DuckDB refuses or that fails on a value.

    ``lines_before`` is the number of lines that stand before the compiled SQL in the statement.
    Errors of the machine (disk, memory) pass unchanged.
    """
    try:
        yield
    except (duckdb.ProgrammingError, duckdb.DataError) as error:
        text = str(error)
        at = PLACE.search(text)
        where = _location(query, at, int(at["line"]) - lines_before) if at else None
        raise ProjectError(f"{where or query.model.shown}: {problem_of(error)}") from error


def _location(query: CompiledModel, at: re.Match[str], line: int) -> Location | None:
    """The place in a model's file of a line of the compiled SQL, counted from 1."""
    started = [(start, part) for start, part in query.parts if start <= line]
    if not started:
        return None
    start, part = started[-1]
    written = part.sql.split("\n")
    if line - start >= len(written):
        return None
    text = written[line - start]
    near = line - start + 1
    number = _line_in_file(part, text, near)
    if number is None:
        return Location(part.shown, near)
    return Location(part.shown, number, _column(at, text))


def _line_in_file(part: Model, text: str, near: int) -> int | None:
    """The line of the file that reads like a rendered one; Jinja may have moved or changed it."""
    source = part.file.read_text(encoding="utf-8").split("\n")
    alike = [number for number, line in enumerate(source, 1) if line == text]
    return min(alike, key=lambda number: abs(number - near), default=None)


def _column(at: re.Match[str], line: str) -> int | None:
    """The column of a line, counted from 1, under which DuckDB puts its mark."""
    mark = len(at["before"]) - len(at["start"])
    if at["text"].startswith(CUT):
        shown = at["text"].removeprefix(CUT).removesuffix(CUT)
        begins = line.find(shown)
        return None if begins < 0 else begins + mark - len(CUT) + 1
    return mark + 1
