"""Lines that were refused: too many, or for a reason that is new."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator

from analytics_pipeline.alerting.declaration import (
    Limit,
    Names,
    Outcome,
    Rule,
    limit_of,
    not_evaluated,
    violated,
)
from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.reading import Readings
from analytics_pipeline.alerting.wording import number, worded
from analytics_pipeline.ingestion.quality_tables import QUARANTINE_REASONS
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS, QUARANTINED_LINES, REASONS
from analytics_pipeline.metrics.errors import suggestion

Reasons = list[tuple[str, str, int, bool]]


class QuarantineRule(Rule):
    """Violated by the share of lines that are quarantined, or by reasons that are new.

    ``measure``: the share of the day's lines (share), or the number of reasons that are new to a
    source (new_reasons), which may be ``above`` at most. ``reasons`` names those that count, all
    where it is empty. Fewer than ``min_lines`` quarantined lines, of a new reason or of the day,
    are no finding.
    """

    kind: Literal["quarantine"] = "quarantine"
    measure: Literal["share", "new_reasons"] = "share"
    above: Limit
    reasons: Names = ()
    min_lines: Annotated[int, Field(ge=1)] = 1

    @field_validator("reasons")
    @classmethod
    def _are_reasons(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in REASONS:
                raise ValueError(f"'{name}' is no reason; {suggestion(name, REASONS)}")
        return names

    @property
    def about(self) -> str:
        """The asset that the rule is about."""
        tables = {"share": QUARANTINED_LINES, "new_reasons": QUARANTINE_REASONS}
        return self.asset or tables[self.measure].name

    @property
    def reads(self) -> tuple[str, ...]:
        """The tables that tell of refused lines."""
        return (FILE_LINE_COUNTS.name, QUARANTINE_REASONS.name)

    @property
    def unit(self) -> str | None:
        """The unit of the value."""
        return "share" if self.measure == "share" else "reasons"

    def evaluate(self, readings: Readings) -> Mapping[date, Outcome]:
        """The outcome for every day of the readings."""
        limit = limit_of(self.above, readings.settings.thresholds)
        reasons = self._reasons(readings)
        if self.measure == "new_reasons":
            return {day: self._new(reasons.get(day, []), limit) for day in readings.days}
        totals = _totals(readings)
        return {
            day: self._share(*totals.get(day, (0, 0)), reasons.get(day, []), limit)
            for day in readings.days
        }

    def _share(self, lines: int, quarantined: int, reasons: Reasons, limit: float) -> Outcome:
        if not lines:
            return not_evaluated("the day has no lines")
        if self.reasons:
            quarantined = sum(count for *_, count, _ in reasons)
        share = quarantined / lines
        called = self.quantity or "Share of quarantined lines"
        message = f"{called} is {worded(share, 'share')}"
        allowed = worded(limit, "share")
        if share <= limit or quarantined < self.min_lines:
            said = f"{message}; it may be at most {allowed}"
            if share > limit:
                said += f", but {number(quarantined)} of {number(lines)} lines are too few to tell"
            return Outcome(True, f"{said}.", share, limit)
        by_reason: dict[str, int] = {}
        for _, reason, count, _ in reasons:
            by_reason[reason] = by_reason.get(reason, 0) + count
        worst = max(by_reason, key=lambda reason: by_reason[reason], default=None)
        message = f"{message}, above the maximum of {allowed}"
        if worst:
            message += f"; most often, {number(by_reason[worst])} times, {REASONS[worst]} ({worst})"
        finding = Finding(f"{message}.", {}, share, None, None, limit)
        return violated([finding], value=share, limit=limit)

    def _new(self, reasons: Reasons, limit: float) -> Outcome:
        new = [row for row in reasons if row[3] and row[2] >= self.min_lines]
        count = float(len(new))
        if count <= limit:
            return Outcome(True, f"New reasons of quarantine: {number(count)}.", count, limit)
        findings = [
            Finding(
                f"Lines of source {source} are quarantined for a reason that is new to it, "
                f"{reason}: {number(lines)}, because {REASONS[reason]}.",
                {"source": source, "reason": reason}, float(lines), 0.0, None, limit,
            )
            for source, reason, lines, _ in sorted(new, key=lambda row: -row[2])
        ]  # fmt: skip
        return violated(findings, value=count, limit=limit)

    def _reasons(self, readings: Readings) -> dict[date, Reasons]:
        rows = readings.frame(
            f"""
            SELECT event_date, source, reason, lines, is_new
            FROM {readings.lake.scan(QUARANTINE_REASONS, readings.days)} ORDER BY ALL
            """
        )
        found: dict[date, Reasons] = {}
        for day, source, reason, lines, is_new in rows.itertuples(index=False):
            if not self.reasons or reason in self.reasons:
                found.setdefault(day.date(), []).append((source, reason, int(lines), bool(is_new)))
        return found


def _totals(readings: Readings) -> dict[date, tuple[int, int]]:
    rows = readings.frame(
        f"""
        SELECT event_date, sum(lines)::BIGINT AS lines, sum(quarantined)::BIGINT AS quarantined
        FROM {readings.lake.scan(FILE_LINE_COUNTS, readings.days)} GROUP BY event_date
        """
    )
    return {
        day.date(): (int(lines), int(quarantined))
        for day, lines, quarantined in rows.itertuples(index=False)
    }
