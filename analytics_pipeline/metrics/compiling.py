"""From models to queries: views become common table expressions of the query."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from analytics_pipeline.lake.table import quoted
from analytics_pipeline.metrics.project import Model, Project, Reference, cte_of

GIVEN_SCHEMA = "given"


@dataclass(frozen=True)
class CompiledModel:
    """The whole query of a model, over relations of ``lake``, ``history`` and ``seed`` only.

    ``marts`` and ``tables`` name the relations: the models, and the tables and event dates, that
    it reads, also by way of views; ``seeds`` the CSV files. ``parts`` are the models whose SQL it
    contains, each with the line of the query at which that SQL starts, counted from 1.
    """

    model: Model
    sql: str
    marts: tuple[Reference, ...]
    tables: tuple[Reference, ...]
    seeds: tuple[str, ...]
    parts: tuple[tuple[int, Model], ...]

    @property
    def reads(self) -> tuple[Reference, ...]:
        """The relations of the lake that it reads."""
        return (*self.marts, *self.tables)


def compiled(project: Project, name: str, given: Collection[str] = ()) -> CompiledModel:
    """Compile a model. Its query does not depend on the days: those are bound to the relations.

    The views of ``given`` are not made by their own SQL but read from relations ``given.NAME``.
    """
    model = project.models[name]
    views = _views(project, model, given)
    lines: list[str] = []
    parts: list[tuple[int, Model]] = []

    def add(opening: str, part: Model, closing: str) -> None:
        lines.append(opening)
        parts.append((len(lines) + 1, part))
        lines.extend([*part.sql.split("\n"), closing])

    if views:
        lines.append("with")
        for number, part in enumerate(views, 1):
            add(f"{cte_of(part.name)} as (", part, ")," if number < len(views) else ")")
        add("select * from (", model, ")")
    else:
        parts.append((1, model))
        lines.extend(model.sql.split("\n"))
    together = [*views, model]
    refs = list(dict.fromkeys(ref for part in together for ref in part.refs))
    return CompiledModel(
        model,
        "\n".join(lines),
        tuple(ref for ref in refs if ref.name in project.marts),
        tuple(dict.fromkeys(source for part in together for source in part.sources)),
        tuple(ref.name for ref in refs if ref.name in project.seeds),
        tuple(parts),
    )


def _views(project: Project, model: Model, given: Collection[str]) -> list[Model]:
    """The views that a model is made from, each after those that it is made from itself."""
    found: dict[str, Model] = {}
    for ref in model.refs:
        upstream = project.models.get(ref.name)
        if upstream is None or upstream.is_written:
            continue
        if ref.name in given:
            sql = f"select * from {GIVEN_SCHEMA}.{quoted(ref.name)}"
            found[ref.name] = replace(upstream, sql=sql, refs=(), sources=())
        else:
            found.update((part.name, part) for part in _views(project, upstream, given))
            found[ref.name] = upstream
    return list(found.values())
