"""Reports on periods: of weeks and months for engineers and executives, of any period for teams."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import duckdb

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.catalog import MetricDefinition
from analytics_pipeline.reporting.definitions import Catalog, catalog_of, definitions_of
from analytics_pipeline.reporting.document import Definition, InputVersion, Report, Section, View
from analytics_pipeline.reporting.period import Period
from analytics_pipeline.reporting.period_marts import PeriodMarts
from analytics_pipeline.reporting.sections.alerts import without_slices
from analytics_pipeline.reporting.sections.executive import executive_sections
from analytics_pipeline.reporting.sections.period import (
    PeriodSources,
    not_all_built,
    period_sections,
)
from analytics_pipeline.reporting.sections.team import alerts_of_team, team_sections
from analytics_pipeline.reporting.status import status_of_period
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.settings import ReportingSettings

Inputs = Mapping[Period, tuple[InputVersion, ...]]


def period_reports(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    marts: Mapping[str, Table],
    metrics: Sequence[MetricDefinition],
    alerts: Mapping[date, Sequence[Evaluation]],
    periods: Iterable[Period],
    settings: ReportingSettings,
    inputs: Inputs | None = None,
) -> Iterator[tuple[Period, list[Report]]]:
    """The reports of each period, ascending, for the views and the teams of the settings.

    A period of one day has reports of teams alone: for engineers and executives there is the
    daily report. ``marts`` are the tables of the metrics by name, ``metrics`` their catalog,
    ``alerts`` the evaluated rules of the days, ``inputs`` what each report is made from.
    """
    wanted = sorted(set(periods))
    sources = PeriodSources(
        PeriodMarts(
            lake,
            connection,
            marts,
            {metric.id: metric.aggregation for metric in metrics},
        ),
        alerts,
        settings.min_group_size,
    )
    for period in wanted:
        catalog = _catalog(metrics, period)
        of_period = (inputs or {}).get(period, ())
        reports = [] if period.kind == "daily" else list(
            _reports(sources, period, settings.views, catalog, of_period)
        )  # fmt: skip
        reports += [_team_report(sources, period, team, catalog, of_period)
                    for team in settings.teams]  # fmt: skip
        yield period, reports


def _reports(
    sources: PeriodSources,
    period: Period,
    views: Sequence[View],
    catalog: Catalog,
    inputs: tuple[InputVersion, ...],
) -> Iterator[Report]:
    sections = period_sections(sources, period)
    unfinished = not_all_built(sources, period)
    for view in views:
        found = {day: sources.alerts.get(day, ()) for day in period.days}
        if view == "executive":
            found = {day: [without_slices(each) for each in alerts]
                     for day, alerts in found.items()}  # fmt: skip
        shown = executive_sections(sections) if view == "executive" else sections
        yield Report(
            period.kind, view, None, period.first, period.last,
            status_of_period(found, unfinished), tuple(shown), definitions_of(shown, catalog),
            inputs,
        )  # fmt: skip


def _team_report(
    sources: PeriodSources,
    period: Period,
    team: str,
    catalog: Catalog,
    inputs: tuple[InputVersion, ...],
) -> Report:
    sections: list[Section] = team_sections(sources, period, team)
    # The names of landed files may tell of other teams; the partitions were made from them.
    partitions = tuple(each for each in inputs if each.kind == "partition")
    own = alerts_of_team({day: sources.alerts.get(day, ()) for day in period.days}, team)
    status = status_of_period(own, not_all_built(sources, period))
    return Report(
        period.kind, "team", team, period.first, period.last, status, tuple(sections),
        definitions_of(sections, catalog), partitions,
    )  # fmt: skip


def _catalog(metrics: Sequence[MetricDefinition], period: Period) -> dict[str, Definition]:
    """The catalog; over several days each definition says how their values become one."""
    catalog = catalog_of(metrics)
    if period.first == period.last:
        return catalog
    said = texts().over_days
    return {
        metric.id: replace(
            catalog[metric.id],
            description=f"{catalog[metric.id].description} {said[metric.aggregation.kind]}",
        )
        for metric in metrics
    }
