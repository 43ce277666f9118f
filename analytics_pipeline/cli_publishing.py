"""The commands for readers: aicache-analytics query …, aicache-analytics publish …"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from analytics_pipeline.cli_options import (
    WRONG_USAGE,
    JsonOption,
    LakeOption,
    check_range,
    configure,
    day_option,
    fail,
    output,
    print_json,
    progress,
)
from analytics_pipeline.settings import Settings

if TYPE_CHECKING:
    from analytics_pipeline.lake.table import Table


def query(
    sql: Annotated[str, typer.Argument(help="A question in SQL.")],
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the lake in SQL: each of its tables is a view, with event_date as its first column."""
    settings = configure(lake=lake)
    from analytics_pipeline.lake.lake import Lake
    from analytics_pipeline.publishing.query import ask
    from analytics_pipeline.release_summary import table_of
    from analytics_pipeline.tables import all_tables

    answer = ask(Lake.of(settings), all_tables().values(), sql)
    records = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    if as_json:
        print_json(records)
    elif records:
        output.print(table_of(records), markup=False)
    else:
        output.print("No rows.")


def publish(
    first: Annotated[
        date | None,
        day_option("--from", "First day; else all."),
    ] = None,
    last: Annotated[
        date | None,
        day_option("--to", "Last day; else all."),
    ] = None,
    tables: Annotated[
        list[str] | None,
        typer.Option("--table", metavar="MART", help="Only this mart; can be given repeatedly."),
    ] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send the days of the marts that changed to the Postgres database of publish_url."""
    settings = configure(lake=lake)
    from analytics_pipeline.execution import execute, open_instance
    from analytics_pipeline.ingestion.updates import range_tags
    from analytics_pipeline.metrics.tables import mart_tables
    from analytics_pipeline.publishing.assets import PUBLISH_JOB, PUBLISHED_MARTS
    from analytics_pipeline.release_summary import table_of

    marts = mart_tables()
    for name in set(tables or ()) - set(marts):
        fail(f"There is no mart {name}. There are: {', '.join(marts)}.", WRONG_USAGE)
    chosen = {name: marts[name] for name in tables or marts}
    first, last = _days_to_publish(settings, chosen, first, last)
    with progress(as_json) as listener:
        result = execute(
            open_instance(settings),
            PUBLISH_JOB,
            tags=range_tags(first, last),
            config={PUBLISHED_MARTS: {"tables": list(chosen)}},
            listener=listener,
        )
    days: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for materialization in result.asset_materializations_for_node(PUBLISHED_MARTS):
        for name in marts.keys() & materialization.metadata.keys():
            days[name] += 1
            rows[name] += int(str(materialization.metadata[name].value))
    sent = [{"mart": name, "days": days[name], "rows": rows[name]} for name in marts if days[name]]
    if as_json:
        print_json({"from": first, "to": last, "schema": settings.publish_schema, "sent": sent})
    elif sent:
        output.print(table_of(sent), markup=False)
    else:
        output.print("Nothing new: Postgres has every day as the lake has it.")


def _days_to_publish(
    settings: Settings, tables: "Mapping[str, Table]", first: date | None, last: date | None
) -> tuple[date, date]:
    """The range of the days that await it, within the given one.

    Dagster notes each day of a run, so the days that do not await it are left out. Where none does,
    the last is looked at once more, which gives the tables their columns and rights.
    """
    from analytics_pipeline.lake.lake import Lake
    from analytics_pipeline.publishing.database import open_database
    from analytics_pipeline.publishing.publish import days_awaiting

    lake = Lake.of(settings)
    stored = [day for table in tables.values() for day in lake.dates(table)]
    if not stored:
        fail(f"The lake {settings.lake} has no metrics yet: there is nothing to publish.")
    first, last = first or min(stored), last or max(stored)
    check_range(settings, first, last)
    with open_database(settings) as connection:
        awaiting = days_awaiting(lake, connection, settings.publish_schema, tables)
    days = [day for of_table in awaiting.values() for day in of_table if first <= day <= last]
    return min(days, default=last), max(days, default=last)
