"""The command on the catalog of metrics: aicache-analytics metrics …"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table as RichTable

from analytics_pipeline.cli_options import (
    WRONG_USAGE,
    JsonOption,
    configure,
    fail,
    output,
    print_json,
)

if TYPE_CHECKING:
    from analytics_pipeline.metrics.catalog import MetricDefinition

OVER_DAYS = {
    "sum": "the sum of the days",
    "last": "the latest day",
    "max": "the highest day",
    "min": "the lowest day",
    "formula": "the formula, of the sums of the days",
    "median": "only a typical day can be told: their median",
}


def metrics(
    name: Annotated[
        str | None,
        typer.Argument(help="A metric, one of a certain table (TABLE.METRIC), or a table."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the catalog of metrics, or explain one: its formula, unit, grain, owner, definition."""
    settings = configure()
    from analytics_pipeline.metrics.catalog import metric_catalog
    from analytics_pipeline.metrics.tables import current_project

    catalog = metric_catalog(current_project(), settings.owner)
    found = catalog if name is None else _named(catalog, name)
    if as_json:
        print_json([metric.as_record() for metric in found])
    elif name is None or name in {metric.model for metric in found}:
        _print_list(found)
    else:
        _print_definitions(found)


def _named(catalog: Sequence["MetricDefinition"], name: str) -> list["MetricDefinition"]:
    """The metrics that a user means by a name; ends the command where there are none."""
    from analytics_pipeline.metrics.errors import nearest

    found = [each for each in catalog if name in (each.name, each.id, each.model)]
    if not found:
        ids, names = {each.id for each in catalog}, {each.name for each in catalog}
        near = nearest(name, ids if "." in name else names | {each.model for each in catalog})
        hint = f"did you mean '{near}'?" if near else "aicache-analytics metrics lists them all."
        fail(f"There is no metric '{name}'; {hint}", WRONG_USAGE)
    return found


def _print_list(catalog: Sequence["MetricDefinition"]) -> None:
    from analytics_pipeline.metrics.catalog import by_model

    if not catalog:
        output.print("No column of the folder of SQL has a formula, which would make it a metric.")
    for number, of_model in enumerate(by_model(catalog).values()):
        if number:
            output.print()
        first = of_model[0]
        output.print(
            f"[bold]{escape(first.model)}[/bold]  {escape(first.subject)}, "
            f"by {escape(', '.join(first.grain) or 'no declared grain')}, {escape(first.owner)}"
        )
        table = RichTable(box=None, pad_edge=False)
        for header in ("metric", "unit", "good", "thresholds", "formula"):
            table.add_column(header, overflow="fold")
        for metric in of_model:
            table.add_row(
                *map(
                    escape,
                    (
                        metric.name,
                        metric.unit or "",
                        metric.good_direction or "",
                        metric.thresholds_text,
                        metric.formula,
                    ),
                )
            )
        output.print(table)


def _print_definitions(found: Sequence["MetricDefinition"]) -> None:
    for number, metric in enumerate(found):
        if number:
            output.print()
        output.print(f"[bold]{escape(metric.id)}[/bold]")
        table = RichTable(box=None, pad_edge=False, show_header=False)
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        for label, text in _facts(metric).items():
            if text:
                table.add_row(label, escape(text))
        output.print(table)


def _facts(metric: "MetricDefinition") -> dict[str, str]:
    better = {"higher": "higher is better", "lower": "lower is better", None: ""}
    return {
        "meaning": metric.description,
        "formula": metric.formula,
        "unit": metric.unit or "",
        "type": metric.type.lower(),
        "grain": ", ".join(metric.grain) or "not declared",
        "slices": ", ".join(metric.slices),
        "over days": OVER_DAYS[metric.aggregation.kind],
        "good": better[metric.good_direction],
        "thresholds": metric.thresholds_text,
        "owner": metric.owner,
        "subject": metric.subject,
        "defined": str(metric.file),
        "declared": str(metric.declared_at),
    }
