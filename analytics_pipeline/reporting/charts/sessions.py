"""The chart of the durations of sessions."""

from typing import TYPE_CHECKING

from analytics_pipeline.reporting.charts.drawing import BLUE, GREY, bars, canvas, chart, scale
from analytics_pipeline.reporting.document import Chart
from analytics_pipeline.reporting.measure import Listing
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import label, spoken
from analytics_pipeline.rounding import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLASS = "duration_class"


def sessions_chart(durations: Listing) -> Chart | None:
    """How many sessions there are of each class of duration; None where there are none."""
    if not durations.rows:
        return None
    with canvas(2.1) as axes:
        _draw(axes, durations)
        return chart("sessions_chart", axes, sessions_in_words(durations))


def _draw(axes: "Axes", durations: Listing) -> None:
    counts = [row["sessions"] for row in durations.rows]
    places = [place + 0.5 for place in range(len(counts))]
    names = [spoken(row[CLASS], CLASS) for row in durations.rows]
    title = label("sessions_by_duration")
    scale(axes, len(counts), max(counts), title, list(zip(places, names, strict=True)))
    bars(axes, places, counts, width=0.7, color=BLUE)
    above = 0.02 * axes.get_ylim()[1]
    for place, count in zip(places, counts, strict=True):
        axes.text(place, count + above, number(count), color=GREY, ha="center")


def sessions_in_words(durations: Listing) -> str:
    """What the chart shows."""
    parts = [f"{spoken(row[CLASS], CLASS)}: {number(row['sessions'])}" for row in durations.rows]
    return texts().sentences.sessions_chart.format(parts="; ".join(parts))
