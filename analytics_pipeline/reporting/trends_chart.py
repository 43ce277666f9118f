"""The chart of the headline figures over the last four weeks, one small panel each."""

from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING

from analytics_pipeline.reporting.content import ReportContent
from analytics_pipeline.reporting.drawing import BLUE, GREY, LIGHT, VERMILION, new_figure
from analytics_pipeline.reporting.headline import TREND_DAYS
from analytics_pipeline.reporting.measure import SHARE, Number
from analytics_pipeline.reporting.wording import label, number, short_date

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WEEK = 7
COLUMNS = 3
MARGIN, PANEL_WIDTH, PANEL_HEIGHT = 6, 37, 1.65


def trends_figure(content: ReportContent) -> "Figure":
    """Draw each headline figure by day, its limit where an alert rule has one, the day marked.

    All panels share one pair of axes, of which a day is the unit of x and the height of a panel
    that of y: a pair for each panel would take three times as long to draw.
    """
    figure = new_figure(9.6, 3.7)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, COLUMNS * PANEL_WIDTH)
    axes.set_ylim(-PANEL_HEIGHT - 0.3, 1.3)
    limits = {alert.name: alert.limit for alert in content.alerts}
    weeks = range(TREND_DAYS - 1, 0, -WEEK)
    for position, (name, values) in enumerate(content.trends.values.items()):
        row, column = divmod(position, COLUMNS)
        left, foot = MARGIN + column * PANEL_WIDTH, -row * PANEL_HEIGHT
        axes.text(left, foot + 1.14, label(name), fontsize=9)
        for day in weeks:
            date = short_date(content.trends.dates[day])
            axes.text(left + day, foot - 0.17, date, color=GREY, ha="center")
        _draw_values(axes, left, foot, values, content.kpis[name].unit, limits.get(name))
    return figure


def _draw_values(
    axes: "Axes",
    left: float,
    foot: float,
    values: Sequence[Number | None],
    unit: str | None,
    limit: float | None,
) -> None:
    right = left + TREND_DAYS
    known = [value for value in values if value is not None]
    if not known:
        axes.hlines(foot, left - 1, right, color=LIGHT, linewidth=0.6)
        axes.text((left + right) / 2, foot + 0.4, "no data", color=GREY, ha="center")
        return
    ticks = _ticks(max(known) if limit is None else max(*known, limit))
    scale = ticks[-1]
    axes.hlines([foot + tick / scale for tick in ticks], left - 1, right, LIGHT, linewidth=0.6)
    for tick in ticks:
        text = _tick_label(tick, unit)
        axes.text(left - 1.5, foot + tick / scale, text, color=GREY, ha="right", va="center")
    if limit is not None:
        height = foot + limit / scale
        axes.hlines(height, left - 1, right, VERMILION, linestyle=(0, (4, 2)), linewidth=1.2)
    heights = [nan if value is None else foot + value / scale for value in values]
    days = [left + day for day in range(TREND_DAYS)]
    axes.plot(days, heights, color=BLUE, linewidth=1.2, marker="o", markersize=2.2)
    axes.plot(days[-1:], heights[-1:], color=BLUE, marker="o", markersize=6)


def _ticks(top: Number) -> list[float]:
    """Round numbers from 0 to at least ``top``, three or four of them."""
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]).tick_values(0, max(top, 0) or 1)
    return [float(tick) for tick in ticks if tick >= 0]


def _tick_label(value: float, unit: str | None) -> str:
    if unit == SHARE:
        return f"{100 * value:.4g}%"
    return f"{value:.4g} s" if unit == "s" else f"{value:,.10g}"


def trends_in_words(content: ReportContent) -> str:
    """What the chart shows, figure by figure."""
    parts = []
    for name, values in content.trends.values.items():
        unit = content.kpis[name].unit
        known = [value for value in values if value is not None]
        last = "no data" if values[-1] is None else number(values[-1], unit)
        span = (
            f"between {number(min(known), unit)} and {number(max(known), unit)}, " if known else ""
        )
        parts.append(f"{label(name)}: {span}on the day {last}")
    first = content.trends.dates[0].isoformat()
    return f"Headline figures by day since {first}. " + "; ".join(parts) + "."
