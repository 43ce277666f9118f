"""The chart of a violated rule: the value of the day, those before it, and the limits."""

from datetime import date
from io import BytesIO

import numpy as np

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.alerting.wording import worded

# Of the colour-blind-safe palette of Okabe and Ito; the day also has a form of its own.
BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#4D4D4D"


def alert_chart(alert: Evaluation, day: date) -> bytes:
    """Draw the history of the first finding with its limits, as a small PNG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    finding, unit = alert.findings[0], alert.unit
    days = np.array(sorted(alert.history), dtype="datetime64[D]")
    values = [alert.history[each] for each in sorted(alert.history)]
    with mpl.rc_context({"date.converter": "concise", "text.parse_math": False}):
        figure = Figure(figsize=(6, 2), dpi=72, layout="constrained")
        axes = figure.add_subplot()
        axes.plot(days, values, color=BLUE, linewidth=1,
                  marker=".", markersize=3)  # fmt: skip
        if day in alert.history:
            axes.plot(days[-1:], values[-1:], color=VERMILION, marker="D", markersize=6)
        for limit in (finding.lower, finding.upper):
            if limit is not None:
                axes.axhline(limit, color=GREY, linewidth=1, linestyle="--")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: worded(value, unit)))
        axes.tick_params(labelsize=7)
        axes.xaxis.get_offset_text().set_fontsize(7)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        labels = ", ".join(f"{name} {value}" for name, value in finding.labels.items())
        title = f"{alert.name.replace('_', ' ')}{f': {labels}' if labels else ''}"
        axes.set_title(f"{title}; limits dashed", loc="left", size=8)
        image = BytesIO()
        figure.savefig(image, format="png", metadata={"Software": None})
    return image.getvalue()
