"""Errors of the engine, without what it read."""

import duckdb

from analytics_pipeline.errors import PipelineError

# These speak of the machine. Any other may quote the record that it failed on.
OF_THE_MACHINE = (duckdb.OutOfMemoryException, duckdb.IOException, duckdb.InterruptException)


class RecordError(PipelineError):
    """The engine failed on records that had not passed the privacy door."""


def execute_on_records(connection: duckdb.DuckDBPyConnection, query: str, format_name: str) -> None:
    """Run a query on records of a format that have not passed the privacy door.

    Where the engine fails, it may quote a record: that is left out of the RecordError, which has
    neither cause nor context, since both are stored with a failed run.
    """
    try:
        connection.execute(query)
    except OF_THE_MACHINE:
        raise
    except duckdb.Error as error:
        kind = type(error).__name__
    else:
        return
    raise RecordError(
        f"Reading records of the format {format_name} failed with {kind}. What the engine said "
        "may quote records, so it is not repeated. Please report it, with the format."
    )
