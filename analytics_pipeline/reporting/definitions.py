"""What each number of a report means."""

from collections.abc import Iterable, Iterator, Mapping

from analytics_pipeline.metrics.catalog import MetricDefinition
from analytics_pipeline.reporting.document import (
    Alerts,
    Block,
    Cards,
    Definition,
    Figures,
    Rows,
    Section,
)
from analytics_pipeline.reporting.measure import NUMERIC, Metric, unit_of

Catalog = Mapping[str, Definition]


def catalog_of(metrics: Iterable[MetricDefinition]) -> dict[str, Definition]:
    """The catalog of metrics as definitions by id."""
    return {
        metric.id: Definition(metric.id, metric.description, metric.formula, metric.unit)
        for metric in metrics
    }


def definitions_of(sections: Iterable[Section], catalog: Catalog) -> dict[str, Definition]:
    """The definition of every number of the sections, by id, in alphabetical order.

    A number that is no metric of the catalog is defined by what its table says of it, without a
    formula. The metric that an alert rule or the row of a list is about is defined too.
    """
    found: dict[str, Definition] = {}
    for section in sections:
        for block in section.blocks:
            for definition in _of_block(block, catalog):
                found.setdefault(definition.id, catalog.get(definition.id, definition))
    return dict(sorted(found.items()))


def _of_block(block: Block, catalog: Catalog) -> Iterator[Definition]:
    match block:
        case Cards(cards=cards):
            yield from _of_metrics(card.metric for card in cards)
        case Figures(metrics=metrics):
            yield from _of_metrics(metrics.values())
        case Rows(table=str(table), listing=listing):
            for column in listing.columns:
                if column.type in NUMERIC:
                    id = f"{table}.{column.name}"
                    yield Definition(id, column.description, None, unit_of(column))
            yield from (catalog[id] for id in metrics_named(block) if id in catalog)
        case Alerts(evaluations=evaluations):
            for alerts in evaluations.values():
                for alert in alerts:
                    if alert.metric and alert.metric in catalog:
                        yield catalog[alert.metric]


def metrics_named(rows: Rows) -> list[str]:
    """What the rows of a list say that they are about, in a column ``metric``, each once."""
    return list(dict.fromkeys(str(row["metric"]) for row in rows.listing.rows if "metric" in row))


def _of_metrics(metrics: Iterable[Metric]) -> Iterator[Definition]:
    for metric in metrics:
        if metric.id is not None:
            yield Definition(metric.id, metric.definition or "", None, metric.unit)
