"""The charts of a report. They hold no text that came from the logs."""

from dataclasses import dataclass

from analytics_pipeline.reporting.content import ReportContent
from analytics_pipeline.reporting.demand_chart import demand_figure, demand_in_words
from analytics_pipeline.reporting.drawing import as_png, as_svg, style
from analytics_pipeline.reporting.sessions_chart import sessions_figure, sessions_in_words
from analytics_pipeline.reporting.trends_chart import trends_figure, trends_in_words


@dataclass(frozen=True)
class Chart:
    """A picture as a data URI, and what it shows in words for those who do not see it."""

    source: str
    description: str


@dataclass(frozen=True)
class Charts:
    """The charts of a report; None where one has no data."""

    trends: Chart | None
    demand: Chart | None
    sessions: Chart | None


def charts_of(content: ReportContent) -> Charts:
    """Draw the charts of a report."""
    demand = content.demand.hours.rows or content.forecast.hours.rows
    sessions = content.insights.sessions.durations.rows
    with style():
        return Charts(
            Chart(as_svg(trends_figure(content)), trends_in_words(content))
            if has_trends(content)
            else None,
            Chart(as_svg(demand_figure(content)), demand_in_words(content)) if demand else None,
            Chart(as_svg(sessions_figure(content)), sessions_in_words(content))
            if sessions
            else None,
        )


def has_trends(content: ReportContent) -> bool:
    """Whether a headline figure has a value on any of the last days."""
    series = content.trends.values.values()
    return any(value is not None for values in series for value in values)


def overview(content: ReportContent) -> bytes:
    """The headline figures over the last days as a PNG."""
    with style():
        return as_png(trends_figure(content))
