"""A lake of generated events in which incidents are planted, with all that alert rules read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from analytics_pipeline.alerting.evaluation import evaluate_days
from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.alerting.metric_rule import MetricRule
from analytics_pipeline.alerting.ruleset import rules_of
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.forecasting.building import build_demand, build_forecasts
from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.quality import compare_with_history
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.insights.catalog import INSIGHTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.compiling import compiled
from analytics_pipeline.metrics.tables import current_project
from analytics_pipeline.samples.generation import generate
from analytics_pipeline.settings import Settings
from analytics_pipeline_tests.benchmarks.pipeline_work import build_metrics, settings_of

END = date(2026, 11, 20)


@dataclass(frozen=True)
class Planted:
    """An entry of the truth file: what was planted on a day, and whether it should alert."""

    kind: str
    day: date
    labels: dict[str, str]
    expected: bool
    description: str


def _marts_read(settings: Settings) -> list[str]:
    """The marts that the rules read, and those that these are made from."""
    found: set[str] = set()
    wanted = {rule.mart for rule in rules_of(settings) if isinstance(rule, MetricRule)}
    while wanted:
        found |= wanted
        refs = (ref.name for name in wanted for ref in compiled(current_project(), name).marts)
        wanted = set(refs) - found
    return sorted(found)


@dataclass(frozen=True)
class PlantedLake:
    """The lake, its settings, every day of it, and what was planted."""

    lake: Lake
    settings: Settings
    days: Sequence[date]
    planted: Sequence[Planted]

    def evaluate(self) -> dict[date, list[Evaluation]]:
        """The evaluations of all rules for every day."""
        with self.lake.engine() as connection:
            return evaluate_days(self.lake, connection, self.days, self.settings)


def planted_lake(
    folder: Path, *, days: int, events: int, seed: int, forecasts: bool = False
) -> PlantedLake:
    """Generate events and build what rules read, every day of the period, silent ones too.

    User ids are kept, so that an alert names them as the truth does. Without ``forecasts`` the
    demand is compared with the weeks before only.
    """
    landing = folder / "landing"
    summary = generate(landing, events=events, days=days, end=END, seed=seed)
    settings = settings_of(landing, folder / "lake", private=False)
    lake = Lake.of(settings)
    take_in(lake, settings)
    period = [date.fromordinal(END.toordinal() - back) for back in reversed(range(days))]
    validate(lake, settings, period)
    compare_with_history(lake, settings, period)
    build_metrics(lake, period, _marts_read(settings))
    with lake.engine() as connection:
        scanned = lake.scan(VALIDATED_EVENTS, period)
        for table, query in INSIGHTS.items():
            lake.replace_days(connection, table, period, query(scanned, settings.insights))
    build_demand(lake, period)
    if forecasts:
        build_forecasts(lake, period, settings.forecast)
    truth: dict[str, Any] = json.loads(summary.truth_file.read_text())
    planted = [
        Planted(
            entry["kind"], date.fromisoformat(entry["dates"][0]), entry["labels"],
            entry["expected_alert"], entry["description"],
        )
        for entry in truth["incidents"]
    ]  # fmt: skip
    return PlantedLake(lake, settings, period, planted)
