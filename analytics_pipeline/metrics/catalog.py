"""The catalog of metrics: what the YAML of the marts says of every column with a formula."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from analytics_pipeline.metrics.declared_columns import EVENT_DATE
from analytics_pipeline.metrics.errors import Location
from analytics_pipeline.metrics.over_days import Aggregation, aggregation_of
from analytics_pipeline.metrics.project import Model, Project
from analytics_pipeline.metrics.properties import Direction, Thresholds

MARTS_FOLDER = "marts"
# The columns of a long mart: which dimension a row is about, and which value of it.
DIMENSION, VALUE = "dimension", "value"


@dataclass(frozen=True)
class MetricDefinition:
    """What a metric is, how it is computed, and where that is written.

    ``subject`` is the folder of its mart. ``grain`` are the columns of which each combination has
    one row, none where no test promises that; ``slices`` by what the metric is told apart beside
    the date: key columns, or the dimensions of a long mart. ``aggregation`` is how the values of
    several days become one. ``file`` is the SQL, ``shown`` its path beside the folder of SQL,
    ``declared_at`` the line of the YAML.
    """

    name: str
    model: str
    model_description: str
    subject: str
    description: str
    formula: str
    unit: str | None
    type: str
    grain: tuple[str, ...]
    slices: tuple[str, ...]
    owner: str
    good_direction: Direction | None
    thresholds: Thresholds
    aggregation: Aggregation
    file: Path
    shown: str
    declared_at: Location

    @property
    def id(self) -> str:
        """Its stable name MODEL.NAME, which is also its anchor in docs/metrics.md."""
        return f"{self.model}.{self.name}"

    @property
    def thresholds_text(self) -> str:
        """The values that deserve a look, for people; empty where there are none."""
        limits = {"below": self.thresholds.below, "above": self.thresholds.above}
        return " or ".join(f"{side} {at:.12g}" for side, at in limits.items() if at is not None)

    def as_record(self) -> dict[str, Any]:
        """The definition as plain values, for JSON."""
        return {
            "id": self.id,
            "name": self.name,
            "model": self.model,
            "model_description": self.model_description,
            "subject": self.subject,
            "description": self.description,
            "formula": self.formula,
            "unit": self.unit,
            "type": self.type,
            "grain": list(self.grain),
            "slices": list(self.slices),
            "owner": self.owner,
            "good_direction": self.good_direction,
            "thresholds": self.thresholds.model_dump(exclude_none=True),
            "over_days": self.aggregation.kind,
            "file": str(self.file),
            "declared_at": str(self.declared_at),
        }


def metric_catalog(project: Project, owner: str) -> list[MetricDefinition]:
    """Every metric of a project, by subject and model, in the order of its columns.

    ``owner`` is that of the marts that name none.
    """
    marts = sorted(project.marts.values(), key=lambda model: (subject_of(model), model.name))
    return [definition for model in marts for definition in metrics_of(model, owner)]


def metrics_of(model: Model, owner: str) -> list[MetricDefinition]:
    """The metrics of one mart: its columns that have a formula."""
    grain, slices = _grain(model), _slices(model)
    sums = [name for name, meta in model.declared.meta.items() if meta.over_days == "sum"]
    return [
        MetricDefinition(
            name=column.name,
            model=model.name,
            model_description=model.description,
            subject=subject_of(model),
            description=column.description,
            formula=meta.formula,
            unit=meta.unit,
            type=column.type,
            grain=grain,
            slices=slices,
            owner=model.owner or owner,
            good_direction=meta.good_direction,
            thresholds=meta.thresholds,
            aggregation=aggregation_of(meta.over_days, meta.formula, sums),
            file=model.file,
            shown=model.shown,
            declared_at=model.declared.where[column.name],
        )
        for column in model.declared.columns
        if (meta := model.declared.meta[column.name]).formula
    ]


def by_model(
    definitions: Sequence[MetricDefinition],
) -> Mapping[str, Sequence[MetricDefinition]]:
    """The metrics of a catalog by their mart, in its order."""
    return {name: list(group) for name, group in groupby(definitions, lambda each: each.model)}


def is_mart(model: Model) -> bool:
    """Whether a model is meant to be read by people: it stands below models/marts/."""
    return MARTS_FOLDER in _folders(model)[:1]


def subject_of(model: Model) -> str:
    """The subject of a mart: its folder below models/marts/; of another model, its folder."""
    folders = _folders(model)
    return folders[1] if is_mart(model) and folders[1:] else "/".join(folders)


def _folders(model: Model) -> list[str]:
    """The folders of a model below models/."""
    return model.shown.split("/")[2:-1]


def _grain(model: Model) -> tuple[str, ...]:
    declared = model.declared
    return (EVENT_DATE, *declared.key) if declared.key or declared.one_row_a_day else ()


def _slices(model: Model) -> tuple[str, ...]:
    key = model.declared.key
    dimensions = next(
        (column.accepted for column in model.declared.columns if column.name == DIMENSION), ()
    )
    if {DIMENSION, VALUE} <= set(key) and dimensions:
        return (*dimensions, *(name for name in key if name not in (DIMENSION, VALUE)))
    return key
