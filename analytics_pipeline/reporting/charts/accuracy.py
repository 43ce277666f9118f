"""The chart of how the forecasts of the last weeks did."""

from typing import TYPE_CHECKING, Any

from analytics_pipeline.reporting.charts.drawing import (
    BLUE,
    LIGHT,
    bars,
    canvas,
    chart,
    legend,
    scale,
    weekly,
)
from analytics_pipeline.reporting.document import Chart
from analytics_pipeline.reporting.measure import Listing
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import label, short_date
from analytics_pipeline.rounding import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST_DAYS = 2


def accuracy_chart(days: Listing) -> Chart | None:
    """What was forecast and what was measured, by day; None for fewer than two days.

    ``days`` are rows with date, expected_queries and measured_queries.
    """
    if len(days.rows) < FEWEST_DAYS:
        return None
    with canvas(2.1) as axes:
        _draw(axes, days)
        return chart("accuracy_chart", axes, accuracy_in_words(days))


def _draw(axes: "Axes", days: Listing) -> None:
    measured = [row["measured_queries"] for row in days.rows]
    expected = [row["expected_queries"] for row in days.rows]
    places = [place + 0.5 for place in range(len(days.rows))]
    marks = [(place + 0.5, name) for place, name in weekly([row["date"] for row in days.rows])]
    scale(axes, len(days.rows), max(*measured, *expected), label("queries_per_day"), marks)
    bars(axes, places, measured, color=LIGHT)
    look: dict[str, Any] = {"color": BLUE, "linewidth": 1.2, "marker": "D", "markersize": 4}
    axes.plot(places, expected, zorder=3, **look)
    legend(
        axes,
        [(label("measured_queries"), {"color": LIGHT}), (label("expected_queries"), look)],
    )


def accuracy_in_words(days: Listing) -> str:
    """What the chart shows."""
    said = texts().sentences
    parts = [
        said.accuracy_part.format(
            day=short_date(row["date"]),
            expected=number(round(row["expected_queries"])),
            measured=number(row["measured_queries"]),
        )
        for row in days.rows
    ]
    return said.accuracy_chart.format(parts="; ".join(parts))
