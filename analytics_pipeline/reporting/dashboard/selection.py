"""Which tables a dashboard shows, and which of their columns and rows.

Everyone's dashboard has all marts but what tells persons apart; that of a team has the team's own
rows of the marts that are sliced by team, and nothing else.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from analytics_pipeline.forecasting.tables import (
    DEMAND_FORECAST,
    FORECAST_MODELS,
    HOURLY_QUERY_DEMAND,
)
from analytics_pipeline.lake.table import Table, literal, quoted
from analytics_pipeline.metrics.catalog import (
    DIMENSION,
    VALUE,
    MetricDefinition,
    is_mart,
    metrics_of,
)
from analytics_pipeline.metrics.persons import (
    IDENTIFYING_PREFIX,
    identifying_columns,
    is_identifying,
)
from analytics_pipeline.metrics.project import Model, Project
from analytics_pipeline.settings import Settings

TEAM = "team"
EVENT_ID = "event_id"
USERS = ("active_users", "users")
PER_USER = "per user"
# A share of all that a team's dashboard must not tell, as it gives away what the others have.
OF_ALL = "of the day"
INCIDENTS = "incident_events"
# What an incident may be noted to be about: with these a day is marked.
FOUND = ("opened", "repeated", "reopened", "worsened")
LABELS = "labels"
INCIDENT_COLUMNS = ("rule", "asset", "severity", LABELS, "message")
# Beside the marts: what a forecast is shown with.
FORECAST_TABLES = (HOURLY_QUERY_DEMAND, DEMAND_FORECAST, FORECAST_MODELS)


@dataclass(frozen=True)
class SiteTable:
    """A table as a dashboard shows it.

    ``columns`` are read from it where ``condition``, a piece of SQL, holds. ``key`` tells the rows
    of a day apart; none where a day has one row. ``dimensions`` are the values of the column
    dimension of a long table. ``small_groups`` are columns that are left empty on the days on
    which ``users``, an SQL expression, is less than the smallest group.
    """

    table: Table
    description: str
    subject: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    condition: str = "true"
    metrics: tuple[MetricDefinition, ...] = ()
    small_groups: tuple[str, ...] = ()
    users: str | None = None

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.table.name

    @property
    def is_long(self) -> bool:
        """Whether its rows are values of several dimensions."""
        return bool(self.dimensions)


def site_tables(
    project: Project, settings: Settings, team: str | None, incidents: Table | None = None
) -> list[SiteTable]:
    """The tables of a dashboard; where a team is named, those that have rows of its own.

    ``incidents`` is the history of incidents, a row for each time that one was found: with columns
    change, rule, asset, severity, message and labels, a JSON object that names the slice.
    """
    marts = [model for model in project.marts.values() if is_mart(model)]
    if team is not None:
        return [table for model in marts for table in _of_team(model, settings, team)]
    forecasts = [
        SiteTable(table, table.description, "forecast", tuple(table.column_names), table.key)
        for table in FORECAST_TABLES
    ]
    found = [] if incidents is None else [_of_incidents(incidents, settings)]
    everyones = (table for model in marts for table in _of_everyone(model, settings))
    return [*everyones, *forecasts, *found]


def _of_everyone(model: Model, settings: Settings) -> Iterator[SiteTable]:
    identifying = identifying_columns(settings)
    key, metrics = model.declared.key, metrics_of(model, settings.owner)
    # A row that is about a single event or person is none of a dashboard.
    if not metrics or EVENT_ID in key or is_identifying(key, identifying):
        return
    dimensions = _dimensions(model, metrics)
    kept = tuple(name for name in dimensions if not is_identifying([name], identifying))
    names = model.table.column_names
    yield _without_small_groups(
        SiteTable(
            table=model.table,
            description=model.description,
            subject=metrics[0].subject,
            columns=tuple(name for name in names if not is_identifying([name], identifying)),
            key=key,
            dimensions=kept,
            condition=_one_of(DIMENSION, kept) if dimensions else "true",
            metrics=tuple(metrics),
        )
    )


def _of_incidents(incidents: Table, settings: Settings) -> SiteTable:
    """What was found on a day, but of single persons."""
    persons = ", ".join(literal(name) for name in sorted(identifying_columns(settings)))
    return SiteTable(
        incidents,
        incidents.description,
        "incidents",
        INCIDENT_COLUMNS,
        key=INCIDENT_COLUMNS,
        condition=f"{_one_of('change', FOUND)} AND NOT coalesce(list_bool_or(list_transform("
        f"json_keys({quoted(LABELS)}), lambda name: lower(name) IN ({persons}) "
        f"OR starts_with(lower(name), {literal(IDENTIFYING_PREFIX)}))), false)",
    )


def _of_team(model: Model, settings: Settings, team: str) -> Iterator[SiteTable]:
    for table in _of_everyone(model, settings):
        if TEAM in table.dimensions:
            condition = (
                f"{quoted(DIMENSION)} = {literal(TEAM)} AND {quoted(VALUE)} = {literal(team)}"
            )
            left_out = {DIMENSION, VALUE}
        elif table.key == (TEAM,):
            condition, left_out = f"{quoted(TEAM)} = {literal(team)}", {TEAM}
        else:
            continue
        left_out |= {m.name for m in table.metrics if OF_ALL in m.formula}
        yield replace(
            table,
            columns=tuple(name for name in table.columns if name not in left_out),
            key=tuple(name for name in table.key if name not in left_out),
            dimensions=(),
            condition=condition,
            metrics=tuple(m for m in table.metrics if m.name not in left_out),
        )


def _dimensions(model: Model, metrics: Sequence[MetricDefinition]) -> tuple[str, ...]:
    """The dimensions of a long mart; none of another."""
    key = model.declared.key
    if not {DIMENSION, VALUE} <= set(key):
        return ()
    return tuple(name for name in metrics[0].slices if name not in key)


def _one_of(column: str, values: Collection[str]) -> str:
    listed = ", ".join(literal(value) for value in values)
    return f"{quoted(column)} IN ({listed})" if values else "false"


def _without_small_groups(table: SiteTable) -> SiteTable:
    """The table with what is told per user left empty where few users are behind it."""
    per_user = tuple(m.name for m in table.metrics if (m.unit or "").endswith(PER_USER))
    if not per_user:
        return table
    users = next((quoted(name) for name in USERS if name in table.table.column_names), None)
    return replace(table, small_groups=per_user, users=users)


def twin_metrics(
    tables: Sequence[SiteTable],
) -> Mapping[str, Sequence[tuple[SiteTable, MetricDefinition]]]:
    """By the id of a metric that has one value a day, the same metrics told apart by something.

    Metrics are the same where subject, formula and unit are, whatever they are called.
    """
    sliced: dict[tuple[str, str, str | None], list[tuple[SiteTable, MetricDefinition]]] = {}
    for table in tables:
        for metric in table.metrics if table.key else ():
            sliced.setdefault(_identity(metric), []).append((table, metric))
    return {
        metric.id: found
        for table in tables
        if not table.key
        for metric in table.metrics
        if (found := sliced.get(_identity(metric)))
    }


def _identity(metric: MetricDefinition) -> tuple[str, str, str | None]:
    return metric.subject, " ".join(metric.formula.split()), metric.unit
