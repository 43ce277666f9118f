"""Schema contracts: what happens to records with fields that nobody declared.

The modes are those of dlt's schema contracts for columns: ``evolve`` keeps the fields,
``discard_row`` refuses the record, ``freeze`` refuses all that came with it, here all records of
the file under that date. Refused records stand in quarantine, so nothing is lost.
"""

from collections.abc import Iterable, Mapping

import duckdb

from analytics_pipeline.ingestion.formats.native import NATIVE
from analytics_pipeline.ingestion.kinds import Kind
from analytics_pipeline.settings import SourceSettings

UNDECLARED, FROZEN = "undeclared_field", "frozen_schema"


def apply_contracts(
    connection: duckdb.DuckDBPyConnection,
    kinds: Iterable[Kind],
    sources: Mapping[str, SourceSettings],
    lines: str,
) -> None:
    """Set the problem of the records that break the contract of their source.

    ``sources`` gives the source of each path. A record that has a problem already keeps it.
    ``lines`` is the relation that the records were parsed from, of which those refused here get
    back their text: it is not kept of records that seem valid.
    """
    strict = {path: each for path, each in sources.items() if each.schema_contract != "evolve"}
    if not strict:
        return
    for kind in kinds:
        for settings in set(strict.values()):
            paths = [path for path, each in strict.items() if each == settings]
            _apply(connection, kind, settings, paths)
        connection.execute(
            f"""
            UPDATE {kind.table} AS parsed SET line = raw.line
            FROM {lines} AS raw
            WHERE split_part(parsed.problem, ':', 1) IN ('{UNDECLARED}', '{FROZEN}')
                AND parsed.path = raw.path AND parsed.line_number = raw.line_number
                AND parsed.stands_under = raw.event_date
            """
        )


def _apply(
    connection: duckdb.DuckDBPyConnection, kind: Kind, settings: SourceSettings, paths: list[str]
) -> None:
    prefix = "" if kind.format == NATIVE.name else f"{kind.format}."
    known = [prefix + field for field in settings.known_fields]
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE undeclared AS
        SELECT parsed_row, path, stands_under, min(field) AS field
        FROM (
            SELECT
                parsed_row, extended.path, stands_under,
                regexp_replace(substr(fullkey, 3), '\\[.*', '') AS field
            FROM (
                SELECT rowid AS parsed_row, path, stands_under, extra FROM {kind.table}
                WHERE problem IS NULL AND extra IS NOT NULL AND list_contains($paths, path)
            ) AS extended, json_tree(extended.extra) AS entry
            WHERE entry.type <> 'OBJECT'
        )
        WHERE len([known FOR known IN $known::VARCHAR[] IF field GLOB known]) = 0
        GROUP BY parsed_row, path, stands_under
        """,
        {"paths": paths, "known": known},
    )
    if settings.schema_contract == "discard_row":
        connection.execute(
            f"""
            UPDATE {kind.table} AS parsed
            SET problem = '{UNDECLARED}:' || undeclared.field
            FROM undeclared WHERE parsed.rowid = undeclared.parsed_row
            """
        )
        return
    connection.execute(
        f"""
        UPDATE {kind.table} AS parsed
        SET problem = '{FROZEN}:' || broken.field
        FROM (
            SELECT path, stands_under, min(field) AS field FROM undeclared GROUP BY ALL
        ) AS broken
        WHERE parsed.path = broken.path AND parsed.stands_under = broken.stands_under
            AND parsed.problem IS NULL
        """
    )
