"""Several pieces of work at once on one database."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import duckdb

Piece = TypeVar("Piece")


def at_once(
    connection: duckdb.DuckDBPyConnection,
    threads: int,
    sizes: Mapping[Piece, int],
    work: Callable[[duckdb.DuckDBPyConnection, Piece], object],
) -> None:
    """Work on the pieces, as many at once as there are threads.

    Much of a query occupies one thread: planning it, sorting a little, writing a file. The largest
    pieces come first, lest one is left alone at the end. Each gets a connection of its own to the
    database of ``connection``, which sees what is in no temporary table.
    """

    def work_on(piece: Piece) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            work(cursor, piece)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work_on, sorted(sizes, key=lambda piece: -sizes[piece])))
