"""The vocabulary in which an event type is declared."""

from dataclasses import dataclass
from enum import StrEnum


class FieldType(StrEnum):
    """The type of a field: how it is written in JSON, and its DuckDB column type."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"

    @property
    def duckdb(self) -> str:
        """The DuckDB type of the column."""
        return {
            FieldType.TEXT: "VARCHAR",
            FieldType.INTEGER: "BIGINT",
            FieldType.NUMBER: "DOUBLE",
            FieldType.BOOLEAN: "BOOLEAN",
            FieldType.TIMESTAMP: "TIMESTAMP",
        }[self]


class Case(StrEnum):
    """The letter case to which a text field is normalized."""

    LOWER = "lower"
    UPPER = "upper"


@dataclass(frozen=True)
class Field:
    """One field of an event type.

    ``path`` is where the source writes it (dots enter an object); it is the name where unset.
    ``minimum`` and ``maximum`` are inclusive; ``accepted`` lists the only values of a text field,
    in the case to which it is normalized. A value outside them is out_of_range.
    """

    name: str
    type: FieldType
    description: str
    required: bool = False
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    accepted: tuple[str, ...] = ()
    case: Case | None = None
    path: str = ""

    def __post_init__(self) -> None:
        if not self.path:
            object.__setattr__(self, "path", self.name)


@dataclass(frozen=True)
class EventType:
    """One type of event: its name, what it records, and its fields beside the common ones."""

    name: str
    description: str
    fields: tuple[Field, ...]
