"""The view for executives: what a day was like, without any text that came from logs."""

from collections.abc import Iterable

from analytics_pipeline.reporting.document import Alerts, Block, Cards, Figures, Paragraphs, Section
from analytics_pipeline.reporting.sections.advice import top_recommendation
from analytics_pipeline.reporting.sections.alerts import without_slices
from analytics_pipeline.reporting.texts import texts

HEADLINES = (
    "total_queries", "hit_rate", "p95_response_time", "active_users", "total_cost",
    "response_cache_savings",
)  # fmt: skip
COSTS = (
    "total_cost", "response_cache_savings", "savings_rate", "cost_per_query",
    "cost_month_to_date", "projected_month_cost",
)  # fmt: skip
BLOCKS = {
    "headlines": ("headlines",),
    "alerts": ("alerts",),
    "cost": ("daily_cost_metrics", "cost_chart"),
    "recommendations": (),
    "forecast": ("forecast_in_words", "forecast", "past_accuracy"),
}
"""The sections in their order, and which of their blocks are shown; recommendations are retold."""


def executive_sections(sections: Iterable[Section]) -> list[Section]:
    """What executives read of the sections of a day."""
    by_id = {section.id: section for section in sections}
    chosen = []
    for id, wanted in BLOCKS.items():
        if id not in by_id:
            continue
        blocks = tuple(_shortened(block) for block in by_id[id].blocks if block.id in wanted)
        if id == "recommendations":
            blocks = top_recommendation(by_id[id])
        if blocks:
            chosen.append(Section(id, blocks))
    return chosen


def _shortened(block: Block) -> Block:
    match block:
        case Cards(id=id, cards=cards):
            return Cards(id, tuple(card for card in cards if card.name in HEADLINES))
        case Figures(id="daily_cost_metrics" as id, metrics=metrics):
            return Figures(
                id, {name: metrics[name] for name in COSTS if name in metrics} or metrics
            )
        case Alerts(evaluations=evaluations):
            violated = {
                day: [without_slices(alert) for alert in alerts if alert.passed is False]
                for day, alerts in evaluations.items()
            }
            if any(violated.values()):
                return Alerts(block.id, violated)
            return Paragraphs(block.id, (texts().sentences.none_violated,))
    return block
