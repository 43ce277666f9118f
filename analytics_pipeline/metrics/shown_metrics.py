"""What the UI shows of the metrics of a mart: their definitions, and links to where those stand."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from analytics_pipeline.daily_assets import table_metadata, table_schema
from analytics_pipeline.metrics.catalog import MetricDefinition, metrics_of
from analytics_pipeline.metrics.declared_columns import EVENT_DATE
from analytics_pipeline.metrics.project import Model, Project

CATALOG_FILE = "docs/metrics.md"


def shown_metrics(project: Project, model: Model, owner: str) -> dict[str, Any]:
    """The metadata of a mart's asset: its schema, its metrics, and links to its files.

    ``owner`` is that of the marts that name none.
    """
    metrics = metrics_of(model, owner)
    shown: dict[str, Any] = {"dagster/column_schema": metric_schema(model, metrics)}
    files = {"SQL": (model.file, None), "YAML": _declaration(project, model)}
    if metrics:
        shown["metrics"] = table_metadata([_shown(metric) for metric in metrics])
        catalog = catalog_file(project.folder)
        if catalog:
            shown["metric_catalog"] = dg.MetadataValue.path(str(catalog))
            files["metric catalog"] = (catalog, None)
    return {**shown, "dagster/code_references": _code_references(files)}


def metric_schema(model: Model, metrics: Sequence[MetricDefinition]) -> dg.TableSchema:
    """The schema of a mart, in which every metric tells its formula and when it is good."""
    definitions = {metric.name: metric for metric in metrics}
    return dg.TableSchema(
        [
            _with_definition(column, definitions[column.name])
            if column.name in definitions
            else column
            for column in table_schema(model.declared.columns).columns
        ]
    )


def catalog_file(folder: Path) -> Path | None:
    """The catalog of a folder of SQL, docs/metrics.md beside it, if there is one."""
    file = folder.parent / CATALOG_FILE
    return file if file.is_file() else None


def _with_definition(column: dg.TableColumn, metric: MetricDefinition) -> dg.TableColumn:
    tags = {"good": metric.good_direction or "", "thresholds": metric.thresholds_text}
    return dg.TableColumn(
        column.name,
        column.type,
        description=f"{column.description}\n\nFormula: {metric.formula}".strip(),
        constraints=column.constraints,
        tags={"metric": "", **{key: value for key, value in tags.items() if value}},
    )


def _shown(metric: MetricDefinition) -> dict[str, str]:
    return {
        "name": metric.name,
        "formula": metric.formula,
        "unit": metric.unit or "",
        "good direction": metric.good_direction or "",
        "thresholds": metric.thresholds_text,
    }


def _declaration(project: Project, model: Model) -> tuple[Path, int | None]:
    """The YAML file of a mart, and the line of its first column."""
    where = model.declared.where[EVENT_DATE]
    return project.folder.parent / where.path, where.line


def _code_references(
    files: dict[str, tuple[Path, int | None]],
) -> dg.CodeReferencesMetadataValue:
    """The files by label, which the UI opens in the editor of the person who looks at it."""
    with warnings.catch_warnings():
        # Code references are a beta feature: not said anew for each asset of each process.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.CodeReferencesMetadataValue(
            code_references=[
                dg.LocalFileCodeReference(file_path=str(file), line_number=line, label=label)
                for label, (file, line) in files.items()
            ]
        )
