"""How the charts of a report look, and how they become pictures.

Blue, vermilion and grey are of the colour-blind-safe palette of Okabe and Ito. They differ in
lightness as well, and in line style, marker or hatch where they meet, so that a chart can be read
in grey. Charts hold no text that came from logs.

Charts are drawn on bare axes, with ticks and legends of our own: matplotlib's would take most of
the time of a report.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from analytics_pipeline.reporting.document import Chart
from analytics_pipeline.reporting.measure import Number
from analytics_pipeline.reporting.wording import short_date
from analytics_pipeline.rounding import SHARE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILION, GREY, LIGHT = "#0072B2", "#D55E00", "#4D4D4D", "#A6A6A6"
HATCH = "///"
WEEK = 7
WIDTH = 9.6
FONT = "DejaVu Sans"
# Text stays text. Where the font is missing, one of about its width takes its place.
FONTS = f"'{FONT}', Verdana, sans-serif"

STYLE: dict[Any, Any] = {
    "font.family": FONT,
    "font.size": 8.5,
    "hatch.color": "white",
    "hatch.linewidth": 1.2,
    "svg.fonttype": "none",
    "svg.hashsalt": "aicache-analytics",
    "text.parse_math": False,
}

# The part of a figure in which values are drawn; the rest is for ticks, title and legend.
LEFT, RIGHT, FOOT, HEAD = 0.055, 0.99, 0.13, 0.86
LEGEND_WIDTH, LEGEND_MARK = 0.165, 0.045
CHARACTER_WIDTH = 0.0078
MAGNITUDES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@contextmanager
def canvas(height: float) -> Iterator["Axes"]:
    """Bare axes of a height in inches, to draw on and to take a picture of meanwhile.

    One pair of axes of each height serves for all charts of a process, one at a time.
    """
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        axes = _bare_axes(height)
        try:
            yield axes
        finally:
            for artist in [*axes.lines, *axes.patches, *axes.collections, *axes.texts]:
                artist.remove()


@cache
def _bare_axes(height: float) -> "Axes":
    from matplotlib.figure import Figure

    axes = Figure(figsize=(WIDTH, height)).add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    return axes


def chart(id: str, axes: "Axes", description: str) -> Chart:
    """What is drawn as a block of a report; equal drawings give equal text."""
    image = BytesIO()
    figure_of(axes).savefig(image, format="svg", metadata={"Date": None, "Creator": None})
    return Chart(id, image.getvalue().decode().replace(f"'{FONT}'", FONTS), description)


def as_png(axes: "Axes") -> bytes:
    """What is drawn as a small PNG."""
    image = BytesIO()
    figure_of(axes).savefig(image, format="png", dpi=80, metadata={"Software": None})
    return image.getvalue()


def figure_of(axes: "Axes") -> "Figure":
    """The figure that the axes fill."""
    figure: Any = axes.figure
    return figure  # type: ignore[no-any-return]


def scale(
    axes: "Axes", last: float, top: Number, title: str, marks: Sequence[tuple[float, str]]
) -> None:
    """Let x run from 0 to ``last`` and y from 0 to a round number of at least ``top``.

    The round numbers are lines across, ``marks`` are places and names below the foot.
    """
    ticks = ticks_to(top)
    wide, high = last / (RIGHT - LEFT), ticks[-1] / (HEAD - FOOT)
    axes.set_xlim(-LEFT * wide, last + (1 - RIGHT) * wide)
    axes.set_ylim(-FOOT * high, ticks[-1] + (1 - HEAD) * high)
    axes.text(0, ticks[-1] + 0.06 * high, title, fontsize=9)
    axes.hlines(ticks, 0, last, LIGHT, linewidth=0.6)
    for tick in ticks:
        label = tick_label(tick)
        axes.text(-0.006 * wide, tick, label, color=GREY, ha="right", va="center")
    for place, name in marks:
        axes.text(place, -0.1 * high, name, color=GREY, ha="center")


def bars(
    axes: "Axes",
    places: Sequence[float],
    heights: Sequence[Number],
    *,
    feet: Sequence[Number] | None = None,
    width: float = 0.75,
    color: str,
    hatch: str | None = None,
) -> None:
    """Bars around their places as one shape, each from its foot (0 where none is given)."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    vertices: list[tuple[float, float]] = []
    for place, height, foot in zip(places, heights, feet or [0] * len(heights), strict=True):
        left, right, head = place - width / 2, place + width / 2, foot + height
        vertices += [(left, foot), (left, head), (right, head), (right, foot), (left, foot)]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(heights)
    if vertices:
        axes.add_artist(
            PathPatch(Path(vertices, codes), facecolor=color, hatch=hatch, linewidth=0, zorder=2)
        )


def legend(axes: "Axes", entries: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Name what is drawn, in the upper right: each name with the look of a bar or of a line.

    A look with ``linewidth`` is one of a line, any other one of a bar.
    """
    (left, right), (foot, head) = axes.get_xlim(), axes.get_ylim()
    wide, high = right - left, head - foot
    y = foot + (HEAD + 0.08) * high
    edge = RIGHT
    for name, look in reversed(entries):
        edge -= max(LEGEND_WIDTH, LEGEND_MARK + CHARACTER_WIDTH * len(name))
        x = left + edge * wide
        if "linewidth" in look:
            axes.plot([x, x + 0.012 * wide, x + 0.024 * wide], [y] * 3, markevery=[1], **look)
        else:
            box = {"width": 0.024 * wide, **look}
            bars(axes, [x + 0.012 * wide], [0.045 * high], feet=[y - 0.0225 * high], **box)
        axes.text(x + 0.03 * wide, y, name, va="center")


@cache
def _locator() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(3, steps=[1, 2, 2.5, 5, 10])


def ticks_to(top: Number) -> list[float]:
    """Round numbers from 0 to at least ``top``, three or four of them."""
    return [float(tick) for tick in _locator().tick_values(0, max(top, 0) or 1) if tick >= 0]


def tick_label(value: float, unit: str | None = None) -> str:
    """A number on an axis."""
    if unit == SHARE:
        return f"{100 * value:.4g}%"
    if unit == "s":
        return f"{value:.4g} s"
    for size, letter in MAGNITUDES:
        if value >= 10 * size:
            return f"{value / size:,.10g}{letter}"
    return f"{value:,.10g}"


def weekly(days: Sequence[date]) -> list[tuple[float, str]]:
    """The places and names of every seventh day, the last one among them; day n stands at n."""
    last = len(days) - 1
    return [(place, short_date(days[place])) for place in range(last % WEEK, last + 1, WEEK)]
