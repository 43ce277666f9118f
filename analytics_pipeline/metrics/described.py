"""What the YAML files of the folder say of its models and sources, each with its place."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from analytics_pipeline.metrics.errors import Location, ProjectError, suggestion
from analytics_pipeline.metrics.properties import ModelProperties, PropertiesFile, SourceProperties
from analytics_pipeline.metrics.yaml_file import Place, YamlFile, validated

LAKE_SOURCE = "lake"


@dataclass(frozen=True)
class Described:
    """The entry of one model, and where it stands."""

    properties: ModelProperties
    file: YamlFile
    place: Place

    @property
    def where(self) -> Location:
        """The location of the entry."""
        return self.file.where(*self.place, "name")

    @property
    def has_tests(self) -> bool:
        """Whether the model or one of its columns has data tests."""
        columns = self.properties.columns
        return bool(self.properties.data_tests or any(column.data_tests for column in columns))


@dataclass
class Descriptions:
    """The entries of all models by name, and the tables that the sources declare."""

    models: dict[str, Described] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)


def read_descriptions(
    files: Iterable[YamlFile], models: Collection[str], tables: Collection[str]
) -> Descriptions:
    """Collect the entries of the YAML files below models/.

    ``models`` are the names of the SQL files, ``tables`` those that the source may declare. Raises
    ProjectError where an entry is malformed, given twice, or about something that does not exist.
    """
    found = Descriptions()
    for file in files:
        content = validated(PropertiesFile, file.data, file)
        for number, properties in enumerate(content.models):
            _add_model(found, Described(properties, file, ("models", number)), models)
        for number, source in enumerate(content.sources):
            _add_source(found, source, file, ("sources", number), tables)
    return found


def _add_model(found: Descriptions, described: Described, models: Collection[str]) -> None:
    name = described.properties.name
    where = described.where
    if name not in models:
        raise ProjectError(f"{where}: there is no file {name}.sql; {suggestion(name, models)}")
    if name in found.models:
        raise ProjectError(f"{where}: '{name}' is described at {found.models[name].where} already.")
    found.models[name] = described


def _add_source(
    found: Descriptions,
    source: SourceProperties,
    file: YamlFile,
    place: Place,
    tables: Collection[str],
) -> None:
    if source.name != LAKE_SOURCE:
        raise ProjectError(f"{file.where(*place, 'name')}: the only source is '{LAKE_SOURCE}'.")
    for number, table in enumerate(source.tables):
        if table.name not in tables:
            raise ProjectError(
                f"{file.where(*place, 'tables', number, 'name')}: models cannot read a table "
                f"'{table.name}'; {suggestion(table.name, tables)}"
            )
        found.sources.add(table.name)
