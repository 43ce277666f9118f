"""Writing tables whose rows of a day are made from days before it, which a late event changes."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import duckdb

from analytics_pipeline.lake.contracts import checked
from analytics_pipeline.lake.differences import differing_days
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table

if TYPE_CHECKING:
    import pandas as pd


def replace_looking_back(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    days: Sequence[date],
    reach: int,
    compute: Callable[[list[date]], "pd.DataFrame"],
) -> dict[date, int]:
    """Replace partitions of a table, and later ones that differ now; returns the rows of each.

    ``reach`` is how many days after a day the rows may still be made from it: the stored days
    that far after one of ``days`` are computed too, and written where they are not the same any
    more. ``compute`` gives the rows of the days that it is given, with event_date. Raises
    ContractError where these break the contract of the table.
    """
    asked = sorted(set(days))
    with lake.locked_whole(table):
        reached = {day + timedelta(days=after) for day in asked for after in range(1, reach + 1)}
        later = sorted(reached.intersection(lake.dates(table)) - set(asked))
        connection.register("looked_back", checked(table, compute([*asked, *later])))
        try:
            written = [
                *asked,
                *differing_days(lake, connection, table, later, "looked_back"),
            ]
            return lake.replace_days(connection, table, written, "FROM looked_back")
        finally:
            connection.unregister("looked_back")
