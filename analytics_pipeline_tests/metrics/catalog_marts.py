"""Marts whose YAML says of their columns what the catalog of metrics tells."""

from pathlib import Path

SQL = "select null::date as event_date where false\n"
FILES = {
    "models/marts/cost/daily_cost.sql": SQL,
    "models/marts/cost/daily_cost_by_slice.sql": SQL,
    "models/marts/latency/percentiles/daily_latency.sql": SQL,
    "models/marts/daily_loose.sql": SQL,
    "models/marts/cost/cost.yml": """\
models:
  - name: daily_cost
    description: What the calls of each event date cost.
    config: {meta: {owner: "team:finance"}}
    columns:
      - {name: event_date, data_type: date, data_tests: [unique]}
      - name: cost
        data_type: double
        description: Sum of cost over cache_query events; null without any.
        config:
          meta:
            unit: USD
            formula: sum(cost)
            good_direction: lower
            thresholds: {below: 0, above: 12.5}
      - name: hit_rate
        data_type: double
        description: Share of the | queries that hit.
        config:
          meta: {unit: share, formula: "hits | queries", good_direction: higher}
      - {name: currency, data_type: varchar, config: {meta: {unit: ISO 4217}}}

  - name: daily_cost_by_slice
    data_tests:
      - unique_combination_of_columns:
          arguments: {combination_of_columns: [event_date, dimension, value, plan]}
    columns:
      - {name: event_date, data_type: date}
      - name: dimension
        data_type: varchar
        data_tests: [accepted_values: {arguments: {values: [model, team]}}]
      - {name: value, data_type: varchar}
      - {name: plan, data_type: varchar}
      - {name: cost, data_type: double, config: {meta: {unit: USD, formula: sum(cost)}}}
""",
    "models/marts/latency/latency.yml": """\
models:
  - name: daily_latency
    data_tests:
      - unique_combination_of_columns:
          arguments: {combination_of_columns: [event_date, model]}
    columns:
      - {name: event_date, data_type: date}
      - {name: model, data_type: varchar}
      - {name: p95, data_type: double, config: {meta: {unit: s, formula: p95(response_time)}}}
""",
    "models/marts/loose.yml": """\
models:
  - name: daily_loose
    columns:
      - {name: event_date, data_type: date}
      - {name: things, data_type: bigint, config: {meta: {formula: count(things)}}}
""",
}


def add_catalog_marts(folder: Path) -> Path:
    """Add the marts to a folder of SQL."""
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder
