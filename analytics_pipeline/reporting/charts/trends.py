"""The chart of the headline figures over the last four weeks, one small panel each."""

from collections.abc import Sequence
from math import ceil, nan
from typing import TYPE_CHECKING

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.reporting.charts.drawing import (
    BLUE,
    GREY,
    LIGHT,
    VERMILION,
    WEEK,
    as_png,
    chart,
    new_figure,
    style,
    tick_label,
    ticks_to,
)
from analytics_pipeline.reporting.document import Card, Cards, Chart
from analytics_pipeline.reporting.measure import Number
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import label, number, short_date

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
MARGIN, GAP, PANEL_HEIGHT = 6, 3, 1.65


def trends_chart(cards: Cards, alerts: Sequence[Evaluation]) -> Chart | None:
    """The chart of the figures; None where none has a value on any day."""
    if not has_values(cards):
        return None
    with style():
        return chart("trends_chart", _figure(cards, alerts), trends_in_words(cards))


def trends_png(cards: Cards, alerts: Sequence[Evaluation]) -> bytes:
    """The chart of the figures as a PNG."""
    with style():
        return as_png(_figure(cards, alerts))


def has_values(cards: Cards) -> bool:
    """Whether a figure has a value on any of its days."""
    return any(value is not None for card in cards.cards for value in card.values)


def _figure(cards: Cards, alerts: Sequence[Evaluation]) -> "Figure":
    """Draw each figure by day, its limit where an alert rule has one, the last day marked.

    All panels share one pair of axes, of which a day is the unit of x and the height of a panel
    that of y: a pair for each panel would take three times as long to draw.
    """
    rows = ceil(len(cards.cards) / COLUMNS)
    days = len(cards.cards[0].days)
    width = MARGIN + days + GAP
    figure = new_figure(9.6, 1.85 * rows)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, COLUMNS * width)
    axes.set_ylim(-PANEL_HEIGHT * (rows - 1) - 0.3, 1.3)
    for position, card in enumerate(cards.cards):
        row, column = divmod(position, COLUMNS)
        left, foot = MARGIN + column * width, -row * PANEL_HEIGHT
        axes.text(left, foot + 1.14, label(card.name), fontsize=9)
        for day in range(days - 1, 0, -WEEK):
            name = short_date(card.days[day])
            axes.text(left + day, foot - 0.17, name, color=GREY, ha="center")
        _draw_values(axes, left, foot, card.values, card.metric.unit, limit_of(card, alerts))
    return figure


def limit_of(card: Card, alerts: Sequence[Evaluation]) -> float | None:
    """The limit of an alert rule on the figure of a card, where there is one."""
    for alert in alerts:
        if card.metric.id in (alert.metric, f"{alert.asset}.{alert.name}") or (
            alert.metric is None and alert.name == card.name
        ):
            return alert.limit
    return None


def _draw_values(
    axes: "Axes",
    left: float,
    foot: float,
    values: Sequence[Number | None],
    unit: str | None,
    limit: float | None,
) -> None:
    right = left + len(values)
    known = [value for value in values if value is not None]
    if not known:
        axes.hlines(foot, left - 1, right, color=LIGHT, linewidth=0.6)
        none = texts().page.no_data
        axes.text((left + right) / 2, foot + 0.4, none, color=GREY, ha="center")
        return
    ticks = ticks_to(max(known) if limit is None else max(*known, limit))
    scale = ticks[-1]
    axes.hlines([foot + tick / scale for tick in ticks], left - 1, right, LIGHT, linewidth=0.6)
    for tick in ticks:
        text = tick_label(tick, unit)
        axes.text(left - 1.5, foot + tick / scale, text, color=GREY, ha="right", va="center")
    if limit is not None:
        height = foot + limit / scale
        axes.hlines(height, left - 1, right, VERMILION, linestyle=(0, (4, 2)), linewidth=1.2)
    heights = [nan if value is None else foot + max(value, 0) / scale for value in values]
    days = [left + day for day in range(len(values))]
    axes.plot(days, heights, color=BLUE, linewidth=1.2, marker="o", markersize=2.2)
    axes.plot(days[-1:], heights[-1:], color=BLUE, marker="o", markersize=6)


def trends_in_words(cards: Cards) -> str:
    """What the chart shows, figure by figure."""
    said = texts()
    parts = []
    for card in cards.cards:
        unit = card.metric.unit
        known = [value for value in card.values if value is not None]
        last = card.values[-1]
        parts.append(
            said.sentences.trends_part.format(
                name=label(card.name),
                span=said.sentences.trends_between.format(
                    least=number(min(known), unit), most=number(max(known), unit)
                )
                if known
                else "",
                last=said.page.no_data if last is None else number(last, unit),
            )
        )
    first = cards.cards[0].days[0].isoformat()
    return said.sentences.trends_chart.format(first=first, parts="; ".join(parts))
