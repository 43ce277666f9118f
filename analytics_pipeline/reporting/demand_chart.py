"""The chart of the hourly demand: what was measured, and what was and is expected."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from analytics_pipeline.reporting.content import ReportContent
from analytics_pipeline.reporting.drawing import BLUE, GREY, LIGHT, VERMILION, new_figure
from analytics_pipeline.reporting.measure import Listing
from analytics_pipeline.reporting.wording import clock, number, short_date

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HOURS = 24
TICK_HOURS = 6


def demand_figure(content: ReportContent) -> "Figure":
    """Draw the queries of each hour of the day, and the forecasts for it and for the next day.

    The stretches of the day in which the cache missed too often are marked at the foot.
    """
    figure = new_figure(9.6, 2.8)
    axes = figure.add_axes((0.055, 0.12, 0.935, 0.76))
    midnight = datetime.combine(content.event_date, datetime.min.time())
    hours = [row for row in content.demand.hours.rows if row["queries"] is not None]
    if hours:
        middle = [_position(row["hour"], midnight) + 0.5 for row in hours]
        queries = [row["queries"] for row in hours]
        axes.bar(middle, queries, width=0.8, color=LIGHT, label="measured queries")
    for listing in (content.demand.forecast, content.forecast.hours):
        _draw_forecast(axes, listing, midnight)
    for row in content.insights.miss_rate_periods.rows:
        axes.axvspan(
            _position(row["started_at"], midnight),
            _position(row["ended_at"], midnight),
            ymax=0.035, color=VERMILION, label="high miss rate",
        )  # fmt: skip
    end = 2 * HOURS if content.forecast.hours.rows else HOURS
    axes.axvline(HOURS, color=GREY, linewidth=0.8)
    axes.set_xlim(0, end)
    axes.set_ylim(bottom=0)
    axes.set_title("Queries per hour (UTC)", y=1.02)
    ticks = range(0, end, TICK_HOURS)
    axes.set_xticks(ticks, labels=[_tick(midnight, hour) for hour in ticks])
    handles, labels = axes.get_legend_handles_labels()
    distinct = dict(reversed(list(zip(labels, handles, strict=True))))
    axes.legend(
        list(distinct.values())[::-1], list(distinct)[::-1],
        loc="lower right", bbox_to_anchor=(1, 0.98), ncols=len(distinct),
    )  # fmt: skip
    return figure


def _draw_forecast(axes: "Axes", listing: Listing, midnight: datetime) -> None:
    if not listing.rows:
        return
    hours = [_position(row["hour"], midnight) + 0.5 for row in listing.rows]
    expected = [row["forecast"] for row in listing.rows]
    axes.plot(hours, expected, color=BLUE, linewidth=1.6, label="forecast")
    banded = [row for row in listing.rows if row["lower"] is not None and row["upper"] is not None]
    axes.fill_between(
        [_position(row["hour"], midnight) + 0.5 for row in banded],
        [row["lower"] for row in banded],
        [row["upper"] for row in banded],
        color=BLUE, alpha=0.22, linewidth=0, label="prediction interval",
    )  # fmt: skip


def _position(time: datetime, midnight: datetime) -> float:
    return (time - midnight) / timedelta(hours=1)


def _tick(midnight: datetime, hour: int) -> str:
    time = midnight + timedelta(hours=hour)
    return short_date(time.date()) if hour in {0, HOURS} else clock(time)


def demand_in_words(content: ReportContent) -> str:
    """What the chart shows."""
    sentences = []
    measured = [row for row in content.demand.hours.rows if row["queries"] is not None]
    if measured:
        most = max(measured, key=lambda row: row["queries"])
        least = min(measured, key=lambda row: row["queries"])
        sentences.append(
            f"Between {number(least['queries'])} and {number(most['queries'])} queries an hour on "
            f"{content.event_date.isoformat()}, most from {clock(most['hour'])}."
        )
    expected = content.forecast.hours.rows
    if expected:
        most = max(expected, key=lambda row: row["forecast"])
        least = min(expected, key=lambda row: row["forecast"])
        sentences.append(
            f"Expected on {content.forecast.forecast_date.isoformat()}: between "
            f"{number(least['forecast'])} and {number(most['forecast'])} an hour, most from "
            f"{clock(most['hour'])}."
        )
    return "Queries by hour. " + " ".join(sentences)
