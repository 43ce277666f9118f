"""The column lineage of a mart, computed once for a query and the columns of its tables."""

import hashlib
import json
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ValidationError

from analytics_pipeline.lake.lake import publish_text
from analytics_pipeline.metrics.compiling import compiled
from analytics_pipeline.metrics.declared_columns import EVENT_DATE
from analytics_pipeline.metrics.lineage.lineage import ColumnLineage, column_lineage
from analytics_pipeline.metrics.project import EVENT_DATES, Project

_known: dict[str, ColumnLineage] = {}


class _Stored(BaseModel):
    key: str
    lineage: ColumnLineage


def mart_lineage(project: Project, name: str, folder: Path | None = None) -> ColumnLineage:
    """The columns of marts, seeds and source tables from which each column of a mart is made.

    Views are looked through; the calendar of event dates is no asset, so it does not
    appear. What was computed is kept for the process, and in ``folder``, one file a mart, which
    is written anew when the query, the columns of a table, sqlglot or the rules of lineage change.
    """
    query = compiled(project, name)
    every = table_columns(project)
    tables = {name: every[name] for name in (*(ref.name for ref in query.reads), *query.seeds)}
    columns = list(project.marts[name].declared.where)
    asked = json.dumps([version("sqlglot"), _rules(), query.sql, columns, tables])
    key = hashlib.sha256(asked.encode()).hexdigest()
    if key not in _known:
        file = folder / f"{name}.json" if folder else None
        found = _read(file, key) if file else None
        if found is None:
            found = column_lineage(query.sql, columns, tables, not_followed=[EVENT_DATES])
            if file:
                _write(file, key, found)
        _known[key] = found
    return _known[key]


def table_columns(project: Project) -> dict[str, list[str]]:
    """The columns of every table and seed that a model may read, by its name."""
    columns = {n: [*table.column_names, EVENT_DATE] for n, table in project.tables.items()}
    seeds = {name: list(seed.columns) for name, seed in project.seeds.items()}
    return {**columns, **seeds, EVENT_DATES: [EVENT_DATE]}


def _read(file: Path, key: str) -> ColumnLineage | None:
    try:
        stored = _Stored.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None
    return stored.lineage if stored.key == key else None


def _write(file: Path, key: str, lineage: ColumnLineage) -> None:
    # What cannot be kept is computed again: no reason to fail a run that has written its marts.
    with suppress(OSError):
        publish_text(file, _Stored(key=key, lineage=lineage).model_dump_json())


@cache
def _rules() -> str:
    """A fingerprint of the modules that follow columns, so that a change of theirs is seen."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(module.read_bytes() for module in modules)).hexdigest()
