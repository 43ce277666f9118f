"""Error messages of a form that the log did not have before."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field

from analytics_pipeline.alerting.declaration import (
    Days,
    Names,
    Outcome,
    Rule,
    not_evaluated,
    violated,
)
from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.reading import Readings
from analytics_pipeline.alerting.wording import number
from analytics_pipeline.insights.tables import LOG_TEMPLATES
from analytics_pipeline.lake.table import literal

LEVELS = ("ERROR", "CRITICAL", "FATAL")


class NewErrorTemplateRule(Rule):
    """Violated by a template of log messages that no log of the last ``lookback_days`` had.

    It must be of one of the ``levels`` and have ``min_entries`` on the day. At least
    ``min_history`` of the days before must be known.
    """

    kind: Literal["new_error_template"] = "new_error_template"
    levels: Names = LEVELS
    min_entries: Annotated[int, Field(ge=1)] = 5
    lookback_days: Days = 28
    min_history: Annotated[int, Field(ge=1)] = 7

    @property
    def about(self) -> str:
        """The asset that the rule is about."""
        return self.asset or LOG_TEMPLATES.name

    @property
    def reads(self) -> tuple[str, ...]:
        """The table that the rule reads."""
        return (LOG_TEMPLATES.name,)

    @property
    def history(self) -> int:
        """How many days before a day are read."""
        return self.lookback_days

    @property
    def unit(self) -> str | None:
        """The unit of the value."""
        return "templates"

    def evaluate(self, readings: Readings) -> Mapping[date, Outcome]:
        """The outcome for every day of the readings."""
        levels = ", ".join(literal(level.upper()) for level in self.levels)
        window = readings.window(self.lookback_days)
        rows = readings.frame(
            f"""
            SELECT event_date, component, template, sum(entries)::BIGINT AS entries,
                any_value(example ORDER BY level) AS example, min(first_hour) AS first_hour
            FROM {readings.lake.scan(LOG_TEMPLATES, window)}
            WHERE level IN ({levels}) GROUP BY ALL ORDER BY ALL
            """
        )
        built = {day for day in window if readings.is_built(LOG_TEMPLATES, day)}
        seen: dict[date, list[tuple[str, str, int, str, object]]] = {}
        for day, component, template, *found in rows.itertuples(index=False):
            seen.setdefault(day.date(), []).append(
                (component if isinstance(component, str) else "", template, *found)
            )
        return {day: self._of_day(built, seen, day) for day in readings.days}

    def _of_day(
        self,
        built: set[date],
        seen: Mapping[date, list[tuple[str, str, int, str, object]]],
        day: date,
    ) -> Outcome:
        if day not in built:
            return not_evaluated(f"{LOG_TEMPLATES.name} has not been built for {day.isoformat()}")
        before = [day - timedelta(days=back) for back in range(1, self.lookback_days + 1)]
        known = [past for past in before if past in built]
        if len(known) < self.min_history:
            return not_evaluated(
                f"{len(known)} of the {self.lookback_days} days before are known, where "
                f"{self.min_history} are needed"
            )
        old = {(row[0], row[1]) for past in known for row in seen.get(past, ())}
        new = [
            row
            for row in seen.get(day, ())
            if (row[0], row[1]) not in old and row[2] >= self.min_entries
        ]
        if not new:
            return Outcome(
                True, f"No error is new against the {self.lookback_days} days before.", 0.0, 0.0
            )
        new.sort(key=lambda row: -row[2])
        findings = [self._finding(*row) for row in new]
        return violated(findings, value=float(len(new)), limit=0.0)

    def _finding(
        self, component: str, template: str, entries: int, example: str, first_hour: object
    ) -> Finding:
        where = f" of {component}" if component else ""
        message = (
            f"The error “{template}”{where} is new: {number(entries)} entries from "
            f"{first_hour:%H:%M} on, and none in the {self.lookback_days} days before."
        )
        labels = {"template": template}
        if component:
            labels = {"component": component, **labels}
        return Finding(message, labels, float(entries), 0.0, None, float(self.min_entries - 1))
