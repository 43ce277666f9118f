"""The stored columns whose values flow into an expression."""

from collections.abc import Callable, Iterator

from sqlglot import exp

from analytics_pipeline.metrics.lineage.relation import NOTHING, LineageError, Sources, union
from analytics_pipeline.metrics.lineage.scope import Scope
from analytics_pipeline.metrics.lineage.stars import chosen_columns


def expression_sources(node: exp.Expr, scope: Scope) -> Sources:
    """The sources of an expression: of its columns, subqueries, windows and so on."""
    for kind, sources_of in _KINDS.items():
        if isinstance(node, kind):
            return sources_of(node, scope)
    return _of_parts(node, scope)


def _of_parts(node: exp.Expr, scope: Scope) -> Sources:
    return union(expression_sources(part, inner) for part, inner in _parts(node, scope))


def _of_column(column: exp.Column, scope: Scope) -> Sources:
    if isinstance(column.this, exp.Star):
        return union(sources for _, sources in scope.star(column.table))
    return scope.column([part.name for part in column.parts])


def _of_columns(columns: exp.Columns, scope: Scope) -> Sources:
    if id(columns) in scope.chosen:
        return scope.chosen[id(columns)]
    found = chosen_columns(columns, scope, lambda node: expression_sources(node, scope))
    return union(sources for _, sources in found)


def _of_star(star: exp.Star, scope: Scope) -> Sources:
    if isinstance(star.parent, exp.Count):
        return NOTHING
    return union(sources for _, sources in scope.star())


def _of_exists(exists: exp.Exists, scope: Scope) -> Sources:
    """Whether a subquery has rows tells nothing of the values in them."""
    return NOTHING if isinstance(exists.this, exp.Query) else _of_parts(exists, scope)


def _of_dot(dot: exp.Dot, scope: Scope) -> Sources:
    """A field, or a function called like one, as in ``table.column.lower()``."""
    names = _dotted(dot)
    if names:
        return scope.column(names)
    is_field = isinstance(dot.expression, exp.Identifier)
    parts = [dot.this] if is_field else [dot.this, dot.expression]
    return union(expression_sources(part, scope) for part in parts)


def _dotted(node: exp.Expr) -> list[str]:
    """The names that a chain of names consists of; empty where it has other parts."""
    if isinstance(node, exp.Identifier):
        return [node.name]
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        names = _dotted(node.this)
        return [*names, node.expression.name] if names else []
    return []


def _of_position(position: exp.Expr, scope: Scope) -> Sources:
    columns = list(scope.star())
    number = int(position.name) if position.name.isdigit() else 0
    if not 1 <= number <= len(columns):
        raise LineageError(f"{position.sql('duckdb')} is not understood")
    return columns[number - 1][1]


_KINDS: dict[type[exp.Expr], Callable[..., Sources]] = {
    exp.Column: _of_column,
    exp.Identifier: lambda identifier, scope: scope.column([identifier.name]),
    exp.Columns: _of_columns,
    exp.Star: _of_star,
    exp.Query: lambda query, scope: scope.query(query).sources,
    exp.Exists: _of_exists,
    exp.Dot: _of_dot,
    exp.PositionalColumn: _of_position,
    exp.DataType: lambda *_: NOTHING,
}


def _parts(node: exp.Expr, scope: Scope) -> Iterator[tuple[exp.Expr, Scope]]:
    """The parts of an expression that hold values, each with the scope of its names."""
    if isinstance(node, exp.Lambda):
        yield node.this, scope.with_parameters([given.name for given in node.expressions])
        return
    if isinstance(node, exp.Comprehension):
        names = [node.expression, node.args.get("position")]
        inner = scope.with_parameters([name.name for name in names if name])
        yield node.args["iterator"], scope
        yield from ((part, inner) for part in (node.this, node.args.get("condition")) if part)
        return
    for place, value in node.args.items():
        if place == "alias" and isinstance(node, exp.Window):
            if value:
                yield _named_window(value, scope), scope
        elif not (place in ("alias", "this") and _is_label(node, place, value)):
            parts = value if isinstance(value, list) else [value]
            yield from ((part, scope) for part in parts if isinstance(part, exp.Expr))


def _is_label(node: exp.Expr, place: str, value: object) -> bool:
    """Whether a part of an expression is a name that it gives, not one that it reads."""
    if isinstance(node, exp.Alias):
        return place == "alias"
    named = isinstance(node, exp.PropertyEQ | exp.Kwarg | exp.Window)
    return named and place == "this" and isinstance(value, exp.Identifier | exp.Var)


def _named_window(name: exp.Expr, scope: Scope) -> exp.Window:
    found = scope.windows.get(name.name.lower())
    if found is None:
        raise LineageError(f"the window {name.name} is not known")
    return found
