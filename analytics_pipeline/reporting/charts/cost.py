"""The chart of cost and savings over the last weeks."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from analytics_pipeline.reporting.charts.drawing import (
    BLUE,
    HATCH,
    VERMILION,
    bars,
    canvas,
    chart,
    legend,
    scale,
    weekly,
)
from analytics_pipeline.reporting.document import Chart
from analytics_pipeline.reporting.measure import Number
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import label
from analytics_pipeline.rounding import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

USD = "USD"
Costs = Mapping[date, tuple[Number | None, Number | None]]
"""Total cost and savings of the response cache by day, ascending."""


def cost_chart(costs: Costs) -> Chart | None:
    """What was spent and what was saved on each day; None where neither is known."""
    if all(value is None for pair in costs.values() for value in pair):
        return None
    with canvas(2.3) as axes:
        _draw(axes, costs)
        return chart("cost_chart", axes, cost_in_words(costs))


def _draw(axes: "Axes", costs: Costs) -> None:
    spent = [max(cost or 0, 0) for cost, _ in costs.values()]
    saved = [max(savings or 0, 0) for _, savings in costs.values()]
    places = [place + 0.5 for place in range(len(costs))]
    marks = [(place + 0.5, name) for place, name in weekly(list(costs))]
    top = max(sum(pair) for pair in zip(spent, saved, strict=True))
    scale(axes, len(costs), top, label("usd_per_day"), marks)
    bars(axes, places, spent, color=VERMILION)
    bars(axes, places, saved, feet=spent, color=BLUE, hatch=HATCH)
    legend(
        axes,
        [
            (label("total_cost"), {"color": VERMILION}),
            (label("saved_by_the_response_cache"), {"color": BLUE, "hatch": HATCH}),
        ],
    )


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
