"""What happened on a day beside the metrics, as it stands in the lake."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from analytics_pipeline.ingestion.quality_tables import SCHEMA_CHANGES
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS
from analytics_pipeline.insights import coincidences
from analytics_pipeline.insights.anomalies import HISTORY_DAYS, references
from analytics_pipeline.insights.causes import Coincidence
from analytics_pipeline.insights.headlines import HOURS, Scope
from analytics_pipeline.insights.seasonal_baseline import WEEK
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table, date_list
from analytics_pipeline.settings import Settings

DEPLOYMENTS, IMPACT, HOSTS = "int_deployments", "deployment_cache_impact", "daily_host_metrics"
TABLES_OF_METRICS = (DEPLOYMENTS, IMPACT, HOSTS, HOURS)


@dataclass(frozen=True)
class CoincidenceReader:
    """Reads what happened from a lake on one connection."""

    lake: Lake
    connection: duckdb.DuckDBPyConnection
    tables: Mapping[str, Table]
    settings: Settings

    def by_day(self, days: Iterable[date]) -> dict[date, dict[Scope, list[Coincidence]]]:
        """What happened on each of the days, by what it may have caused."""
        wanted = sorted(set(days))
        deployed = self._deployments(wanted)
        saturated = self._saturations(wanted)
        hours, usual_hours = self._hours(wanted)
        changed = self._schema_changes(wanted)
        shares = self._quarantined_shares({*wanted, *(r for d in wanted for r in references(d))})
        least_queries = self.settings.insights.period_min_queries
        limit = self.settings.thresholds.quarantine_share_max
        found: dict[date, dict[Scope, list[Coincidence]]] = {}
        for day in wanted:
            deployments = coincidences.deployments(deployed[day])
            hosts = coincidences.saturated_hosts(saturated[day])
            usual = [shares[each] for each in references(day) if each in shares]
            data = [
                *coincidences.schema_changes(changed[day]),
                *coincidences.quarantined_lines(shares.get(day), max(usual, default=None), limit),
            ]
            silent = coincidences.silent_hours(hours[day], usual_hours[day], least_queries)
            found[day] = {
                "traffic": [*silent, *deployments, *hosts, *data],
                "machines": [*deployments, *hosts, *data],
                "delivery": [*hosts, *data],
            }
        return found

    def _scan(self, name: str, days: Iterable[date]) -> str:
        return self.lake.scan(self.tables[name], days)

    def _has(self, name: str, *columns: str) -> bool:
        return name in self.tables and set(columns) <= set(self.tables[name].column_names)

    def _deployments(self, days: Sequence[date]) -> dict[date, list[coincidences.Deployment]]:
        found: dict[date, list[coincidences.Deployment]] = defaultdict(list)
        columns = coincidences.Deployment._fields[5:]
        needed = (
            "event_id",
            "repository",
            "environment",
            "commit",
            "outcome",
            "deployed_at",
            "is_production",
        )
        if not self._has(DEPLOYMENTS, *needed) or not self._has(IMPACT, "event_id", *columns):
            return found
        rows = self.connection.execute(
            f"""
            SELECT event_date, repository, environment, commit, outcome, deployed_at,
                {", ".join(columns)}
            FROM {self._scan(DEPLOYMENTS, days)}
            LEFT JOIN (
                SELECT event_date, event_id, {", ".join(columns)} FROM {self._scan(IMPACT, days)}
            ) USING (event_date, event_id)
            WHERE is_production
            """
        ).fetchall()
        for day, *values in rows:
            found[day].append(coincidences.Deployment(*values))
        return found

    def _saturations(self, days: Sequence[date]) -> dict[date, list[coincidences.Saturation]]:
        found: dict[date, list[coincidences.Saturation]] = defaultdict(list)
        if not self._has(HOSTS, "host", "metric_name", "saturation_minutes"):
            return found
        rows = self.connection.execute(
            f"""
            WITH minutes AS (
                SELECT event_date, host, metric_name, saturation_minutes AS minutes
                FROM {self._scan(HOSTS, _with_references(days))}
            )
            SELECT now.event_date, now.host, now.metric_name, now.minutes,
                coalesce(max(before.minutes), 0)
            FROM minutes AS now
            LEFT JOIN minutes AS before
                ON now.host = before.host
                AND now.metric_name = before.metric_name
                AND now.event_date > before.event_date
                AND now.event_date - {HISTORY_DAYS} <= before.event_date
                AND (now.event_date - before.event_date) % {WEEK} = 0
            WHERE now.minutes > 0 AND now.event_date IN ({date_list(days)})
            GROUP BY ALL
            """
        ).fetchall()
        for day, *values in rows:
            found[day].append(coincidences.Saturation(*values))
        return found

    def _hours(
        self, days: Sequence[date]
    ) -> tuple[dict[date, dict[int, int]], dict[date, dict[int, float]]]:
        answered: dict[date, dict[int, int]] = defaultdict(dict)
        usual: dict[date, dict[int, float]] = defaultdict(dict)
        if not self._has(HOURS, "hour", "total_queries"):
            return answered, usual
        rows = self.connection.execute(
            f"SELECT event_date, hour(hour), total_queries "
            f"FROM {self._scan(HOURS, _with_references(days))}"
        ).fetchall()
        by_day: dict[date, dict[int, int]] = defaultdict(dict)
        for day, hour, queries in rows:
            by_day[day][hour] = queries
        for day in days:
            before = [by_day[each] for each in references(day) if each in by_day]
            if day in by_day and before:
                answered[day] = by_day[day]
                usual[day] = {h: min(of_day.get(h, 0) for of_day in before) for h in range(24)}
        return answered, usual

    def _schema_changes(self, days: Sequence[date]) -> dict[date, list[coincidences.SchemaChange]]:
        found: dict[date, list[coincidences.SchemaChange]] = defaultdict(list)
        rows = self.connection.execute(
            f"SELECT event_date, source, event_type, field, change "
            f"FROM {self.lake.scan(SCHEMA_CHANGES, days)} ORDER BY ALL"
        ).fetchall()
        for day, *values in rows:
            found[day].append(coincidences.SchemaChange(*values))
        return found

    def _quarantined_shares(self, days: Iterable[date]) -> dict[date, float]:
        rows = self.connection.execute(
            f"SELECT event_date, sum(quarantined) / sum(lines) "
            f"FROM {self.lake.scan(FILE_LINE_COUNTS, days)} GROUP BY event_date "
            "HAVING sum(lines) > 0"
        ).fetchall()
        return dict(rows)


def _with_references(days: Sequence[date]) -> list[date]:
    return sorted({*days, *(reference for day in days for reference in references(day))})
