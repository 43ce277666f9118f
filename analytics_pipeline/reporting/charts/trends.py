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
    as_png,
    canvas,
    chart,
    tick_label,
    ticks_to,
    weekly,
)
from analytics_pipeline.reporting.document import Card, Cards, Chart
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import label
from analytics_pipeline.rounding import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 3
MARGIN, GAP, PANEL_HEIGHT = 7, 2, 1.5
ROW_HEIGHT = 1.6

Stretch = tuple[float, float, float]
"""The height of a level line, and where it begins and ends."""
Point = tuple[float, float]


def trends_chart(cards: Cards, alerts: Sequence[Evaluation]) -> Chart | None:
    """The chart of the figures; None where none has a value on any day."""
    if not has_values(cards):
        return None
    with canvas(_height(cards)) as axes:
        _draw(axes, cards, alerts)
        return chart("trends_chart", axes, trends_in_words(cards))


def trends_png(cards: Cards, alerts: Sequence[Evaluation]) -> bytes:
    """The chart of the figures as a PNG."""
    with canvas(_height(cards)) as axes:
        _draw(axes, cards, alerts)
        return as_png(axes)


def has_values(cards: Cards) -> bool:
    """Whether a figure has a value on any of its days."""
    return any(value is not None for card in cards.cards for value in card.values)


def _height(cards: Cards) -> float:
    return ROW_HEIGHT * ceil(len(cards.cards) / COLUMNS)


def _draw(axes: "Axes", cards: Cards, alerts: Sequence[Evaluation]) -> None:
    """Draw each figure by day, its limit where an alert rule has one, the last day marked.

    All panels share the axes, of which a day is the unit of x and the height of a panel that of y.
    """
    rows = ceil(len(cards.cards) / COLUMNS)
    days = cards.cards[0].days
    width = MARGIN + len(days) + GAP
    axes.set_xlim(0, COLUMNS * width)
    axes.set_ylim(-PANEL_HEIGHT * (rows - 1) - 0.3, 1.3)
    lines: list[Stretch] = []
    limits: list[Stretch] = []
    points: list[Point] = []
    for position, card in enumerate(cards.cards):
        row, column = divmod(position, COLUMNS)
        left, foot = MARGIN + column * width, -row * PANEL_HEIGHT
        right = left + len(days)
        axes.text(left, foot + 1.14, label(card.name), fontsize=9)
        if position + COLUMNS >= len(cards.cards):
            for place, name in weekly(days):
                axes.text(left + place, foot - 0.17, name, color=GREY, ha="center")
        known = [value for value in card.values if value is not None]
        if not known:
            lines.append((foot, left - 1, right))
            none = texts().page.no_data
            axes.text((left + right) / 2, foot + 0.4, none, color=GREY, ha="center")
            continue
        limit = limit_of(card, alerts)
        ticks = ticks_to(max(known) if limit is None else max(*known, limit))
        for tick in ticks:
            text, height = tick_label(tick, card.metric.unit), foot + tick / ticks[-1]
            lines.append((height, left - 1, right))
            axes.text(left - 1.5, height, text, color=GREY, ha="right", va="center")
        if limit is not None:
            limits.append((foot + limit / ticks[-1], left - 1, right))
        points += [
            (left + place, nan if value is None else foot + max(value, 0) / ticks[-1])
            for place, value in enumerate(card.values)
        ]
        axes.plot(*points[-1], color=BLUE, marker="o", markersize=6)
        points.append((nan, nan))
    heights, lefts, rights = zip(*lines, strict=True)
    axes.hlines(heights, lefts, rights, LIGHT, linewidth=0.6)
    if limits:
        heights, lefts, rights = zip(*limits, strict=True)
        axes.hlines(heights, lefts, rights, VERMILION, linestyle=(0, (4, 2)), linewidth=1.2)
    axes.plot(*zip(*points, strict=True), color=BLUE, linewidth=1.2, marker="o", markersize=2.2)


def limit_of(card: Card, alerts: Sequence[Evaluation]) -> float | None:
    """The limit of an alert rule on the figure of a card, where there is one."""
    for alert in alerts:
        if card.metric.id in (alert.metric, f"{alert.asset}.{alert.name}") or (
            alert.metric is None and alert.name == card.name
        ):
            return alert.limit
    return None


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
