"""Reading the folder of SQL: files, references between models, and what the YAML says of them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.declared_columns import DeclaredColumns, read_columns
from analytics_pipeline.metrics.described import LAKE_SOURCE, Described, read_descriptions
from analytics_pipeline.metrics.errors import ProjectError, suggestion
from analytics_pipeline.metrics.project import EVENT_DATES, Model, Project, cte_of, relation_of
from analytics_pipeline.metrics.properties import Materialization, ModelConfig, ProjectFile
from analytics_pipeline.metrics.render import CallError, render
from analytics_pipeline.metrics.yaml_file import YamlFile, read_yaml, validated

PROJECT_FILE = "dbt_project.yml"


def read_project(folder: Path, source_tables: Iterable[Table]) -> Project:
    """Read a folder in dbt's layout: dbt_project.yml, and SQL and YAML files below models/.

    ``source_tables`` are the tables that ``source('lake', …)`` may name, beside event_dates.
    Raises ProjectError, which names file and line, where anything in the folder is wrong: an
    unknown name, a cycle, a name given twice, a malformed file, a mart without declared columns.
    """
    tables = {table.name: table for table in source_tables}
    return Project(folder, _Reader(folder, [*tables, EVENT_DATES]).all_models(), tables)


class _Reader:
    """Reads a model as soon as another refers to it, so that a cycle is met where it closes."""

    def __init__(self, folder: Path, tables: list[str]) -> None:
        self.folder = folder
        self.project_yaml = self._parsed(folder / PROJECT_FILE)
        self.project_file = validated(ProjectFile, self.project_yaml.data, self.project_yaml)
        self.sql_files = self._sql_files(tables)
        yaml_files = sorted([*folder.glob("models/**/*.yml"), *folder.glob("models/**/*.yaml")])
        self.described = read_descriptions(map(self._parsed, yaml_files), self.sql_files, tables)
        self.models: dict[str, Model] = {}

    def all_models(self) -> dict[str, Model]:
        for name in self.sql_files:
            self.model(name, ())
        return self.models

    def model(self, name: str, inside: tuple[str, ...]) -> Model:
        if name not in self.models:
            self.models[name] = self._read(name, inside)
        return self.models[name]

    def _read(self, name: str, inside: tuple[str, ...]) -> Model:
        file = self.sql_files[name]
        calls = _Calls(self, (*inside, name))
        sql = render(file, self._shown(file), calls.functions)
        described = self.described.models.get(name)
        config = described.properties.config if described else ModelConfig()
        materialized = calls.options.materialized or config.materialized or self._default(file)
        return Model(
            name,
            file,
            self._shown(file),
            sql,
            materialized,
            described.properties.description if described else "",
            calls.options.meta.owner or config.meta.owner,
            tuple(calls.refs),
            tuple(calls.sources),
            self._declared(file, described, materialized),
        )

    def _declared(
        self, file: Path, described: Described | None, materialized: Materialization
    ) -> DeclaredColumns:
        if materialized == "ephemeral":
            if described and described.has_tests:
                raise ProjectError(
                    f"{described.where}: an ephemeral model has no rows of its own to test; "
                    "move the test to a model that is made from it."
                )
            return DeclaredColumns()
        if described is None:
            raise ProjectError(
                f"{self._shown(file)}: the model has no entry in a YAML file; describe it and "
                f"its columns, with data_type, in {self._shown(file.parent)}/*.yml."
            )
        return read_columns(described)

    def _default(self, file: Path) -> Materialization:
        """The materialization that dbt_project.yml gives to the folder of a model."""
        place: list[str] = ["models"]
        config, found = self.project_file.models, ModelConfig()
        for part in (self.project_file.name, *file.relative_to(self.folder).parts[1:-1]):
            config = config.get(part) or {}
            place.append(part)
            if not isinstance(config, dict):
                where = self.project_yaml.where(*place)
                raise ProjectError(f"{where}: {part} must hold options such as '+materialized:'.")
            options = {key[1:]: value for key, value in config.items() if key.startswith("+")}
            if options:
                found = validated(ModelConfig, options, self.project_yaml, tuple(place))
        return found.materialized or "table"

    def _sql_files(self, tables: list[str]) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for file in sorted(self.folder.glob("models/**/*.sql")):
            first = files.setdefault(file.stem, file)
            taken = self._shown(first) if first != file else ""
            if file.stem in tables:
                taken = "a table that models read"
            if taken:
                raise ProjectError(
                    f"{self._shown(file)}: the name '{file.stem}' is taken by {taken}; "
                    "rename the file."
                )
        return files

    def _parsed(self, file: Path) -> YamlFile:
        try:
            return read_yaml(file, self._shown(file))
        except OSError as error:
            raise ProjectError(
                f"{file}: {error.strerror}. A folder of SQL has {PROJECT_FILE} and models/ in it."
            ) from error

    def _shown(self, file: Path) -> str:
        return f"{self.folder.name}/{file.relative_to(self.folder).as_posix()}"


class _Calls:
    """The functions that the SQL file of a model may call, and what it called them with."""

    def __init__(self, reader: _Reader, inside: tuple[str, ...]) -> None:
        self.reader = reader
        self.inside = inside
        self.refs: dict[str, None] = {}
        self.sources: dict[str, None] = {}
        self.options = ModelConfig()

    @property
    def functions(self) -> dict[str, Callable[..., str]]:
        return {"ref": self.ref, "source": self.source, "config": self.config}

    def ref(self, name: str) -> str:
        if name not in self.reader.sql_files:
            raise CallError(f"unknown model '{name}'; {suggestion(name, self.reader.sql_files)}")
        if name in self.inside:
            cycle = (*self.inside[self.inside.index(name) :], name)
            raise CallError(f"the models are made from each other: {' -> '.join(cycle)}.")
        self.refs[name] = None
        model = self.reader.model(name, self.inside)
        return cte_of(name) if model.materialized == "ephemeral" else relation_of(name)

    def source(self, group: str, table: str) -> str:
        if group != LAKE_SOURCE:
            raise CallError(f"unknown source '{group}'; the only source is '{LAKE_SOURCE}'.")
        declared = self.reader.described.sources
        if table not in declared:
            raise CallError(f"unknown source table '{table}'; {suggestion(table, declared)}")
        self.sources[table] = None
        return relation_of(table)

    def config(self, **options: Any) -> str:
        try:
            self.options = ModelConfig.model_validate(options)
        except ValidationError as error:
            detail = error.errors()[0]
            raise CallError(
                f"config(): {'.'.join(map(str, detail['loc']))}: {detail['msg']}."
            ) from error
        return ""
