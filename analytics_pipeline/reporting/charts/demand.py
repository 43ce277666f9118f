"""The chart of the hourly demand: what was measured, and what was and is expected."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from analytics_pipeline.reporting.charts.drawing import (
    BLUE,
    GREY,
    LIGHT,
    VERMILION,
    bars,
    canvas,
    chart,
    legend,
    scale,
)
from analytics_pipeline.reporting.document import Chart
from analytics_pipeline.reporting.measure import Listing, Row
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import clock, label, short_date
from analytics_pipeline.rounding import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HOURS = 24
# Blue as it looks in front of the page where it is not opaque.
BAND = "#C7DFEE"
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
    with canvas(2.8) as axes:
        _draw(axes, day, hours, former, forecast, misses)
        return chart("demand_chart", axes, demand_in_words(day, hours, forecast))


def _draw(
    axes: "Axes", day: date, hours: Listing, former: Listing, forecast: Listing,
    misses: Sequence[Row],
) -> None:  # fmt: skip
    midnight = datetime.combine(day, datetime.min.time())
    known = [row for row in hours.rows if row["queries"] is not None]
    expected = [listing.rows for listing in (former, forecast) if listing.rows]
    values = [row["queries"] for row in known]
    ends = [row["upper"] or row["forecast"] for rows in expected for row in rows]
    end = 2 * HOURS if forecast.rows else HOURS
    marks = [(float(hour), _tick(midnight, hour)) for hour in range(0, end, TICK_HOURS)]
    scale(axes, end, max([*values, *ends], default=0), label("queries_per_hour"), marks)
    drawn: list[tuple[str, dict[str, Any]]] = []
    if known:
        middle = [_position(row["hour"], midnight) + 0.5 for row in known]
        bars(axes, middle, values, width=0.8, color=LIGHT)
        drawn.append((label("measured_queries"), {"color": LIGHT}))
    for rows in expected:
        _draw_forecast(axes, rows, midnight)
    if expected:
        drawn.append((label("forecast"), {"color": BLUE, "linewidth": 1.6}))
        drawn.append((label("prediction_interval"), {"color": BAND}))
    for row in misses:
        start, stop = (_position(row[name], midnight) for name in ("started_at", "ended_at"))
        foot = 0.035 * axes.get_ylim()[1]
        bars(axes, [(start + stop) / 2], [foot], width=stop - start, color=VERMILION)
    if misses:
        drawn.append((label("high_miss_rate"), {"color": VERMILION}))
    if end > HOURS:
        axes.vlines(HOURS, 0, ends and max([*values, *ends]), GREY, linewidth=0.8)
    legend(axes, drawn)


def _draw_forecast(axes: "Axes", rows: Sequence[Row], midnight: datetime) -> None:
    hours = [_position(row["hour"], midnight) + 0.5 for row in rows]
    banded = [row for row in rows if row["lower"] is not None and row["upper"] is not None]
    axes.fill_between(
        [_position(row["hour"], midnight) + 0.5 for row in banded],
        [row["lower"] for row in banded],
        [row["upper"] for row in banded],
        color=BLUE, alpha=0.22, linewidth=0, zorder=2.5,
    )  # fmt: skip
    axes.plot(hours, [row["forecast"] for row in rows], color=BLUE, linewidth=1.6, zorder=3)


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
