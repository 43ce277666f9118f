"""What the YAML files of the folder say of its models, seeds and sources, each with its place."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from analytics_pipeline.metrics.errors import Location, ProjectError, suggestion
from analytics_pipeline.metrics.properties import (
    ModelProperties,
    PropertiesFile,
    SeedProperties,
    SourceProperties,
    UnitTestProperties,
)
from analytics_pipeline.metrics.yaml_file import Place, YamlFile, validated

LAKE_SOURCE = "lake"


Properties = TypeVar("Properties", ModelProperties, SeedProperties, UnitTestProperties)


@dataclass(frozen=True)
class Described(Generic[Properties]):
    """The entry of one model, seed or unit test, and where it stands."""

    properties: Properties
    file: YamlFile
    place: Place

    @property
    def where(self) -> Location:
        """The location of the entry."""
        return self.file.where(*self.place, "name")


@dataclass
class Descriptions:
    """The entries by name, and the tables that the sources declare."""

    models: dict[str, Described[ModelProperties]] = field(default_factory=dict)
    seeds: dict[str, Described[SeedProperties]] = field(default_factory=dict)
    unit_tests: dict[str, Described[UnitTestProperties]] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)


def read_descriptions(
    files: Iterable[YamlFile],
    models: Collection[str],
    seeds: Collection[str],
    tables: Collection[str],
) -> Descriptions:
    """Collect the entries of the YAML files.

    ``models`` and ``seeds`` are the names of the SQL and CSV files, ``tables`` those that the
    source may declare. Raises ProjectError where an entry is malformed, given twice, or about
    something that does not exist.
    """
    found = Descriptions()
    for file in files:
        content = validated(PropertiesFile, file.data, file)
        for number, model in enumerate(content.models):
            entry = Described(model, file, ("models", number))
            _require_file(entry, "sql", models)
            _add(found.models, entry)
        for number, seed in enumerate(content.seeds):
            of_seed = Described(seed, file, ("seeds", number))
            _require_file(of_seed, "csv", seeds)
            _add(found.seeds, of_seed)
        for number, test in enumerate(content.unit_tests):
            if test.model not in models:
                raise ProjectError(
                    f"{file.where('unit_tests', number, 'model')}: unknown model "
                    f"'{test.model}'; {suggestion(test.model, models)}"
                )
            _add(found.unit_tests, Described(test, file, ("unit_tests", number)))
        for number, source in enumerate(content.sources):
            _add_source(found, source, file, ("sources", number), tables)
    return found


def _require_file(described: Described[Properties], ending: str, files: Collection[str]) -> None:
    name = described.properties.name
    if name not in files:
        raise ProjectError(
            f"{described.where}: there is no file {name}.{ending}; {suggestion(name, files)}"
        )


def _add(found: dict[str, Described[Properties]], described: Described[Properties]) -> None:
    first = found.setdefault(described.properties.name, described)
    if first is not described:
        name = described.properties.name
        raise ProjectError(f"{described.where}: '{name}' is described at {first.where} already.")


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
        where = file.where(*place, "tables", number, "name")
        if table.name not in tables:
            raise ProjectError(
                f"{where}: models cannot read a table '{table.name}'; "
                f"{suggestion(table.name, tables)}"
            )
        if not (table.config.event_time or source.config.event_time):
            raise ProjectError(
                f"{where}: the tables of the lake are read by day; write 'event_time: event_date' "
                "below 'config:' of the source."
            )
        found.sources.add(table.name)
