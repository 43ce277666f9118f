"""What the SQL file of a model may call, and what it called them with."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from analytics_pipeline.metrics.described import LAKE_SOURCE
from analytics_pipeline.metrics.errors import suggestion
from analytics_pipeline.metrics.project import Reference, cte_of, relation_of, seed_relation
from analytics_pipeline.metrics.properties import ModelConfig
from analytics_pipeline.metrics.render import CallError


@dataclass
class Calls:
    """The functions for one model. ``refs`` and ``sources`` are the names that it may use.

    ``inside`` names the models that are being read, itself the last; ``is_written`` tells whether
    a model has a table of its own, None for a seed.
    """

    refs: Collection[str]
    sources: Collection[str]
    variables: Mapping[str, Any]
    inside: tuple[str, ...]
    is_written: Callable[[str], bool | None]
    options: ModelConfig = field(default_factory=ModelConfig)
    _refs_made: dict[Reference, None] = field(default_factory=dict)
    _sources_read: dict[Reference, None] = field(default_factory=dict)

    @property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """The functions by the name under which SQL calls them."""
        return {"ref": self.ref, "source": self.source, "var": self.var, "config": self.config}

    @property
    def refs_made(self) -> tuple[Reference, ...]:
        """The models and seeds whose relations stand in the SQL."""
        return tuple(self._refs_made)

    @property
    def sources_read(self) -> tuple[Reference, ...]:
        """The tables of the lake whose relations stand in the SQL."""
        return tuple(self._sources_read)

    @property
    def reads_history(self) -> bool:
        """Whether the SQL names a relation that holds earlier days too."""
        return any(reference.history for reference in (*self._refs_made, *self._sources_read))

    def ref(self, name: str) -> "Relation":
        """A model or a seed; its rows are those of the days that are computed."""
        if name not in self.refs:
            raise CallError(f"unknown model '{name}'; {suggestion(name, self.refs)}")
        if name in self.inside:
            cycle = (*self.inside[self.inside.index(name) :], name)
            raise CallError(f"the models are made from each other: {' -> '.join(cycle)}.")
        return Relation(name, self._refs_made, self.is_written(name))

    def source(self, group: str, table: str) -> "Relation":
        """A table of the lake; its rows are those of the days that are computed."""
        if group != LAKE_SOURCE:
            raise CallError(f"unknown source '{group}'; the only source is '{LAKE_SOURCE}'.")
        if table not in self.sources:
            raise CallError(f"unknown source table '{table}'; {suggestion(table, self.sources)}")
        return Relation(table, self._sources_read, True)

    def var(self, name: str, default: Any = None) -> Any:
        """A variable of the project, or else the default."""
        if name not in self.variables and default is None:
            raise CallError(f"unknown variable '{name}'; {suggestion(name, self.variables)}")
        return self.variables.get(name, default)

    def config(self, **options: Any) -> str:
        """Set options of the model."""
        try:
            self.options = self.options.overridden_by(ModelConfig.model_validate(options))
        except ValidationError as error:
            detail = error.errors()[0]
            raise CallError(
                f"config(): {'.'.join(map(str, detail['loc']))}: {detail['msg']}."
            ) from error
        return ""


@dataclass
class Relation:
    """What ref() and source() give: the name of a relation, once it is put into the SQL."""

    name: str
    _used: dict[Reference, None]
    _is_written: bool | None

    def __str__(self) -> str:
        self._used[Reference(self.name)] = None
        if self._is_written is None:
            return seed_relation(self.name)
        return relation_of(Reference(self.name)) if self._is_written else cte_of(self.name)

    def render(self) -> str:
        """The relation that is not limited to the days that are computed, as in dbt."""
        if self._is_written is None:
            return str(self)
        if not self._is_written:
            raise CallError(
                f"'{self.name}' is not written, so that it has no earlier days to read; make it "
                "incremental, or read the history of a model that is."
            )
        reference = Reference(self.name, history=True)
        self._used[reference] = None
        return relation_of(reference)
