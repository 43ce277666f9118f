"""The kinds of records in a day: those of one format and one event type share a table."""

from collections.abc import Iterable
from dataclasses import dataclass

from analytics_pipeline.events.declaration import EventType
from analytics_pipeline.lake.table import quoted


@dataclass(frozen=True)
class Kind:
    """Records of one format and one event type, which one query parses into one table.

    The table has the columns that parsing.parsed gives. A scan of a table holds 2,048 rows at
    once, which of records of a megabyte is more than the memory of the engine. So long records
    are in tables of their own, each with few: theirs are the kinds with a number above 0.
    """

    format: str
    event_type: EventType
    number: int = 0

    @property
    def is_long(self) -> bool:
        """Whether these are some of the long records."""
        return self.number > 0

    @property
    def table(self) -> str:
        """The SQL name of the table."""
        suffix = f"_{self.number}" if self.is_long else ""
        return quoted(f"parsed_{self.format}_{self.event_type.name}{suffix}")


def alike(kinds: Iterable[Kind]) -> list[list[Kind]]:
    """The kinds of one format and one event type each."""
    groups: dict[tuple[str, str], list[Kind]] = {}
    for kind in kinds:
        groups.setdefault((kind.format, kind.event_type.name), []).append(kind)
    return list(groups.values())
