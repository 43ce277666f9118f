"""What names mean at a place of a query."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from analytics_pipeline.metrics.lineage.relation import (
    LineageError,
    NamedSources,
    Relation,
    Sources,
    union,
)


@dataclass
class Scope:
    """The names of one SELECT, and by way of ``outer`` those of the queries around it.

    ``stored`` are the tables by name, ``ctes`` the common table expressions, ``relations`` what
    FROM and JOIN read, ``merged`` the columns that USING makes one of two, ``aliases`` those of
    earlier items of the select list, ``windows`` the named windows, ``parameters`` those of
    lambdas, ``chosen`` the column that stands for each ``columns(...)`` at the moment.
    ``read_query`` gives the columns of a query, for those that stand within.
    """

    stored: Mapping[str, Relation]
    ctes: Mapping[str, Relation]
    read_query: "Callable[[exp.Expr, Scope], Relation]"
    outer: "Scope | None" = None
    relations: list[Relation] = field(default_factory=list)
    merged: dict[str, Sources] = field(default_factory=dict)
    aliases: dict[str, Sources] = field(default_factory=dict)
    windows: dict[str, exp.Window] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()
    chosen: Mapping[int, Sources] = field(default_factory=dict)

    def inside(self) -> "Scope":
        """The scope of a query that stands in this one."""
        return Scope(self.stored, self.ctes, self.read_query, self)

    def query(self, query: exp.Expr) -> Relation:
        """The columns of a query that stands in this scope."""
        return self.read_query(query, self.inside())

    def with_parameters(self, names: Sequence[str]) -> "Scope":
        """The scope of a lambda's body."""
        return replace(self, parameters=self.parameters | {name.lower() for name in names})

    def table(self, name: str, schema: str) -> Relation:
        """The common table expression, or else the stored table, of that name."""
        found = None if schema else self.ctes.get(name.lower())
        found = found or self.stored.get(name.lower())
        if found is None:
            raise LineageError(f"the columns of the relation {name} are not known")
        return found.named(name, schema=schema)

    def column(self, parts: Sequence[str]) -> Sources:
        """The sources of a column, named as table.column, column.field and the like."""
        wanted = [part.lower() for part in parts]
        scope: Scope | None = self
        while scope is not None:
            found = scope._found(wanted)
            if found is not None:
                return found
            scope = scope.outer
        raise LineageError(f"the column {'.'.join(parts)} is not known")

    def star(self, table: str = "") -> Iterator[NamedSources]:
        """The columns that ``*``, or ``table.*``, stands for."""
        given: set[str] = set()
        for relation in self.relations:
            if table and relation.name != table.lower():
                continue
            for name, sources in relation.columns:
                if table or name not in self.merged:
                    yield name, sources
                elif name not in given:
                    given.add(name)
                    yield name, self.merged[name]

    def unnamed(self, table: str = "") -> Sources | None:
        """The sources of the columns that ``*`` stands for too, but whose names are not known."""
        opened = [
            relation.others
            for relation in self.relations
            if relation.others is not None and table.lower() in ("", relation.name)
        ]
        return union(opened) if opened else None

    def is_relation(self, name: str) -> bool:
        """Whether FROM or JOIN of this query read something under that name."""
        return any(relation.name == name.lower() for relation in self.relations)

    def _found(self, parts: Sequence[str]) -> Sources | None:
        first, last = parts[0], len(parts) - 1
        if first in self.parameters:
            return Sources()
        for relation in self.relations:
            if relation.name == first and last > 0:
                found = relation.find(parts[1])
                if found is not None or relation.others is not None:
                    return found if found is not None else relation.others
            if (relation.schema, relation.name) == (first, parts[min(1, last)]) and last > 1:
                found = relation.find(parts[2])
                if found is not None:
                    return found
        return self._unqualified(first)

    def _unqualified(self, name: str) -> Sources | None:
        """Columns that are read come before aliases: so does DuckDB."""
        if name in self.merged:
            return self.merged[name]
        for relation in self.relations:
            found = relation.find(name)
            if found is not None:
                return found
        if name in self.aliases:
            return self.aliases[name]
        for relation in self.relations:
            if relation.name == name:
                return relation.sources
        return self.unnamed()
