"""The chart of a forecast: what was, what is expected, and how sure that is."""

from io import BytesIO

import pandas as pd

from analytics_pipeline.forecasting.day_forecast import DayForecast

SHOWN_DAYS = 14


def forecast_chart(result: DayForecast, interval_width: float) -> bytes:
    """Draw the last two weeks of demand and the forecast with its interval, as a PNG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # A figure made without pyplot belongs to no global state and frees itself.
    with mpl.rc_context({"date.converter": "concise"}):
        figure = Figure(figsize=(8, 3), dpi=80, layout="constrained")
        axes = figure.add_subplot()
        history = result.history.loc[result.history.index >= _first_shown(result)]
        axes.plot(history.index.to_numpy(), history, color="0.35", linewidth=1, label="measured")
        values, hours = result.values, result.values.index.to_numpy()
        axes.plot(hours, values["forecast"], color="C0", label=result.chosen)
        axes.fill_between(
            hours,
            values["lower"],
            values["upper"],
            color="C0",
            alpha=0.25,
            linewidth=0,
            label=f"{interval_width:.0%} interval",
        )
        axes.set_ylim(bottom=0)
        axes.set_ylabel("cache queries per hour")
        axes.set_title(f"Demand up to {result.day} and the 24 hours after it", loc="left", size=10)
        axes.legend(loc="upper left", ncols=3, fontsize=8, frameon=False)
        image = BytesIO()
        figure.savefig(image, format="png")
    return image.getvalue()


def _first_shown(result: DayForecast) -> pd.Timestamp:
    return pd.Timestamp(result.day) - pd.Timedelta(days=SHOWN_DAYS - 1)
