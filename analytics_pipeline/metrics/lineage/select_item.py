"""The columns that an item of a select list gives: one, or many."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlglot import exp

from analytics_pipeline.metrics.lineage.expression import expression_sources
from analytics_pipeline.metrics.lineage.relation import NamedSources, Sources
from analytics_pipeline.metrics.lineage.scope import Scope
from analytics_pipeline.metrics.lineage.stars import (
    chosen_columns,
    columns_like,
    expanded_star,
    name_of_chosen,
)


def select_item(item: exp.Expr, scope: Scope) -> tuple[list[NamedSources], Sources | None]:
    """The columns of an item of the select list, and the sources of those without known names."""
    if isinstance(item, exp.Star):
        return _star(item, "", scope)
    if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        if scope.is_relation(item.table):
            return _star(item.this, item.table, scope)
        # The fields of a struct, or of what unnest makes of it: known when the query runs.
        return [], scope.column([part.name for part in item.parts[:-1]])
    if isinstance(item, exp.Explode):
        return [], expression_sources(item, scope)
    return _named(item, scope), None


def _star(star: exp.Star, table: str, scope: Scope) -> tuple[list[NamedSources], Sources | None]:
    columns = scope.star(table)
    found = expanded_star(star, columns, lambda node: expression_sources(node, scope))
    return found, scope.unnamed(table)


def _named(item: exp.Expr, scope: Scope) -> list[NamedSources]:
    if isinstance(item, exp.Like | exp.ILike | exp.Glob) and isinstance(item.this, exp.Star):
        return columns_like(item, scope)
    several = [node for node in item.find_all(exp.Columns) if not node.args.get("unpack")]
    if several:
        return list(_items_of_columns(item, several, scope))
    name = item.alias_or_name or item.output_name or item.sql("duckdb")
    return [(name, expression_sources(item, scope))]


def _items_of_columns(
    item: exp.Expr, several: Sequence[exp.Columns], scope: Scope
) -> Iterator[NamedSources]:
    """An item that stands in the select list once for each column that columns() chooses."""
    choices = [
        chosen_columns(node, scope, lambda other: expression_sources(other, scope))
        for node in several
    ]
    for together in zip(*choices, strict=True):
        name = name_of_chosen(item.alias, together[0][0], several[0])
        chosen = {id(node): sources for node, (_, sources) in zip(several, together, strict=True)}
        yield name, expression_sources(item, replace(scope, chosen=chosen))
