"""The forms of the YAML files in the folder of SQL: those of dbt, as far as they are read here."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from analytics_pipeline.metrics.yaml_file import Entry

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Owner = Annotated[str, Field(pattern=r"^(team:[\w.-]+|[^@\s]+@[^@\s]+\.[^@\s]+)$")]
Materialization = Literal["view", "ephemeral", "incremental"]
Direction = Literal["higher", "lower"]
OverDays = Literal["sum", "last", "max", "min"]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Tags = Annotated[tuple[Annotated[str, Field(pattern=r"^[\w.-]+$")], ...], BeforeValidator(_listed)]


class Thresholds(Entry):
    """Values beyond which a metric deserves a look."""

    below: float | None = None
    above: float | None = None


class ColumnMeta(Entry, extra="allow"):
    """What the project says of a column beside dbt's own keys; one with a formula is a metric.

    ``null_reason`` is the sentence with which a report says why a day has no value; ``over_days``
    how the values of several days become one.
    """

    unit: str | None = None
    formula: str | None = None
    null_reason: Annotated[str, Field(pattern=r"\.$")] | None = None
    good_direction: Direction | None = None
    thresholds: Thresholds = Thresholds()
    over_days: OverDays | None = None


class ColumnConfig(Entry):
    """``config`` of a column."""

    meta: ColumnMeta = ColumnMeta()
    tags: Tags = ()


class ColumnProperties(Entry):
    """A column of a model or a seed."""

    name: Name
    data_type: str | None = None
    description: str = ""
    config: ColumnConfig = ColumnConfig()
    data_tests: tuple[str | dict[str, Any], ...] = ()


class ModelMeta(Entry, extra="allow"):
    """What the project says of a model beside dbt's own keys.

    ``history_days``: how many days before a day its rows are made from, where it reads more than
    that day by ``ref(…).render()``.
    """

    owner: Owner | None = None
    history_days: Annotated[int, Field(ge=0)] | None = None


class ModelConfig(Entry):
    """``config`` of a model, in its YAML, in its SQL file, or of its folder."""

    materialized: Materialization | None = None
    incremental_strategy: Literal["microbatch"] | None = None
    event_time: Literal["event_date"] | None = None
    batch_size: Literal["day"] | None = None
    begin: date | None = None
    lookback: Annotated[int, Field(ge=0)] | None = None
    tags: Tags = ()
    meta: ModelMeta = ModelMeta()

    def overridden_by(self, other: "ModelConfig") -> "ModelConfig":
        """This configuration with what the other sets; tags and meta are added up, as in dbt."""
        own, others = (c.model_dump(exclude_unset=True) for c in (self, other))
        merged = {**own, **others}
        merged["tags"] = tuple(dict.fromkeys((*self.tags, *other.tags)))
        merged["meta"] = {**own.get("meta", {}), **others.get("meta", {})}
        return ModelConfig.model_validate(merged)


class TableProperties(Entry):
    """What the YAML says of a model or a seed."""

    name: Name
    description: str = ""
    columns: tuple[ColumnProperties, ...] = ()
    data_tests: tuple[str | dict[str, Any], ...] = ()


class ModelProperties(TableProperties):
    """What the YAML says of a model."""

    config: ModelConfig = ModelConfig()


class SeedConfig(Entry):
    """``config`` of a seed."""

    column_types: dict[str, str] = Field(default_factory=dict)
    tags: Tags = ()
    meta: ModelMeta = ModelMeta()


class SeedProperties(TableProperties):
    """What the YAML says of a seed: a CSV file that comes with the folder."""

    config: SeedConfig = SeedConfig()


class SourceConfig(Entry, extra="allow"):
    """``config`` of a source or of a table of it."""

    event_time: Literal["event_date"] | None = None


class SourceTableProperties(Entry):
    """A table that models may name by source()."""

    name: Name
    description: str = ""
    config: SourceConfig = SourceConfig()


class SourceProperties(Entry):
    """A group of tables that models may name by source()."""

    name: Name
    description: str = ""
    config: SourceConfig = SourceConfig()
    tables: tuple[SourceTableProperties, ...] = ()


class Rows(Entry):
    """Rows of a unit test: mappings, or CSV or a query as text.

    Those that it expects come in any order, with the columns that matter.
    """

    rows: list[dict[str, Any]] | str = Field(default_factory=list)
    format: Literal["dict", "csv", "sql"] = "dict"


class GivenRows(Rows):
    """The rows of an input of a unit test."""

    input: str


class Overrides(Entry):
    """What a unit test puts in the place of the project's own."""

    vars: dict[str, Any] = Field(default_factory=dict)


class UnitTestProperties(Entry):
    """A unit test of a model: what it gives for certain inputs."""

    name: Name
    model: Name
    description: str = ""
    given: tuple[GivenRows, ...]
    expect: Rows
    overrides: Overrides = Overrides()
    config: dict[str, Any] = Field(default_factory=dict)


class PropertiesFile(Entry):
    """The content of a YAML file below models/ or seeds/."""

    version: Literal[2] = 2
    models: tuple[ModelProperties, ...] = ()
    seeds: tuple[SeedProperties, ...] = ()
    sources: tuple[SourceProperties, ...] = ()
    unit_tests: tuple[UnitTestProperties, ...] = ()


class ProjectFile(Entry, extra="ignore"):
    """What is read of dbt_project.yml: its name, variables, and options of folders of models."""

    name: Name
    models: dict[str, Any] = Field(default_factory=dict)
    vars: dict[str, Any] = Field(default_factory=dict)
