"""docs/metrics.md: every metric, what it means and where it is defined."""

from collections.abc import Sequence
from itertools import groupby

from analytics_pipeline.documentation.markdown import code, table
from analytics_pipeline.metrics.catalog import MetricDefinition, by_model, metric_catalog
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.tables import own_project
from analytics_pipeline.settings import Settings

INTRODUCTION = (
    "# Metrics\n\nEvery metric of the daily tables, as the YAML beside its SQL declares it; "
    "[metric-layer.md](metric-layer.md) tells how to add one. A table has one row for each "
    "combination of the columns of its *grain*; *slices* are by what its metrics are told apart "
    "beside the date; *good* is the direction in which a metric gets better; *thresholds* are "
    "values that deserve a look. A metric is linked to as `metrics.md#TABLE.METRIC`; "
    "`aicache-analytics metrics NAME` explains one on the command line.\n"
)
NO_METRICS = "None is declared yet.\n"
CONTENTS_HEADER = ["subject", "table", "grain", "slices", "metrics"]
METRIC_HEADER = ["metric", "formula", "unit", "good", "thresholds", "meaning"]


def metrics_document(project: Project | None = None) -> str:
    """The catalog of metrics, in Markdown; of this project's own metrics where none is given."""
    owner = Settings.model_fields["owner"].default
    definitions = metric_catalog(project or own_project(), owner)
    if not definitions:
        return f"{INTRODUCTION}\n{NO_METRICS}"
    models = by_model(definitions)
    parts = [INTRODUCTION, table(CONTENTS_HEADER, map(_contents_row, models.values()))]
    for subject, of_subject in groupby(models.values(), lambda metrics: metrics[0].subject):
        parts.append(f"## {subject}\n")
        parts += map(_section, of_subject)
    return "\n".join(parts)


def _contents_row(metrics: Sequence[MetricDefinition]) -> list[str]:
    first = metrics[0]
    return [
        first.subject,
        f"[{first.model}](#{first.model})",
        _codes(first.grain),
        _codes(first.slices),
        str(len(metrics)),
    ]


def _section(metrics: Sequence[MetricDefinition]) -> str:
    first = metrics[0]
    facts = [f"Grain: {_codes(first.grain) or 'not declared'}."]
    facts += [f"Slices: {_codes(first.slices)}."] if first.slices else []
    facts += [f"Owner: {code(first.owner)}."]
    facts += [f"Defined in {_link(first.shown)}, declared in {_link(first.declared_at.path)}."]
    return "\n\n".join(
        [
            f"### {first.model}",
            *([first.model_description] if first.model_description else []),
            " ".join(facts),
            table(METRIC_HEADER, map(_row, metrics)),
        ]
    )


def _row(metric: MetricDefinition) -> list[str]:
    # An anchor of its own, for a heading cannot have a point in its anchor, nor stand in a table.
    return [
        f'<a id="{metric.id}"></a>[{code(metric.name)}](#{metric.id})',
        code(metric.formula),
        metric.unit or "",
        metric.good_direction or "",
        metric.thresholds_text,
        metric.description,
    ]


def _link(shown: str) -> str:
    """A link to a file of the folder of SQL, which lies beside docs/."""
    return f"[{shown.rpartition('/')[2]}](../{shown})"


def _codes(names: Sequence[str]) -> str:
    return ", ".join(map(code, names))
