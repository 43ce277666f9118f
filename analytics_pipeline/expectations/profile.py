"""The profile of a day's validated events, computed where they lie."""

from collections.abc import Sequence
from datetime import date

import duckdb

from analytics_pipeline.events.catalog import EVENT_TYPES
from analytics_pipeline.events.declaration import Field, FieldType
from analytics_pipeline.events.tables import VALIDATED_EVENTS, all_fields, fields_of
from analytics_pipeline.expectations.tables import ALL, EVENT_PROFILES
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import literal, quoted

# Sums of floats differ in their last bits with the order of the rows: these digits do not.
DECIMALS = 9


def profile_days(
    lake: Lake, connection: duckdb.DuckDBPyConnection, days: Sequence[date]
) -> dict[date, int]:
    """Replace the event_profiles of the days; returns the number of rows of each.

    One pass over the validated events of the days. Call it with the partitions locked.
    """
    query = profile_query(lake.scan(VALIDATED_EVENTS, days), days)
    return lake.replace_days(connection, EVENT_PROFILES, days, query)


def profile_query(events: str, days: Sequence[date]) -> str:
    """SQL of the event_profiles of the days, with event_date, from a relation of events."""
    fields = [field for field in all_fields().values() if field.name != "event_type"]
    declared = ", ".join(
        f"({literal(event_type.name)}, {literal(field.name)})"
        for event_type in EVENT_TYPES
        for field in fields_of(event_type)
    )
    wanted = ", ".join(f"(DATE {literal(day.isoformat())})" for day in days)
    return f"""
    WITH wanted(event_date) AS (VALUES {wanted}),
    declared(event_type, field) AS (VALUES {declared}),
    measured AS (
        SELECT event_date, event_type, count(*) AS events, max("timestamp") AS last_event,
            [{", ".join(_measured(field) for field in fields)}] AS fields
        FROM {events} GROUP BY ALL
    ),
    by_field AS (
        SELECT event_date, event_type, events, unnest(fields, recursive := true) FROM measured
    )
    SELECT event_date, event_type, field, events, NULL AS last_event, present,
        1 - present / events AS null_share, outside, round(mean, {DECIMALS}) AS mean
    FROM by_field SEMI JOIN declared USING (event_type, field)
    UNION ALL BY NAME
    SELECT event_date, event_type, '{ALL}' AS field, events, last_event FROM measured
    UNION ALL BY NAME
    SELECT event_date, '{ALL}' AS event_type, '{ALL}' AS field,
        coalesce(sum(events), 0) AS events, max(last_event) AS last_event
    FROM wanted LEFT JOIN measured USING (event_date) GROUP BY event_date
    """


def _measured(field: Field) -> str:
    name = quoted(field.name)
    match field.type:
        case FieldType.TEXT:
            mean = f"avg(length({name}))"
        case FieldType.BOOLEAN:
            mean = f"avg({name}::INTEGER)"
        case FieldType.INTEGER | FieldType.NUMBER:
            mean = f"avg({name})"
        case FieldType.TIMESTAMP:
            mean = "NULL::DOUBLE"
    return (
        f"{{field: {literal(field.name)}, present: count({name}), "
        f"outside: count(*) FILTER ({_outside(field)}), mean: {mean}}}"
    )


def _outside(field: Field) -> str:
    name = quoted(field.name)
    breaches = []
    if field.minimum is not None:
        breaches.append(f"{name} < {field.minimum}")
    if field.maximum is not None:
        breaches.append(f"{name} > {field.maximum}")
    if field.accepted:
        breaches.append(f"{name} NOT IN ({', '.join(map(literal, field.accepted))})")
    return " OR ".join(breaches) or "false"
