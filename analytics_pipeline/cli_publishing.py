"""The commands for readers: aicache-analytics query …, aicache-analytics publish …"""

from collections import Counter
from datetime import date
from typing import Annotated

import typer

from analytics_pipeline.cli_options import (
    WRONG_USAGE,
    JsonOption,
    LakeOption,
    as_day,
    check_range,
    configure,
    fail,
    output,
    print_json,
    progress,
)


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
        typer.Option("--from", parser=as_day, metavar="DATE", help="First day; else all."),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", parser=as_day, metavar="DATE", help="Last day; else all."),
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
    from analytics_pipeline.lake.lake import Lake
    from analytics_pipeline.publishing.assets import PUBLISH_JOB, PUBLISHED_MARTS
    from analytics_pipeline.publishing.tables import published_tables
    from analytics_pipeline.release_summary import table_of

    marts = published_tables()
    for name in set(tables or ()) - set(marts):
        fail(f"There is no mart {name}. There are: {', '.join(marts)}.", WRONG_USAGE)
    stored = {day for mart in marts.values() for day in Lake.of(settings).dates(mart)}
    first = first or min(stored, default=last)
    last = last or max(stored, default=first)
    if first is None or last is None:
        fail(f"The lake {settings.lake} has no metrics yet: there is nothing to publish.")
    check_range(settings, first, last)
    with progress(as_json) as listener:
        result = execute(
            open_instance(settings),
            PUBLISH_JOB,
            tags=range_tags(first, last),
            config={PUBLISHED_MARTS: {"tables": list(tables or ())}},
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
