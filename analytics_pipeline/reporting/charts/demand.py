"""The chart of the hourly demand: what was measured, and what was and is expected."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from analytics_pipeline.reporting.charts.drawing import (
    BLUE,
    GREY,
    LIGHT,
    VERMILION,
    chart,
    new_figure,
    style,
)
from analytics_pipeline.reporting.document import Chart
from analytics_pipeline.reporting.measure import Listing, Row
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import clock, label, number, short_date

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HOURS = 24
TICK_HOURS = 6


def demand_chart(
    day: date, hours: Listing, former: Listing, forecast: Listing, misses: Sequence[Row]
) -> Chart | None:
    """The queries of each hour of a day, with the forecasts for it and for the next day.

    ``hours`` are rows of hourly_query_demand, ``former`` and ``forecast`` of demand_forecast.
    ``misses`` are the stretches of the day in which the cache missed too often; they are marked
    at the foot. None where neither a demand nor a forecast of the next day is known.
    """
    if not (hours.rows or forecast.rows):
        return None
    with style():
        figure = _figure(day, hours, former, forecast, misses)
        return chart("demand_chart", figure, demand_in_words(day, hours, forecast))


def _figure(
    day: date, hours: Listing, former: Listing, forecast: Listing, misses: Sequence[Row]
) -> "Figure":
    figure = new_figure(9.6, 2.8)
    axes = figure.add_axes((0.055, 0.12, 0.935, 0.76))
    midnight = datetime.combine(day, datetime.min.time())
    known = [row for row in hours.rows if row["queries"] is not None]
    if known:
        middle = [_position(row["hour"], midnight) + 0.5 for row in known]
        queries = [row["queries"] for row in known]
        axes.bar(middle, queries, width=0.8, color=LIGHT, label=label("measured_queries"))
    for listing in (former, forecast):
        _draw_forecast(axes, listing, midnight)
    for row in misses:
        axes.axvspan(
            _position(row["started_at"], midnight), _position(row["ended_at"], midnight),
            ymax=0.035, color=VERMILION, label=label("high_miss_rate"),
        )  # fmt: skip
    end = 2 * HOURS if forecast.rows else HOURS
    axes.axvline(HOURS, color=GREY, linewidth=0.8)
    axes.set_xlim(0, end)
    axes.set_ylim(bottom=0)
    axes.set_title(label("queries_per_hour"), y=1.02)
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
    axes.plot(hours, expected, color=BLUE, linewidth=1.6, label=label("forecast"))
    banded = [row for row in listing.rows if row["lower"] is not None and row["upper"] is not None]
    axes.fill_between(
        [_position(row["hour"], midnight) + 0.5 for row in banded],
        [row["lower"] for row in banded],
        [row["upper"] for row in banded],
        color=BLUE, alpha=0.22, linewidth=0, label=label("prediction_interval"),
    )  # fmt: skip


def _position(time: datetime, midnight: datetime) -> float:
    return (time - midnight) / timedelta(hours=1)


def _tick(midnight: datetime, hour: int) -> str:
    time = midnight + timedelta(hours=hour)
    return short_date(time.date()) if hour in {0, HOURS} else clock(time)


def demand_in_words(day: date, hours: Listing, forecast: Listing) -> str:
    """What the chart shows."""
    said = texts().sentences
    sentences = []
    measured = [row for row in hours.rows if row["queries"] is not None]
    if measured:
        most = max(measured, key=lambda row: row["queries"])
        least = min(measured, key=lambda row: row["queries"])
        sentences.append(
            said.demand_measured.format(
                least=number(least["queries"]),
                most=number(most["queries"]),
                day=day.isoformat(),
                hour=clock(most["hour"]),
            )
        )
    if forecast.rows:
        most = max(forecast.rows, key=lambda row: row["forecast"])
        least = min(forecast.rows, key=lambda row: row["forecast"])
        sentences.append(
            said.demand_expected.format(
                least=number(least["forecast"]),
                most=number(most["forecast"]),
                day=most["hour"].date().isoformat(),
                hour=clock(most["hour"]),
            )
        )
    return " ".join([said.demand_chart, *sentences])
