"""The files of a folder in dbt's layout."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from analytics_pipeline.metrics.errors import ProjectError
from analytics_pipeline.metrics.yaml_file import YamlFile, read_yaml

PROJECT_FILE = "dbt_project.yml"


@dataclass(frozen=True)
class Folder:
    """A folder of SQL, and where in it what is looked for."""

    path: Path

    def shown(self, file: Path) -> str:
        """The path of a file as messages name it."""
        return f"{self.path.name}/{file.relative_to(self.path).as_posix()}"

    def project_file(self) -> YamlFile:
        """dbt_project.yml; raises ProjectError where there is none."""
        return self._parsed(self.path / PROJECT_FILE)

    def yaml_files(self) -> Iterator[YamlFile]:
        """The YAML files below models/ and seeds/."""
        for folder in ("models", "seeds"):
            for file in self._files(folder, "yml", "yaml"):
                yield self._parsed(file)

    def macro_files(self) -> Iterator[tuple[Path, str]]:
        """The SQL files of macros and generic tests, with their shown paths."""
        for folder in ("macros", "tests/generic"):
            for file in self._files(folder, "sql"):
                yield file, self.shown(file)

    def named_files(self, taken: Iterable[str]) -> tuple[dict[str, Path], dict[str, Path]]:
        """The SQL files of models and the CSV files of seeds by the names that refs use.

        Raises ProjectError where two share a name, or one has a name that is taken.
        """
        models = {file.stem: file for file in reversed(self._files("models", "sql"))}
        seeds = {file.stem: file for file in self._files("seeds", "csv")}
        tables = set(taken)
        for file in (*self._files("models", "sql"), *seeds.values()):
            first = models.get(file.stem, file)
            holder = self.shown(first) if first != file else ""
            if file.stem in tables:
                holder = "a table that models read"
            if holder:
                raise ProjectError(
                    f"{self.shown(file)}: the name '{file.stem}' is taken by {holder}; "
                    "rename the file."
                )
        return dict(sorted(models.items(), key=lambda item: item[1])), seeds

    def _files(self, folder: str, *endings: str) -> list[Path]:
        return sorted(file for end in endings for file in self.path.glob(f"{folder}/**/*.{end}"))

    def _parsed(self, file: Path) -> YamlFile:
        try:
            return read_yaml(file, self.shown(file))
        except OSError as error:
            raise ProjectError(
                f"{file}: {error.strerror}. A folder of SQL has {PROJECT_FILE} and models/ in it."
            ) from error
