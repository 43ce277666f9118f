"""What a query reads and gives: columns by name, each with the stored columns it is made from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

Sources = frozenset[tuple[str, str]]
NamedSources = tuple[str, Sources]

NOTHING: Sources = frozenset()


class LineageError(Exception):
    """A query whose columns cannot be followed; the message says which part of it."""


def union(sources: Iterable[Sources]) -> Sources:
    """All stored columns of several expressions."""
    return NOTHING.union(*sources)


@dataclass(frozen=True)
class Relation:
    """Columns in order, with names in lower case, as DuckDB does not tell cases apart.

    ``others`` are the sources of columns whose names only a run of the query tells, such as the
    fields of a struct; None where all columns are named. A name that stands twice gets a number,
    as in DuckDB.
    """

    columns: tuple[NamedSources, ...]
    others: Sources | None = None
    name: str = ""
    schema: str = ""

    @classmethod
    def of(cls, columns: Iterable[NamedSources], others: Sources | None = None) -> "Relation":
        """A relation without a name."""
        given: dict[str, Sources] = {}
        for written, sources in columns:
            column, number = written.lower(), 0
            while column in given:
                number += 1
                column = f"{written.lower()}_{number}"
            given[column] = sources
        return cls(tuple(given.items()), others)

    def named(self, name: str, columns: Sequence[str] = (), schema: str = "") -> "Relation":
        """The same under another name, with the first columns renamed."""
        kept = [column for column, _ in self.columns[len(columns) :]]
        names = [*(column.lower() for column in columns), *kept]
        renamed = zip(names, (sources for _, sources in self.columns), strict=False)
        return replace(self, columns=tuple(renamed), name=name.lower(), schema=schema.lower())

    def find(self, column: str) -> Sources | None:
        """The sources of a named column, or None."""
        return next((sources for name, sources in self.columns if name == column), None)

    @property
    def sources(self) -> Sources:
        """The sources of all columns."""
        return union([*(sources for _, sources in self.columns), self.others or NOTHING])


def positional_union(left: Relation, right: Relation) -> Relation:
    """The rows of two relations below each other, by position."""
    if len(left.columns) != len(right.columns) or (left.others is None) != (right.others is None):
        raise LineageError("the sides of a set operation cannot be matched by position")
    pairs = zip(left.columns, right.columns, strict=True)
    columns = [(name, sources | others) for (name, sources), (_, others) in pairs]
    return Relation(tuple(columns), _others_of_both(left, right))


def union_by_name(left: Relation, right: Relation) -> Relation:
    """The rows of two relations below each other, by the names of the columns."""
    columns = dict(left.columns)
    for name, sources in right.columns:
        columns[name] = columns.get(name, NOTHING) | sources
    return Relation(tuple(columns.items()), _others_of_both(left, right))


def _others_of_both(left: Relation, right: Relation) -> Sources | None:
    known = [others for others in (left.others, right.others) if others is not None]
    return union(known) if known else None
