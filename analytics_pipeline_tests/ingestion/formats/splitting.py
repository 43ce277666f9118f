"""The records that a format finds in documents."""

from collections.abc import Sequence

import duckdb

from analytics_pipeline.ingestion.formats.declaration import Format


def records_of(source: Format, documents: Sequence[str]) -> list[str]:
    """Split documents by the format's SQL; gives the records in order."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE document AS SELECT unnest(range(len($documents))) AS document_number, "
            "unnest($documents::VARCHAR[]) AS document",
            {"documents": list(documents)},
        )
        rows = connection.execute(
            f"SELECT record::VARCHAR FROM ({source.split}) ORDER BY document_number, position"
        ).fetchall()
        return [record for (record,) in rows]
