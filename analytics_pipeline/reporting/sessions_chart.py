"""The chart of the durations of sessions."""

from typing import TYPE_CHECKING

from analytics_pipeline.reporting.content import ReportContent
from analytics_pipeline.reporting.drawing import BLUE, GREY, new_figure
from analytics_pipeline.reporting.wording import DURATION_CLASSES, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def sessions_figure(content: ReportContent) -> "Figure":
    """Draw how many sessions there are of each class of duration."""
    figure = new_figure(9.6, 2.1)
    axes = figure.add_axes((0.055, 0.15, 0.935, 0.66))
    rows = content.insights.sessions.durations.rows
    counts = [row["sessions"] for row in rows]
    positions = range(len(rows))
    bars = axes.bar(positions, counts, width=0.7, color=BLUE)
    axes.bar_label(bars, [number(count) for count in counts], padding=2, color=GREY)
    axes.set_xticks(positions, labels=[DURATION_CLASSES[row["duration_class"]] for row in rows])
    axes.tick_params(length=0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(0, 1.15 * max(counts))
    axes.set_title("Sessions by duration", y=1.08)
    return figure


def sessions_in_words(content: ReportContent) -> str:
    """What the chart shows."""
    rows = content.insights.sessions.durations.rows
    parts = [
        f"{DURATION_CLASSES[row['duration_class']]}: {number(row['sessions'])}" for row in rows
    ]
    return "Sessions by duration. " + "; ".join(parts) + "."
