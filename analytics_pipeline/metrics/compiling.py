"""From models to queries: ephemeral models become common table expressions of the query."""

from dataclasses import dataclass

from analytics_pipeline.metrics.project import Model, Project, cte_of


@dataclass(frozen=True)
class CompiledModel:
    """The whole query of a model, over relations of the schema ``lake`` only.

    ``marts`` and ``tables`` name the relations: the models, and the tables and event dates, that
    it reads, also by way of ephemeral models. ``parts`` are the models whose SQL it contains, each
    with the line of the query at which that SQL starts, counted from 1.
    """

    model: Model
    sql: str
    marts: tuple[str, ...]
    tables: tuple[str, ...]
    parts: tuple[tuple[int, Model], ...]


def compiled(project: Project, name: str) -> CompiledModel:
    """Compile a model. Its query does not depend on the days: those are bound to the relations."""
    model = project.models[name]
    inlined = _ephemeral_models(project, model)
    lines: list[str] = []
    parts: list[tuple[int, Model]] = []

    def add(opening: str, part: Model, closing: str) -> None:
        lines.append(opening)
        parts.append((len(lines) + 1, part))
        lines.extend([*part.sql.split("\n"), closing])

    if inlined:
        lines.append("with")
        for number, part in enumerate(inlined, 1):
            add(f"{cte_of(part.name)} as (", part, ")," if number < len(inlined) else ")")
        add("select * from (", model, ")")
    else:
        parts.append((1, model))
        lines.extend(model.sql.split("\n"))
    together = [*inlined, model]
    return CompiledModel(
        model,
        "\n".join(lines),
        tuple(dict.fromkeys(ref for part in together for ref in part.refs if ref in project.marts)),
        tuple(dict.fromkeys(source for part in together for source in part.sources)),
        tuple(parts),
    )


def _ephemeral_models(project: Project, model: Model) -> list[Model]:
    """The ephemeral models that a model is made from, each after those it is made from itself."""
    found: dict[str, Model] = {}
    for ref in model.refs:
        upstream = project.models[ref]
        if upstream.materialized == "ephemeral":
            found.update((part.name, part) for part in _ephemeral_models(project, upstream))
            found[ref] = upstream
    return list(found.values())
