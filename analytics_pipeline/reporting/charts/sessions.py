"""The chart of the durations of sessions."""

from typing import TYPE_CHECKING

from analytics_pipeline.reporting.charts.drawing import BLUE, GREY, chart, new_figure, style
from analytics_pipeline.reporting.document import Chart
from analytics_pipeline.reporting.measure import Listing
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import label, number, spoken

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLASS = "duration_class"


def sessions_chart(durations: Listing) -> Chart | None:
    """How many sessions there are of each class of duration; None where there are none."""
    if not durations.rows:
        return None
    with style():
        return chart("sessions_chart", _figure(durations), sessions_in_words(durations))


def _figure(durations: Listing) -> "Figure":
    figure = new_figure(9.6, 2.1)
    axes = figure.add_axes((0.055, 0.15, 0.935, 0.66))
    counts = [row["sessions"] for row in durations.rows]
    positions = range(len(counts))
    bars = axes.bar(positions, counts, width=0.7, color=BLUE)
    axes.bar_label(bars, [number(count) for count in counts], padding=2, color=GREY)
    axes.set_xticks(positions, labels=[spoken(row[CLASS], CLASS) for row in durations.rows])
    axes.tick_params(length=0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(0, 1.15 * max(counts))
    axes.set_title(label("sessions_by_duration"), y=1.08)
    return figure


def sessions_in_words(durations: Listing) -> str:
    """What the chart shows."""
    parts = [f"{spoken(row[CLASS], CLASS)}: {number(row['sessions'])}" for row in durations.rows]
    return texts().sentences.sessions_chart.format(parts="; ".join(parts))
