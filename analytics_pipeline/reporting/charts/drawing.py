"""How the charts of a report look, and how they become pictures.

Blue, vermilion and grey are of the colour-blind-safe palette of Okabe and Ito. They differ in
lightness as well, and in line style, marker or hatch where they meet, so that a chart can be read
in grey. Charts hold no text that came from logs.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

from analytics_pipeline.reporting.document import Chart
from analytics_pipeline.reporting.measure import SHARE, Number
from analytics_pipeline.reporting.wording import short_date

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILION, GREY, LIGHT = "#0072B2", "#D55E00", "#4D4D4D", "#A6A6A6"
HATCH = "///"
WEEK = 7
FONT = "DejaVu Sans"
# Text stays text. Where the font is missing, one of about its width takes its place.
FONTS = f"'{FONT}', Verdana, sans-serif"


def style() -> AbstractContextManager[None]:
    """The style within which the figures of a report are made and saved."""
    import matplotlib as mpl

    return mpl.rc_context(
        {
            "font.family": FONT,
            "font.size": 8.5,
            "axes.edgecolor": LIGHT,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 9,
            "hatch.color": "white",
            "hatch.linewidth": 1.2,
            "legend.frameon": False,
            "svg.fonttype": "none",
            "svg.hashsalt": "aicache-analytics",
            "text.parse_math": False,
            "xtick.color": LIGHT,
            "xtick.labelcolor": GREY,
            "ytick.color": LIGHT,
            "ytick.labelcolor": GREY,
        }
    )


def new_figure(width: float, height: float) -> "Figure":
    """A figure of a size in inches, which belongs to no global state and frees itself."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def chart(id: str, figure: "Figure", description: str) -> Chart:
    """A figure as a block of a report; equal figures give equal text."""
    image = BytesIO()
    figure.savefig(image, format="svg", metadata={"Date": None, "Creator": None})
    return Chart(id, image.getvalue().decode().replace(f"'{FONT}'", FONTS), description)


def as_png(figure: "Figure") -> bytes:
    """The figure as a small PNG."""
    image = BytesIO()
    figure.savefig(image, format="png", dpi=80, metadata={"Software": None})
    return image.getvalue()


def ticks_to(top: Number) -> list[float]:
    """Round numbers from 0 to at least ``top``, three or four of them."""
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]).tick_values(0, max(top, 0) or 1)
    return [float(tick) for tick in ticks if tick >= 0]


def tick_label(value: float, unit: str | None = None) -> str:
    """A number on an axis."""
    if unit == SHARE:
        return f"{100 * value:.4g}%"
    return f"{value:.4g} s" if unit == "s" else f"{value:,.10g}"


def name_days(axes: "Axes", days: Sequence[date]) -> None:
    """Name one day a week below the axis, the last one among them; day n stands at n."""
    last = len(days) - 1
    places = range(last % WEEK, last + 1, WEEK)
    axes.set_xticks(places, labels=[short_date(days[place]) for place in places])
