"""The daily report: from the tables of the lake to one document for each day and view."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import duckdb

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.expectations.site import failed_by_day
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.reporting.definitions import Catalog, definitions_of
from analytics_pipeline.reporting.document import InputVersion, Report, Section, Status
from analytics_pipeline.reporting.marts import DailyMarts
from analytics_pipeline.reporting.sections.advice import anomalies_section, recommendations_section
from analytics_pipeline.reporting.sections.alerts import alerts_section, without_slices
from analytics_pipeline.reporting.sections.cache import cache_section
from analytics_pipeline.reporting.sections.conservation import line_totals, problems_of
from analytics_pipeline.reporting.sections.cost import cost_section
from analytics_pipeline.reporting.sections.day_over import not_over
from analytics_pipeline.reporting.sections.delivery import delivery_section
from analytics_pipeline.reporting.sections.engagement import engagement_section
from analytics_pipeline.reporting.sections.executive import executive_sections
from analytics_pipeline.reporting.sections.forecast import forecast_section
from analytics_pipeline.reporting.sections.headlines import headlines_section
from analytics_pipeline.reporting.sections.others import others_section
from analytics_pipeline.reporting.sections.quality import quality_section
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.sections.system import system_section
from analytics_pipeline.reporting.sections.workflow import workflow_section
from analytics_pipeline.reporting.status import status_of
from analytics_pipeline.reporting.stored import Stored
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.settings import DailyView, Settings

# The tables of so many days are held in memory at a time.
DAYS_AT_A_TIME = 31

Reports = Mapping[DailyView, Report]


def daily_reports(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    marts: Mapping[str, Table],
    alerts: Mapping[date, Sequence[Evaluation]],
    catalog: Catalog,
    settings: Settings,
    inputs: Mapping[date, tuple[InputVersion, ...]] | None = None,
) -> Iterator[tuple[date, Reports]]:
    """The reports of several days, ascending, each in the views of settings.reporting.

    ``marts`` are the tables of the metrics by name; ``alerts`` the evaluated rules of each day
    that a report is wanted for; ``inputs`` what each is made from. A table is read by one query
    for many days. Tables that were not built for a day are said to be missing.
    """
    failed = failed_by_day(lake)
    wanted = sorted(alerts)
    for start in range(0, len(wanted), DAYS_AT_A_TIME):
        days = wanted[start : start + DAYS_AT_A_TIME]
        stored = Stored(lake, connection, days)
        sources = Sources(stored, DailyMarts(stored, marts), alerts, failed, settings)
        for day in days:
            yield day, reports_of(sources, day, catalog, (inputs or {}).get(day, ()))


def reports_of(
    sources: Sources, day: date, catalog: Catalog, inputs: tuple[InputVersion, ...] = ()
) -> Reports:
    """The reports of one day by view."""
    sections = day_sections(sources, day)
    made: dict[DailyView, Report] = {}
    for view in sources.settings.reporting.views:
        of_view = sections if view == "engineer" else executive_sections(sections)
        made[view] = Report(
            kind="daily",
            view=view,
            team=None,
            first=day,
            last=day,
            status=_status(sources, day, view),
            sections=tuple(of_view),
            definitions=definitions_of(of_view, catalog),
            inputs=inputs,
        )
    return made


def day_sections(sources: Sources, day: date) -> list[Section]:
    """Everything that is known of a day: what asks for action first."""
    sections = [
        headlines_section(sources, day),
        alerts_section(sources, day),
        recommendations_section(sources, day),
        anomalies_section(sources, day),
        cache_section(sources, day),
        cost_section(sources, day),
        engagement_section(sources, day),
        system_section(sources, day),
        delivery_section(sources, day),
        workflow_section(sources, day),
        forecast_section(sources, day),
    ]
    others = others_section(sources, day, sections)
    return [*sections, *([others] if others else []), quality_section(sources, day)]


def _status(sources: Sources, day: date, view: DailyView) -> Status:
    """The status of a day; executives read no text that came from logs."""
    problems: Iterable[str] = problems_of(sources, day)
    alerts: Sequence[Evaluation] = sources.alerts[day]
    if view == "executive":
        problems = [texts().sentences.problems_hidden] if problems else []
        alerts = [without_slices(alert) for alert in alerts]
    no_lines = line_totals(sources, day)["lines"].reason
    return status_of(alerts, tuple(problems), no_lines, not_over(sources, day))
