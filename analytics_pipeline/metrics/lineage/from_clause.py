"""What FROM and JOIN read: tables, queries, functions, pivots."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from analytics_pipeline.metrics.lineage.expression import expression_sources
from analytics_pipeline.metrics.lineage.pivots import pivoted, unpivoted
from analytics_pipeline.metrics.lineage.relation import (
    NOTHING,
    NamedSources,
    Relation,
    Sources,
    union,
)
from analytics_pipeline.metrics.lineage.scope import Scope
from analytics_pipeline.metrics.lineage.select_item import select_item
from analytics_pipeline.metrics.lineage.stars import chosen_columns


def read(item: exp.Expr, scope: Scope) -> None:
    """Add what an item of FROM reads to the relations of the scope."""
    pivots = item.args.get("pivots") or ()
    if isinstance(item, exp.Subquery) and isinstance(item.unnest(), exp.Table):
        # Joins in parentheses; without a name, what they read keeps its own.
        inner = scope if not (item.alias or pivots) else scope.inside()
        read(item.this, inner)
        if inner is not scope:
            scope.relations.append(Relation.of(inner.star(), inner.unnamed()).named(item.alias))
    else:
        scope.relations.append(_relation(item, scope))
    for pivot in pivots:
        scope.relations[-1] = _pivot(scope.relations[-1], pivot, scope)
    for join in item.args.get("joins") or ():
        join_to(join, scope)


def _relation(item: exp.Expr, scope: Scope) -> Relation:
    alias = item.args.get("alias")
    names = [column.name for column in alias.columns] if alias else []
    if isinstance(item, exp.Pivot):
        inner = scope.inside()
        read(item.this, inner)
        return _pivot(Relation.of(inner.star(), inner.unnamed()), item, scope)
    if isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier):
        return scope.table(item.name, item.db).named(item.alias_or_name, names, item.db)
    if isinstance(item, exp.Values):
        return _values(item, scope).named(item.alias, names)
    if isinstance(item, exp.Subquery):
        # DuckDB lets a query of FROM refer to what stands before it, with and without LATERAL.
        return scope.query(item.this).named(item.alias, names)
    if isinstance(item, exp.Lateral) and isinstance(item.this, exp.Subquery):
        return scope.query(item.this.this).named(item.alias, names)
    return _table_function(item, names, scope)


def _values(values: exp.Values, scope: Scope) -> Relation:
    columns = zip(*(row.expressions for row in values.expressions), strict=True)
    return Relation.of(
        (f"col{number}", union(expression_sources(cell, scope) for cell in cells))
        for number, cells in enumerate(columns)
    )


def _table_function(item: exp.Expr, names: Sequence[str], scope: Scope) -> Relation:
    """A function of FROM. Its columns are made from its arguments.

    ``unnest`` and ``range`` give one column, named like the alias; of others names are not known.
    """
    function = item.this if isinstance(item, exp.Table | exp.Lateral) else item
    sources = union(
        expression_sources(argument, scope)
        for argument in function.iter_expressions()
        if not isinstance(argument, exp.TableAlias) and argument is not function.args.get("offset")
    )
    if isinstance(function, exp.Unnest | exp.Explode | exp.GenerateSeries):
        kind = "range" if function.args.get("is_end_exclusive") else "generate_series"
        default = kind if isinstance(function, exp.GenerateSeries) else "unnest"
        columns = [(item.alias or default, sources)]
        offset = function.args.get("offset")
        if offset:
            columns.append((offset.name if isinstance(offset, exp.Expr) else "ordinality", NOTHING))
        return Relation.of(columns).named(item.alias, names)
    return Relation.of(((name, sources) for name in names), sources).named(item.alias)


def _pivot(relation: Relation, pivot: exp.Pivot, scope: Scope) -> Relation:
    inner = replace(scope.inside(), relations=[relation])

    def sources_of(node: exp.Expr) -> Sources:
        return expression_sources(node, inner)

    def chosen(item: exp.Expr) -> Sequence[NamedSources]:
        if isinstance(item, exp.Columns):
            return chosen_columns(item, inner, sources_of)
        return select_item(item, inner)[0]

    alias = pivot.args.get("alias")
    names = [column.name for column in alias.columns] if alias else []
    if pivot.args.get("unpivot"):
        found = unpivoted(relation, pivot, chosen)
    else:
        found = pivoted(relation, pivot, sources_of)
    return found.named(alias.name if alias else relation.name, names)


def join_to(join: exp.Join, scope: Scope) -> None:
    """Add what a join reads. A column of USING comes from the side that keeps all of its rows."""
    before = len(scope.relations)
    read(join.this, scope)
    if join.kind in ("SEMI", "ANTI"):
        del scope.relations[before:]
        return
    left, right = scope.relations[:before], scope.relations[before:]
    using = [identifier.name.lower() for identifier in join.args.get("using") or ()]
    if join.method == "NATURAL":
        of_left = {name for relation in left for name, _ in relation.columns}
        using = [name for relation in right for name, _ in relation.columns if name in of_left]
    for name in using:
        kept = scope.merged.get(name, _first(left, name))
        joined = _first(right, name)
        scope.merged[name] = {"RIGHT": joined, "FULL": kept | joined}.get(join.side, kept)


def _first(relations: Sequence[Relation], name: str) -> Sources:
    found = (relation.find(name) for relation in relations)
    return next((sources for sources in found if sources is not None), NOTHING)
