"""All texts of the reports that are not made of data, in one language, typed."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

LANGUAGE = "en"


class _Texts(BaseModel):
    """A group of texts; one that the file lacks, or that no code knows, is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BlockText(_Texts):
    """The title of a block, what its readers must know, and names of columns; each if needed."""

    title: str | None = None
    caption: str | None = None
    columns: Mapping[str, str] = {}


class PageTexts(_Texts):
    """What stands on the page of a report around its data."""

    kinds: Mapping[str, str]
    views: Mapping[str, str]
    skip: str
    sections: str
    no_data: str
    no_data_stop: str
    not_stated: str
    yes: str
    no: str
    more_rows: str
    no_data_in: str
    figure: str
    value: str
    definition: str
    unchanged: str
    better: str
    worse: str
    no_comparison: str
    against: str
    spark: str
    spark_missing: str
    date: str
    rule: str
    result: str
    severity: str
    limit: str
    finding: str
    other_rules: str
    more_findings: str
    metric: str
    unit: str
    formula: str
    catalog: str
    definitions: str
    definitions_caption: str
    made_from: str
    landed_files: str
    footer: str


class Sentences(_Texts):
    """Whole sentences, with places for what they tell of."""

    rules_one: str
    rules_many: str
    account_broken: str
    violated_one: str
    violated_many: str
    nothing_evaluated: str
    some_without_data: str
    all_kept: str
    no_data_day: str
    none_violated: str
    violated_days_one: str
    violated_days_many: str
    on_day: str
    days_missing: str
    typical_day: str
    not_over: str
    file_unbalanced: str
    quarantine_miscounted: str
    problems_hidden: str
    slice_hidden: str
    slices_hidden: str
    top_recommendation: str
    spares_money: str
    spares_time: str
    forecast: str
    forecast_interval: str
    forecast_coverage: str
    trends_chart: str
    trends_part: str
    trends_between: str
    demand_chart: str
    demand_measured: str
    demand_expected: str
    sessions_chart: str
    cost_chart: str
    cost_spent: str
    cost_saved: str
    cost_day: str
    accuracy_chart: str
    accuracy_part: str


class Absences(_Texts):
    """Why there is no value, or no row."""

    not_built: str
    no_mart: str
    no_mart_rows: str
    no_column: str
    several_rows: str
    no_events: str
    nothing_before: str
    former_zero: str
    no_lines: str
    nothing_quarantined: str
    no_schema_changes: str
    demand_unknown: str
    no_forecast: str
    not_comparable: str
    no_text: str
    no_users: str
    no_sessions: str
    not_slow: str
    no_miss_rate_period: str
    no_measurements: str
    no_logs: str
    no_slices: str
    no_reconciliation: str
    no_funnels: str
    no_features: str
    no_cohorts: str
    no_builds: str
    no_deployments: str
    no_rows: str
    small_group: str
    no_alerts: str
    no_recommendations: str
    no_anomalies: str
    not_valued: str
    no_repeats: str
    not_expected_yet: str
    no_headlines: str
    nothing_in_period: str
    no_slices_in_period: str
    small_team: str


class Texts(_Texts):
    """All texts.

    ``sections`` and ``blocks`` are by id, ``names`` by the name of a figure or column whose words
    do not say enough, ``classes`` by column and value, ``absent_columns`` say why a column of a
    list lacks a number, ``descriptions`` are those of numbers that no table declares,
    ``over_days`` say how the values of several days become one.
    """

    page: PageTexts
    levels: Mapping[str, str]
    results: Mapping[str, str]
    severities: Mapping[str, str]
    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    abbreviations: Mapping[str, str]
    sections: Mapping[str, str]
    blocks: Mapping[str, BlockText]
    names: Mapping[str, str]
    classes: Mapping[str, Mapping[str, str]]
    absent_columns: Mapping[str, str]
    descriptions: Mapping[str, str]
    over_days: Mapping[str, str]
    sentences: Sentences
    absences: Absences


@cache
def texts() -> Texts:
    """The texts of LANGUAGE, read once."""
    import yaml

    file = Path(__file__).parent / f"{LANGUAGE}.yml"
    return Texts.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
