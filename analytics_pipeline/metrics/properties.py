"""The forms of the YAML files in the folder of SQL: those of dbt, as far as they are read here."""

from typing import Annotated, Any, Literal

from pydantic import Field

from analytics_pipeline.metrics.yaml_file import Entry

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Owner = Annotated[str, Field(pattern=r"^(team:[\w.-]+|[^@\s]+@[^@\s]+\.[^@\s]+)$")]
Materialization = Literal["ephemeral", "table"]


class ColumnMeta(Entry, extra="allow"):
    """What the project says of a column beside dbt's own keys."""

    unit: str | None = None


class ColumnConfig(Entry):
    """``config`` of a column."""

    meta: ColumnMeta = ColumnMeta()


class ColumnProperties(Entry):
    """A column of a model."""

    name: Name
    data_type: str | None = None
    description: str = ""
    config: ColumnConfig = ColumnConfig()
    data_tests: tuple[str | dict[str, Any], ...] = ()


class ModelMeta(Entry, extra="allow"):
    """What the project says of a model beside dbt's own keys."""

    owner: Owner | None = None


class ModelConfig(Entry):
    """``config`` of a model, in its YAML or in its SQL file."""

    materialized: Materialization | None = None
    meta: ModelMeta = ModelMeta()


class ModelProperties(Entry):
    """What the YAML says of a model."""

    name: Name
    description: str = ""
    config: ModelConfig = ModelConfig()
    columns: tuple[ColumnProperties, ...] = ()
    data_tests: tuple[str | dict[str, Any], ...] = ()


class SourceTableProperties(Entry):
    """A table that models may name by source()."""

    name: Name
    description: str = ""
    config: dict[str, Any] = Field(default_factory=dict)


class SourceProperties(Entry):
    """A group of tables that models may name by source()."""

    name: Name
    description: str = ""
    config: dict[str, Any] = Field(default_factory=dict)
    tables: tuple[SourceTableProperties, ...] = ()


class PropertiesFile(Entry):
    """The content of a YAML file below models/."""

    version: Literal[2] = 2
    models: tuple[ModelProperties, ...] = ()
    sources: tuple[SourceProperties, ...] = ()


class ProjectFile(Entry, extra="ignore"):
    """What is read of dbt_project.yml: its name, and the materialization of folders of models."""

    name: Name
    models: dict[str, Any] = Field(default_factory=dict)
