"""PIVOT and UNPIVOT, as statements of their own and after a table of FROM."""

from collections.abc import Callable, Sequence

from sqlglot import exp

from analytics_pipeline.metrics.lineage.relation import (
    NOTHING,
    NamedSources,
    Relation,
    Sources,
    union,
)

Chosen = Callable[[exp.Expr], Sequence[NamedSources]]
SourcesOf = Callable[[exp.Expr], Sources]


def unpivoted(relation: Relation, pivot: exp.Pivot, chosen: Chosen) -> Relation:
    """The columns that UNPIVOT gives: what it leaves, the name, and the values.

    The name holds names of columns, not their values, so it has no sources. ``chosen`` gives the
    columns that an item such as ``columns(...)`` stands for.
    """
    into = pivot.args.get("into")
    field = next((field for field in pivot.args.get("fields") or () if field.this), None)
    if field:
        name, entries = field.this.name, field.expressions
        value_items = [item for given in pivot.expressions for item in given.expressions or [given]]
        values = [item.name for item in value_items]
    else:
        name, entries = (into.this.name if into else "name"), pivot.expressions
        values = [item.name for item in into.expressions] if into else ["value"]
    groups = [group for entry in entries for group in _groups(entry, chosen)]
    taken = {column for group in groups for column, _ in group}
    return Relation.of(
        [
            *((column, sources) for column, sources in relation.columns if column not in taken),
            (name, NOTHING),
            *(
                (value, union(group[number][1] for group in groups if number < len(group)))
                for number, value in enumerate(values)
            ),
        ]
    )


def _groups(entry: exp.Expr, chosen: Chosen) -> list[Sequence[NamedSources]]:
    """The columns that become one row together: several where there are several values."""
    item = entry.this if isinstance(entry, exp.Alias | exp.PivotAlias) else entry
    if isinstance(item, exp.Tuple):
        return [[column for part in item.expressions for column in chosen(part)]]
    return [[column] for column in chosen(item)]


def pivoted(relation: Relation, pivot: exp.Pivot, sources_of: SourcesOf) -> Relation:
    """The columns that PIVOT gives: the groups, and an aggregate for each of the listed values.

    Each aggregate is made from its own columns and from those whose values make the names, which
    it is filtered by. Without a list of values, the names are not known.
    """
    fields = pivot.args.get("fields") or pivot.expressions
    aggregates = pivot.args.get("using") or pivot.expressions
    by = union(sources_of(_pivot_column(field)) for field in fields)
    made = [(_suffix(item, len(aggregates)), sources_of(item) | by) for item in aggregates]
    columns = _groups_of_pivot(relation, pivot, [*fields, *aggregates])
    if not all(isinstance(field, exp.In) and field.expressions for field in fields):
        return Relation.of(columns, union(sources for _, sources in made))
    prefixes = [""]
    for field in fields:
        values = [item.alias_or_name or item.name for item in field.expressions]
        prefixes = [f"{prefix}_{value}" for prefix in prefixes for value in values]
    for prefix in prefixes:
        columns.extend((prefix[1:] + suffix, sources) for suffix, sources in made)
    return Relation.of(columns)


def _pivot_column(field: exp.Expr) -> exp.Expr:
    return field.this if isinstance(field, exp.In) else field


def _suffix(aggregate: exp.Expr, aggregates: int) -> str:
    if aggregate.alias:
        return f"_{aggregate.alias}"
    return f"_{aggregate.sql('duckdb').lower()}" if aggregates > 1 else ""


def _groups_of_pivot(
    relation: Relation, pivot: exp.Pivot, used: Sequence[exp.Expr]
) -> list[NamedSources]:
    group = pivot.args.get("group")
    if group:
        wanted = [item.name.lower() for item in group.expressions]
        return [(name, relation.find(name) or NOTHING) for name in wanted]
    names = {column.name.lower() for item in used for column in item.find_all(exp.Column)}
    return [(name, sources) for name, sources in relation.columns if name not in names]
