"""From a parsed query to the stored columns that each of its columns is made from.

sqlglot parses; the names are resolved here, because its own resolution does not follow named
windows, lateral queries, arguments of table functions, UNION BY NAME, UNPIVOT and columns().
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from analytics_pipeline.metrics.lineage.from_clause import join_to, read
from analytics_pipeline.metrics.lineage.relation import (
    LineageError,
    NamedSources,
    Relation,
    Sources,
    positional_union,
    union,
    union_by_name,
)
from analytics_pipeline.metrics.lineage.scope import Scope
from analytics_pipeline.metrics.lineage.select_item import select_item


def relation_of(query: exp.Expr, stored: Mapping[str, Relation]) -> Relation:
    """The columns that a query gives, of which ``stored`` are the tables by name, in lower case.

    Raises LineageError where a name is not known, or a part of the query is not understood.
    """
    return _query(query, Scope(stored, {}, _query))


def _query(query: exp.Expr, scope: Scope) -> Relation:
    for cte in _ctes(query):
        scope = replace(scope, ctes={**scope.ctes, cte.alias.lower(): _cte(query, cte, scope)})
    if isinstance(query, exp.SetOperation):
        return _set_operation(query, scope)
    if isinstance(query, exp.Select):
        return _select(query, scope)
    if isinstance(query, exp.Subquery | exp.Pivot | exp.Table | exp.Values):
        read(query, scope)
        return Relation.of(scope.star(), scope.unnamed())
    raise LineageError(f"{type(query).__name__.upper()} is not a query that can be followed")


def _ctes(query: exp.Expr) -> Sequence[exp.CTE]:
    with_ = query.args.get("with_")
    return with_.expressions if with_ else ()


def _cte(query: exp.Expr, cte: exp.CTE, scope: Scope) -> Relation:
    name, names = cte.alias.lower(), cte.alias_column_names
    recursive = isinstance(cte.this, exp.SetOperation) and query.args["with_"].recursive
    if not recursive:
        return scope.query(cte.this).named(name, names)
    found = scope.query(cte.this.this).named(name, names)
    while True:
        step = replace(scope.inside(), ctes={**scope.ctes, name: found})
        more = positional_union(found, _query(cte.this.expression, step)).named(name)
        if more == found:
            return found
        found = more


def _set_operation(query: exp.SetOperation, scope: Scope) -> Relation:
    left = scope.query(query.this)
    if isinstance(query, exp.Except):
        return left
    right = scope.query(query.expression)
    by_name = query.args.get("by_name")
    return union_by_name(left, right) if by_name else positional_union(left, right)


def _select(select: exp.Select, scope: Scope) -> Relation:
    from_ = select.args.get("from_")
    if from_:
        read(from_.this, scope)
    for join in select.args.get("joins") or ():
        join_to(join, scope)
    for lateral in select.args.get("laterals") or ():
        read(lateral, scope)
    scope.windows = {window.name.lower(): window for window in select.args.get("windows") or ()}
    columns: list[NamedSources] = []
    others: list[Sources] = []
    for item in select.expressions:
        given, unnamed = select_item(item, scope)
        columns.extend(given)
        others.extend([] if unnamed is None else [unnamed])
        if isinstance(item, exp.Alias):
            scope.aliases.update((name.lower(), sources) for name, sources in given)
    return Relation.of(columns, union(others) if others else None)
