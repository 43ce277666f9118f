"""The chart of cost and savings over the last weeks."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from analytics_pipeline.reporting.charts.drawing import (
    BLUE,
    GREY,
    HATCH,
    VERMILION,
    chart,
    name_days,
    new_figure,
    style,
)
from analytics_pipeline.reporting.document import Chart
from analytics_pipeline.reporting.measure import Number
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import label, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

USD = "USD"
Costs = Mapping[date, tuple[Number | None, Number | None]]
"""Total cost and savings of the response cache by day, ascending."""


def cost_chart(costs: Costs) -> Chart | None:
    """What was spent and what was saved on each day; None where neither is known."""
    if all(value is None for pair in costs.values() for value in pair):
        return None
    with style():
        return chart("cost_chart", _figure(costs), cost_in_words(costs))


def _figure(costs: Costs) -> "Figure":
    figure = new_figure(9.6, 2.3)
    axes = figure.add_axes((0.055, 0.14, 0.935, 0.7))
    days = list(costs)
    places = range(len(days))
    spent = [cost or 0 for cost, _ in costs.values()]
    saved = [savings or 0 for _, savings in costs.values()]
    axes.bar(places, spent, width=0.75, color=VERMILION, label=label("total_cost"))
    axes.bar(
        places, saved, width=0.75, bottom=spent, color=BLUE, hatch=HATCH, linewidth=0,
        label=label("response_cache_savings"),
    )  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.set_xlim(-0.6, len(days) - 0.4)
    axes.set_title(label("usd_per_day"), y=1.04)
    name_days(axes, days)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2)
    return figure


def cost_in_words(costs: Costs) -> str:
    """What the chart shows."""
    said = texts().sentences
    first, last = min(costs), max(costs)
    spent = [cost for cost, _ in costs.values() if cost is not None]
    saved = [savings for _, savings in costs.values() if savings is not None]
    parts = [
        *([said.cost_spent.format(total=number(sum(spent), USD))] if spent else []),
        *([said.cost_saved.format(total=number(sum(saved), USD))] if saved else []),
    ]
    cost, savings = costs[last]
    none = texts().page.no_data
    parts.append(
        said.cost_day.format(
            day=last.isoformat(),
            cost=none if cost is None else number(cost, USD),
            savings=none if savings is None else number(savings, USD),
        )
    )
    opening = said.cost_chart.format(first=first.isoformat(), last=last.isoformat())
    return " ".join([opening, *parts])
