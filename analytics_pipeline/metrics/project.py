"""What the folder of SQL is once it is read: models, each with its query, columns and tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from analytics_pipeline.lake.table import Table, quoted
from analytics_pipeline.metrics.declared_columns import DeclaredColumns
from analytics_pipeline.metrics.properties import Materialization

EVENT_DATES = "event_dates"
LAKE_SCHEMA = "lake"


@dataclass(frozen=True)
class Model:
    """One SQL file of the folder.

    ``sql`` is its query, in which every ref and source is the name of a relation: ``lake.NAME``,
    or ``__dbt__cte__NAME`` for an ephemeral model. ``refs`` are the models and ``sources`` the
    tables that it names; ``shown`` is its path as messages name it.
    """

    name: str
    file: Path
    shown: str
    sql: str
    materialized: Materialization
    description: str
    owner: str | None
    refs: tuple[str, ...]
    sources: tuple[str, ...]
    declared: DeclaredColumns

    @property
    def table(self) -> Table:
        """The table of the lake to which the model is written."""
        names = tuple(column.name for column in self.declared.columns)
        key = self.declared.key
        return Table(self.name, self.description, self.declared.columns, key or names, key)


@dataclass(frozen=True)
class Project:
    """The models of a folder by name, each after those that it is made from.

    ``source_tables`` are the tables of the lake that its models may read, by name.
    """

    folder: Path
    models: Mapping[str, Model]
    source_tables: Mapping[str, Table]

    @property
    def marts(self) -> dict[str, Model]:
        """The models that are written to the lake; the others are parts of their queries."""
        marts = (model for model in self.models.values() if model.materialized == "table")
        return {model.name: model for model in marts}


def relation_of(name: str) -> str:
    """The relation that holds a table of the lake, a mart or the event dates in a query."""
    return f"{LAKE_SCHEMA}.{quoted(name)}"


def cte_of(name: str) -> str:
    """The common table expression that an ephemeral model becomes in a query."""
    return f"__dbt__cte__{name}"
