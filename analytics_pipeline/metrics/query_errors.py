"""Errors of a model's query, told with the file and line that cause them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from analytics_pipeline.metrics.compiling import CompiledModel
from analytics_pipeline.metrics.errors import Location, ProjectError
from analytics_pipeline.metrics.project import Model


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
        at = re.search(r"^LINE (\d+):", text, re.MULTILINE)
        where = _location(query, int(at.group(1)) - lines_before) if at else None
        problem = " ".join(text.partition("\n\nLINE ")[0].split())
        raise ProjectError(f"{where or query.model.shown}: {problem}") from error


def _location(query: CompiledModel, line: int) -> Location | None:
    """The place in a model's file of a line of the compiled SQL, counted from 1."""
    started = [(start, part) for start, part in query.parts if start <= line]
    if not started:
        return None
    start, part = started[-1]
    written = part.sql.split("\n")
    if line - start >= len(written):
        return None
    return Location(part.shown, _line_in_file(part, written[line - start], line - start + 1))


def _line_in_file(part: Model, text: str, near: int) -> int:
    """The line of the file that reads like a rendered one; Jinja may have moved it."""
    source = part.file.read_text(encoding="utf-8").split("\n")
    alike = [number for number, line in enumerate(source, 1) if line == text]
    return min(alike, key=lambda number: abs(number - near), default=near)
