"""What changed in the fields of a source from the days before to a day."""

from datetime import date, timedelta

from analytics_pipeline.ingestion.quality_tables import SOURCE_FIELDS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import QualitySettings

MOST = 0.5


def schema_changes(lake: Lake, day: date, settings: QualitySettings) -> str:
    """SQL query of the changes of a day: the columns of SCHEMA_CHANGES.

    A day is compared with the days before it, up to ``history_days``, on which the source had
    records of the same format and event type; without any nothing counts as changed. A field is
    new that none of them had. It has vanished where most records of those days had it, and none of
    at least ``min_records`` of this day has. Its type changed where it is written in one in which
    it was not. A null is no type.
    """
    before = [day - timedelta(days=back) for back in range(1, settings.history_days + 1)]
    kind = "source, format, event_type"
    return f"""
        WITH today AS (FROM {lake.scan(SOURCE_FIELDS, [day])}),
        earlier AS (FROM {lake.scan(SOURCE_FIELDS, before)}),
        known_kind AS (
            SELECT {kind}, sum(of_day) AS records
            FROM (
                SELECT {kind}, event_date, max(of_records) AS of_day FROM earlier GROUP BY ALL
            )
            GROUP BY ALL
        ),
        known AS (
            SELECT
                {kind}, field,
                sum(earlier.records) / any_value(known_kind.records) AS share,
                list_distinct(flatten(list(string_split(types, ', ')))) AS types
            FROM earlier JOIN known_kind USING ({kind})
            GROUP BY {kind}, field
        ),
        kind_today AS (SELECT {kind}, max(of_records) AS of_records FROM today GROUP BY ALL)
        SELECT {kind}, field, 'new' AS change, NULL::VARCHAR AS before, types AS after
        FROM today SEMI JOIN known_kind USING ({kind}) ANTI JOIN known USING ({kind}, field)
        UNION ALL
        SELECT {kind}, field, 'vanished', list_aggregate(list_sort(types), 'string_agg', ', '), NULL
        FROM known JOIN kind_today USING ({kind}) ANTI JOIN today USING ({kind}, field)
        WHERE share > {MOST} AND of_records >= {settings.min_records}
        UNION ALL
        SELECT
            {kind}, field, 'type_changed',
            list_aggregate(list_sort(known.types), 'string_agg', ', '), today.types
        FROM today JOIN known USING ({kind}, field)
        WHERE len(list_filter(
            string_split(today.types, ', '),
            lambda type: type <> 'null' AND NOT list_contains(known.types, type)
        )) > 0 AND known.types <> ['null']
    """
