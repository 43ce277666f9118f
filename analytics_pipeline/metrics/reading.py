"""Reading the folder of SQL: files, references between models, and what the YAML says of them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.calls import Calls
from analytics_pipeline.metrics.declared_columns import DeclaredColumns, read_columns
from analytics_pipeline.metrics.described import Described, read_descriptions
from analytics_pipeline.metrics.errors import ProjectError
from analytics_pipeline.metrics.folder import Folder
from analytics_pipeline.metrics.model_config import folder_config, require_microbatch
from analytics_pipeline.metrics.project import EVENT_DATES, Model, Project, Seed
from analytics_pipeline.metrics.properties import ModelConfig, ModelProperties, ProjectFile
from analytics_pipeline.metrics.render import read_macros, render
from analytics_pipeline.metrics.seeds import read_seed
from analytics_pipeline.metrics.yaml_file import validated


def read_project(
    folder: Path, source_tables: Iterable[Table], variables: Mapping[str, Any] | None = None
) -> Project:
    """Read a folder in dbt's layout: dbt_project.yml, models/, seeds/, macros/, tests/generic/.

    ``source_tables`` are the tables that ``source('lake', …)`` may name, beside event_dates;
    ``variables`` replace those of the folder. Raises ProjectError, which names file and line, where
    anything in the folder is wrong: an unknown name, a cycle, a name given twice, a malformed
    file, a mart without declared columns.
    """
    tables = {table.name: table for table in source_tables}
    reader = _Reader(Folder(folder), [*tables, EVENT_DATES], variables or {})
    return Project(
        folder,
        reader.all_models(),
        reader.seeds,
        tables,
        reader.macros,
        reader.variables,
        tuple(reader.described.unit_tests.values()),
    )


class _Reader:
    """Reads a model as soon as another refers to it, so that a cycle is met where it closes."""

    def __init__(self, folder: Folder, tables: list[str], variables: Mapping[str, Any]) -> None:
        self.folder = folder
        self.project_yaml = folder.project_file()
        self.project_file = validated(ProjectFile, self.project_yaml.data, self.project_yaml)
        self.variables = {**self._variables(), **variables}
        self.macros = read_macros(folder.macro_files())
        self.sql_files, self.seed_files = folder.named_files(tables)
        self.described = read_descriptions(
            folder.yaml_files(), self.sql_files, self.seed_files, tables
        )
        self.refs = {**self.sql_files, **self.seed_files}
        self.seeds: dict[str, Seed] = {
            name: read_seed(
                name, file, folder.shown(file), self.described.seeds.get(name), self.macros,
                self.refs,
            )
            for name, file in self.seed_files.items()
        }  # fmt: skip
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
        shown = self.folder.shown(file)
        described = self.described.models.get(name)
        config = folder_config(
            self.project_file, self.project_yaml, file.relative_to(self.folder.path).parts[1:-1]
        )
        if described:
            config = config.overridden_by(described.properties.config)
        calls = Calls(
            refs=self.refs,
            sources=self.described.sources,
            variables=self.variables,
            inside=(*inside, name),
            is_written=lambda ref: self._is_written(ref, (*inside, name)),
        )
        sql = render(file, shown, self.macros, calls.functions)
        config = config.overridden_by(calls.options)
        require_microbatch(config, shown)
        if calls.reads_history and config.meta.history_days is None:
            raise ProjectError(
                f"{shown}: the model reads days before those that are computed, by .render(); say "
                "of how many days before a day its rows are made: meta: {history_days: …}."
            )
        return Model(
            name,
            file,
            shown,
            sql,
            config,
            described.properties.description if described else "",
            calls.refs_made,
            calls.sources_read,
            self._declared(file, described, config),
        )

    def _is_written(self, name: str, inside: tuple[str, ...]) -> bool | None:
        """Whether a model has a table of its own; None for a seed."""
        return None if name in self.seeds else self.model(name, inside).is_written

    def _declared(
        self, file: Path, described: Described[ModelProperties] | None, config: ModelConfig
    ) -> DeclaredColumns:
        if config.materialized != "incremental":
            if described and _has_tests(described.properties):
                raise ProjectError(
                    f"{described.where}: a model that is not written has no "
                    "rows of its own to test; move the test to a model that is made from it."
                )
            return DeclaredColumns()
        if described is None:
            raise ProjectError(
                f"{self.folder.shown(file)}: the model has no entry in a YAML file; describe it "
                "and its columns, with data_type, in "
                f"{self.folder.shown(file.parent)}/*.yml."
            )
        return read_columns(described, self.macros, self.refs)

    def _variables(self) -> dict[str, Any]:
        """Those of dbt_project.yml: of the project by its name, or of all."""
        own = self.project_file.vars.get(self.project_file.name)
        return {**self.project_file.vars, **(own if isinstance(own, dict) else {})}


def _has_tests(properties: ModelProperties) -> bool:
    return bool(properties.data_tests or any(c.data_tests for c in properties.columns))
