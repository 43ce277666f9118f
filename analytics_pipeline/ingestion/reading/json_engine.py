"""The DuckDB engine that writes columns as JSON: one thread, beside the engine of the intake."""

from functools import lru_cache

import duckdb


def open_json_engine() -> duckdb.DuckDBPyConnection:
    """A connection of its own to the engine of this process, in UTC, giving Arrow string views."""
    connection = _database().cursor()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET arrow_output_version = '1.4'")
    connection.execute("SET produce_arrow_string_view = true")
    return connection


# To create a database takes longer than to read a small file.
@lru_cache(maxsize=1)
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        config={
            "threads": 1,
            "autoinstall_known_extensions": "false",
            "enable_external_access": "false",
        }
    )
