"""Fields of a source that are new, have vanished, or changed their type."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator

from analytics_pipeline.alerting.declaration import (
    Days,
    Limit,
    Outcome,
    Rule,
    limit_of,
    listed,
    violated,
)
from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.reading import Readings
from analytics_pipeline.alerting.wording import number
from analytics_pipeline.ingestion.quality_tables import SCHEMA_CHANGES

Change = Literal["new", "vanished", "type_changed"]
CHANGES: tuple[Change, ...] = ("new", "vanished", "type_changed")
TOLD_FIELDS = 5


class SchemaDriftRule(Rule):
    """Violated where more fields changed than ``above``, of the ``changes`` that are looked at.

    A change is told once: what was found within ``lookback_days`` before is no news. ``widened``
    says whether a type counts that joins the former ones, as that of a single wrong line does.
    """

    kind: Literal["schema_drift"] = "schema_drift"
    above: Limit = 0.0
    changes: Annotated[tuple[Change, ...], BeforeValidator(listed)] = CHANGES
    lookback_days: Days = 28
    widened: bool = True

    @property
    def about(self) -> str:
        """The asset that the rule is about."""
        return self.asset or SCHEMA_CHANGES.name

    @property
    def reads(self) -> tuple[str, ...]:
        """The table that the rule reads."""
        return (SCHEMA_CHANGES.name,)

    @property
    def history(self) -> int:
        """How many days before a day are read."""
        return self.lookback_days

    @property
    def unit(self) -> str | None:
        """The unit of the value."""
        return "fields"

    def evaluate(self, readings: Readings) -> Mapping[date, Outcome]:
        """The outcome for every day of the readings."""
        rows = readings.frame(
            f"""
            SELECT event_date, source, format, event_type, field, change,
                coalesce(string_split(before, ', ') <@ string_split(after, ', '), false) AS widened
            FROM {readings.lake.scan(SCHEMA_CHANGES, readings.window(self.lookback_days))}
            ORDER BY ALL
            """
        )
        found: dict[date, list[tuple[str, str, str]]] = {}
        latest: dict[tuple[str, ...], date] = {}
        for at, source, form, event_type, name, change, widened in rows.itertuples(index=False):
            day, key = at.date(), (source, form, event_type, name, change)
            last, latest[key] = latest.get(key), day
            is_news = last is None or (day - last).days > self.lookback_days
            if is_news and change in self.changes and (self.widened or not widened):
                found.setdefault(day, []).append((source, change, f"{event_type}.{name}"))
        limit = limit_of(self.above, readings.settings.thresholds)
        return {day: self._of_day(found.get(day, []), limit) for day in readings.days}

    def _of_day(self, changes: list[tuple[str, str, str]], limit: float) -> Outcome:
        count = float(len(changes))
        if count <= limit:
            told = "1 field changed" if count == 1 else f"{number(count)} fields changed"
            message = f"{told}; it may be at most {number(limit)}."
            return Outcome(
                True, message.replace("0 fields changed", "No field changed"), count, limit
            )
        by_source: dict[str, list[str]] = {}
        for source, change, name in changes:
            by_source.setdefault(source, []).append(f"{name} ({change.replace('_', ' ')})")
        findings = [
            Finding(_message(source, told), {"source": source}, float(len(told)), None, None, limit)
            for source, told in sorted(by_source.items(), key=lambda item: -len(item[1]))
        ]
        return violated(findings, value=count, limit=limit)


def _message(source: str, told: list[str]) -> str:
    shown = ", ".join(told[:TOLD_FIELDS])
    more = f" and {len(told) - TOLD_FIELDS} more" if len(told) > TOLD_FIELDS else ""
    fields = "1 field" if len(told) == 1 else f"{len(told)} fields"
    return f"{fields} of source {source} changed: {shown}{more}."
