"""How the charts of a report look, and how they become pictures.

Blue, vermilion and grey are of the colour-blind-safe palette of Okabe and Ito. They differ in
lightness as well, and in line style or form where they meet, so that a chart can be read in grey.
"""

import base64
from contextlib import AbstractContextManager
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, VERMILION, GREY, LIGHT = "#0072B2", "#D55E00", "#4D4D4D", "#A6A6A6"


def style() -> AbstractContextManager[None]:
    """The style within which the figures of a report are made and saved."""
    import matplotlib as mpl

    return mpl.rc_context(
        {
            "font.family": "DejaVu Sans",
            "font.size": 8.5,
            "axes.edgecolor": LIGHT,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 9,
            "legend.frameon": False,
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


def as_svg(figure: "Figure") -> str:
    """The figure as the data URI of an SVG; equal figures give equal text."""
    image = BytesIO()
    figure.savefig(image, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(image.getvalue()).decode("ascii")


def as_png(figure: "Figure") -> bytes:
    """The figure as a small PNG."""
    image = BytesIO()
    figure.savefig(image, format="png", dpi=80, metadata={"Software": None})
    return image.getvalue()
