"""Column lineage: the columns of stored tables from which each column of a mart is made.

A column is made from those whose values flow into its expression: also by way of a FILTER, a CASE,
a window or an order within an aggregate. Columns that only choose rows, in WHERE, QUALIFY, GROUP BY
or the condition of a join, are no part of it.
"""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict

from analytics_pipeline.metrics.lineage.relation import LineageError, Relation, Sources


class ColumnLineage(BaseModel):
    """For each column of a mart, the tables and columns it is made from, sorted.

    A column made from no stored column, such as a count of rows, has none. ``problem`` says why
    ``columns`` is empty, where a query could not be followed.
    """

    model_config = ConfigDict(frozen=True)

    columns: dict[str, list[tuple[str, str]]]
    problem: str | None = None


def column_lineage(
    sql: str,
    columns: Iterable[str],
    tables: Mapping[str, Iterable[str]],
    not_followed: Iterable[str] = (),
) -> ColumnLineage:
    """The lineage of the columns of a DuckDB query.

    ``tables`` are the columns of every table that the query may read, by the table's name without
    its schema; those of ``not_followed``, such as a calendar, are taken for constants. Never
    raises: a query that cannot be followed gives a lineage with a ``problem``.
    """
    try:
        found = _relation_of(sql, tables, set(not_followed))
        return ColumnLineage(columns={name: _sources(found, name) for name in columns})
    except LineageError as error:
        return ColumnLineage(columns={}, problem=f"{error}.")
    # sqlglot and what reads its trees meet any SQL that DuckDB takes; none may stop a mart.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".split("\n")[0]
        return ColumnLineage(columns={}, problem=f"the query could not be followed ({reason}).")


def _relation_of(sql: str, tables: Mapping[str, Iterable[str]], constant: set[str]) -> Relation:
    # Imported here, because it takes as long as all definitions to load.
    import sqlglot
    from sqlglot.errors import ParseError

    from analytics_pipeline.metrics.lineage.query import relation_of

    stored = {
        table.lower(): Relation.of(
            (column, Sources() if table in constant else Sources([(table, column)]))
            for column in columns
        )
        for table, columns in tables.items()
    }
    try:
        query = sqlglot.parse_one(sql, dialect="duckdb")
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        place = f" in line {first['line']} of the compiled SQL" if "line" in first else ""
        problem = first.get("description") or str(error)
        raise LineageError(f"sqlglot does not parse it: {problem.rstrip('.')}{place}") from error
    return relation_of(query, stored)


def _sources(relation: Relation, column: str) -> list[tuple[str, str]]:
    found = relation.find(column.lower())
    found = relation.others if found is None else found
    if found is None:
        raise LineageError(f"the query gives no column {column} by that name")
    return sorted(found)
