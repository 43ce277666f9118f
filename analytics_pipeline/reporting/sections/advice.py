"""What is recommended, by its expected value, and what was unusual with its likely causes."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from analytics_pipeline.insights.tables import ANOMALY_CAUSES, REMAINDERS
from analytics_pipeline.lake.table import Column
from analytics_pipeline.optimization.tables import RECOMMENDATIONS
from analytics_pipeline.reporting.document import Block, Figures, Paragraphs, Rows, Section
from analytics_pipeline.reporting.measure import Absence, Listing, Row, metric
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import spoken
from analytics_pipeline.rounding import number

ADVICE = ("rank", "recommendation", "usd_per_day", "seconds_per_day")
BASIS = ("rank", "counterfactual", "assumption", "reason", "window_days", "days_observed")
EVIDENCE = "recommendation_evidence"
VALUES = ("usd_per_day", "seconds_per_day")

ANOMALIES = "anomalies"
OF_THE_METRIC = ("metric", "value", "expected", "change", "robust_z")
CAUSES = ("metric", "rank", "sentence", "effect", "contribution")


def recommendations_section(sources: Sources, day: date) -> Section:
    """What is recommended, what its values compare, and the figures from which it follows."""
    listing = sources.stored.listing(
        RECOMMENDATIONS, day, Absence(texts().absences.no_recommendations, 0), whole=True
    )
    advice = Rows("recommendations", listing, ADVICE, "rank", RECOMMENDATIONS.name, limit=10)
    if not listing.rows:
        return Section("recommendations", (advice,))
    basis = Rows("recommendation_basis", listing, BASIS, "rank", RECOMMENDATIONS.name, folded=True)
    blocks: tuple[Block, ...] = (advice, basis, _evidence(listing.rows))
    return Section("recommendations", blocks)


def top_recommendation(section: Section) -> tuple[Block, ...]:
    """The recommendation of the highest value in words without names from logs, and its values."""
    rows = next((block for block in section.blocks if isinstance(block, Rows)), None)
    if rows is None or not rows.listing.rows:
        reason = (rows and rows.listing.reason) or texts().absences.no_recommendations
        return (Paragraphs("top_recommendation", (reason,)),)
    first, said = rows.listing.rows[0], texts()
    sentences = [said.sentences.top_recommendation.format(kind=spoken(first["kind"], "kind"))]
    if first["usd_per_day"]:
        usd = number(first["usd_per_day"], "USD")
        sentences.append(said.sentences.spares_money.format(usd=usd))
    if first["seconds_per_day"]:
        seconds = number(first["seconds_per_day"], "s")
        sentences.append(said.sentences.spares_time.format(seconds=seconds))
    columns = {column.name: column for column in RECOMMENDATIONS.columns}
    values = {
        name: metric(
            first[name], columns[name].unit, said.absences.not_valued,
            columns[name].description, f"{RECOMMENDATIONS.name}.{name}",
        )
        for name in VALUES
    }  # fmt: skip
    return (
        Paragraphs("top_recommendation", tuple(sentences)),
        Figures("top_recommendation_values", values),
    )


def anomalies_section(sources: Sources, day: date) -> Section:
    """The headline metrics that were far from what is expected of them, and likely causes."""
    listing = sources.stored.listing(
        ANOMALY_CAUSES, day, Absence(texts().absences.no_anomalies, 0), whole=True
    )
    by_metric = tuple({row["metric"]: row for row in reversed(listing.rows)}.values())[::-1]
    anomalies = Listing(listing.columns, by_metric, len(by_metric), listing.reason)
    if not listing.rows:
        return Section("anomalies", (Rows(ANOMALIES, listing, OF_THE_METRIC, "metric"),))
    causes = _with(listing, lambda row: row["cause"] not in REMAINDERS)
    remainders = _with(listing, lambda row: row["cause"] in REMAINDERS)
    blocks = [
        Rows(ANOMALIES, anomalies, OF_THE_METRIC, "metric", ANOMALY_CAUSES.name),
        Rows("anomaly_causes", causes, CAUSES, "metric", ANOMALY_CAUSES.name, limit=20),
    ]
    if remainders.rows:
        table = ANOMALY_CAUSES.name
        blocks.append(Rows("anomaly_remainders", remainders, CAUSES, "metric", table, folded=True))
    return Section("anomalies", tuple(blocks))


def _with(listing: Listing, condition: Callable[[Row], bool]) -> Listing:
    rows = tuple(filter(condition, listing.rows))
    return Listing(listing.columns, rows, len(rows), listing.reason)


def _evidence(recommendations: Iterable[Row]) -> Rows:
    said = texts().descriptions
    columns = (
        Column("rank", "BIGINT", said["evidence.rank"]),
        Column("metric", "VARCHAR", said["evidence.metric"]),
        Column("value", "DOUBLE", said["evidence.value"], unit="of the metric"),
        Column("unit", "VARCHAR", said["evidence.unit"]),
        Column("aggregate", "VARCHAR", said["evidence.aggregate"]),
    )
    rows = tuple(
        {"rank": row["rank"], **figure}
        for row in recommendations
        for figure in _figures_of(row)
    )  # fmt: skip
    shown = tuple(column.name for column in columns)
    listing = Listing(columns, rows, len(rows))
    return Rows(EVIDENCE, listing, shown, "rank", EVIDENCE, folded=True)


def _figures_of(recommendation: Row) -> Iterator[Mapping[str, Any]]:
    for figure in json.loads(recommendation["evidence"]):
        yield {name: figure.get(name) for name in ("metric", "value", "unit", "aggregate")}
