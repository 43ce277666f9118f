"""What the folder of SQL is once it is read: models, each with its query, columns and tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analytics_pipeline.lake.table import Table, quoted
from analytics_pipeline.metrics.declared_columns import DeclaredColumns
from analytics_pipeline.metrics.described import Described
from analytics_pipeline.metrics.properties import ModelConfig, UnitTestProperties
from analytics_pipeline.metrics.render import Macros

EVENT_DATES = "event_dates"
LAKE_SCHEMA = "lake"
HISTORY_SCHEMA = "history"
SEED_SCHEMA = "seed"


@dataclass(frozen=True, order=True)
class Reference:
    """A model, seed or source table that a query names; with its earlier days too, or without."""

    name: str
    history: bool = False


@dataclass(frozen=True)
class Model:
    """One SQL file of the folder.

    ``sql`` is its query, in which every ref and source is the name of a relation: ``lake.NAME``
    for the days that are computed, ``history.NAME`` for those and the ``history_days`` before
    each, ``seed.NAME``, or ``__dbt__cte__NAME`` for a view. ``shown`` is its path as messages name
    it.
    """

    name: str
    file: Path
    shown: str
    sql: str
    config: ModelConfig
    description: str
    refs: tuple[Reference, ...]
    sources: tuple[Reference, ...]
    declared: DeclaredColumns

    @property
    def is_written(self) -> bool:
        """Whether the model has a table; else it is a part of the queries that name it."""
        return self.config.materialized == "incremental"

    @property
    def is_intermediate(self) -> bool:
        """Whether it is there for other models to be made from, in a folder intermediate/."""
        return "intermediate" in self.shown.split("/")

    @property
    def owner(self) -> str | None:
        """The owner where the model has one of its own."""
        return self.config.meta.owner

    @property
    def history_days(self) -> int:
        """How many days before a day its rows are made from."""
        return self.config.meta.history_days or 0

    @property
    def lookback(self) -> int:
        """How many days before the first requested one are computed anew with it; 1 as in dbt."""
        return 1 if self.config.lookback is None else self.config.lookback

    @property
    def table(self) -> Table:
        """The table of the lake to which the model is written."""
        names = tuple(column.name for column in self.declared.columns)
        key = self.declared.key
        return Table(self.name, self.description, self.declared.columns, key or names, key)


@dataclass(frozen=True)
class Seed:
    """A CSV file of the folder, with its types and the hash of its content."""

    name: str
    file: Path
    shown: str
    description: str
    owner: str | None
    declared: DeclaredColumns
    digest: str

    @property
    def columns(self) -> dict[str, str]:
        """Names and types of its columns."""
        return {column.name: column.type for column in self.declared.columns}


UnitTest = Described[UnitTestProperties]
"""A unit test of a model, and where it stands."""


@dataclass(frozen=True)
class Project:
    """The models of a folder by name, each after those that it is made from, and what they use.

    ``source_tables`` are the tables of the stages before that its models may read, by name.
    """

    folder: Path
    models: Mapping[str, Model]
    seeds: Mapping[str, Seed]
    source_tables: Mapping[str, Table]
    macros: Macros = field(default_factory=Macros)
    variables: Mapping[str, Any] = field(default_factory=dict)
    unit_tests: tuple[UnitTest, ...] = ()

    @property
    def tables(self) -> dict[str, Table]:
        """The tables of the lake that a model may read: source tables and marts."""
        return {**self.source_tables, **{name: mart.table for name, mart in self.marts.items()}}

    @property
    def marts(self) -> dict[str, Model]:
        """The models that are written to the lake; the others are parts of their queries."""
        return {name: model for name, model in self.models.items() if model.is_written}


def relation_of(reference: Reference) -> str:
    """The relation that holds a table of the lake, a mart or the event dates in a query."""
    schema = HISTORY_SCHEMA if reference.history else LAKE_SCHEMA
    return f"{schema}.{quoted(reference.name)}"


def seed_relation(name: str) -> str:
    """The relation that holds a seed in a query."""
    return f"{SEED_SCHEMA}.{quoted(name)}"


def cte_of(name: str) -> str:
    """The common table expression that a view becomes in a query."""
    return f"__dbt__cte__{name}"
