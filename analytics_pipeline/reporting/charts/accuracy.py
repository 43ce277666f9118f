"""The chart of how the forecasts of the last weeks did."""

from typing import TYPE_CHECKING

from analytics_pipeline.reporting.charts.drawing import (
    BLUE,
    LIGHT,
    chart,
    name_days,
    new_figure,
    style,
)
from analytics_pipeline.reporting.document import Chart
from analytics_pipeline.reporting.measure import Listing
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import label, number, short_date

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST_DAYS = 2


def accuracy_chart(days: Listing) -> Chart | None:
    """What was forecast and what was measured, by day; None for fewer than two days.

    ``days`` are rows with date, expected_queries and measured_queries.
    """
    if len(days.rows) < FEWEST_DAYS:
        return None
    with style():
        return chart("accuracy_chart", _figure(days), accuracy_in_words(days))


def _figure(days: Listing) -> "Figure":
    figure = new_figure(9.6, 2.1)
    axes = figure.add_axes((0.055, 0.15, 0.935, 0.66))
    places = range(len(days.rows))
    measured = [row["measured_queries"] for row in days.rows]
    expected = [row["expected_queries"] for row in days.rows]
    axes.bar(places, measured, width=0.75, color=LIGHT, label=label("measured_queries"))
    axes.plot(
        places, expected, color=BLUE, linewidth=1.2, marker="D", markersize=4,
        label=label("expected_queries"),
    )  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.set_xlim(-0.6, len(days.rows) - 0.4)
    axes.set_title(label("queries_per_day"), y=1.06)
    name_days(axes, [row["date"] for row in days.rows])
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2)
    return figure


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
