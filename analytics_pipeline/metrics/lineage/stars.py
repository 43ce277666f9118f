"""Select items that stand for many columns: ``*``, ``table.*`` and ``columns(...)``."""

import re
from collections.abc import Callable, Iterable, Sequence

import duckdb
from sqlglot import exp

from analytics_pipeline.lake.table import literal
from analytics_pipeline.metrics.lineage.relation import NamedSources, Sources
from analytics_pipeline.metrics.lineage.scope import Scope

SourcesOf = Callable[[exp.Expr], Sources]


def expanded_star(
    star: exp.Star, columns: Iterable[NamedSources], sources_of: SourcesOf
) -> list[NamedSources]:
    """The columns of ``*`` with its exclude, replace and rename."""
    left_out = {item.name.lower() for item in star.args.get("except_") or ()}
    replaced = {item.alias.lower(): item.this for item in star.args.get("replace") or ()}
    renamed = {item.this.name.lower(): item.alias for item in star.args.get("rename") or ()}
    return [
        (renamed.get(name, name), sources_of(replaced[name]) if name in replaced else sources)
        for name, sources in columns
        if name not in left_out
    ]


def chosen_columns(columns: exp.Columns, scope: Scope, sources_of: SourcesOf) -> list[NamedSources]:
    """The columns that ``columns(...)`` chooses by a star, a list, a pattern or a lambda."""
    choice = columns.this
    if isinstance(choice, exp.Star):
        return expanded_star(choice, scope.star(), sources_of)
    if isinstance(choice, exp.Column) and isinstance(choice.this, exp.Star):
        return expanded_star(choice.this, scope.star(choice.table), sources_of)
    every = list(scope.star())
    if isinstance(choice, exp.Lambda):
        names = _names_where(every, choice.sql("duckdb"))
    elif isinstance(choice, exp.Literal):
        names = _names_where(every, f"lambda name: regexp_matches(name, {literal(choice.name)})")
    else:
        names = {item.name.lower() for item in choice.expressions or [choice]}
    return [(name, sources) for name, sources in every if name in names]


def columns_like(condition: exp.Expr, scope: Scope) -> list[NamedSources]:
    """The columns that ``* like 'pattern'`` stands for."""
    test = condition.copy()
    test.this.replace(exp.to_identifier("name"))
    every = list(scope.star())
    names = _names_where(every, f"lambda name: {test.sql('duckdb')}")
    return [(name, sources) for name, sources in every if name in names]


def name_of_chosen(alias: str, name: str, columns: exp.Columns) -> str:
    """The name of an item with ``columns(...)``; its alias may refer to groups of the pattern."""
    if "\\" in alias and isinstance(columns.this, exp.Literal):
        matched = re.search(columns.this.name, name)
        if matched:
            return matched.expand(alias.replace("\\0", "\\g<0>"))
    return alias or name


def _names_where(columns: Sequence[NamedSources], function: str) -> set[str]:
    """Names chosen by a function in SQL: DuckDB's own, so that patterns mean what they do there."""
    names = [name for name, _ in columns]
    with duckdb.connect(config={"threads": 1}) as connection:
        found = connection.execute(f"SELECT list_filter(?::VARCHAR[], {function})", [names])
        return set((found.fetchone() or [[]])[0])
