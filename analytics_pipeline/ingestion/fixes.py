"""What may be done to a quarantined line before it is judged again.

A fix reads the table ``quarantined`` (path, line_number, line, bytes, digest) of an engine and
makes the table ``candidate``: the lines that it is for, with ``fixed``, their new text, which is
null where the line stays as it is.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.lake.table import literal

LONGEST_LINE = 64_000_000


class FixError(PipelineError):
    """A fix cannot be read; the message says where and what to do."""


class Fix(Protocol):
    """Something that gives lines a new text."""

    def apply(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        """Make ``candidate``; returns how many lines were left out for which reason."""


class AsTheyAre:
    """No fix: the lines are judged again as they are."""

    def apply(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        """Make ``candidate`` of all lines."""
        connection.execute(
            "CREATE TABLE candidate AS SELECT *, NULL::VARCHAR AS fixed FROM quarantined"
        )
        return {}


@dataclass(frozen=True)
class MergePatch:
    """A JSON merge patch (RFC 7386) for each line that is a JSON object."""

    patch: str

    @classmethod
    def read(cls, text: str) -> "MergePatch":
        """The patch of a text, or of the file that it names; raises FixError."""
        if text.lstrip().startswith("{"):
            patch, where = text, "The patch"
        else:
            where = f"The patch {text}"
            try:
                patch = Path(text).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise FixError(
                    f"{where} is neither a JSON object nor a file that can be read: {error}."
                ) from error
        try:
            found = json.loads(patch)
        except ValueError as error:
            raise FixError(f"{where} is not valid JSON: {error}.") from error
        if not isinstance(found, dict):
            raise FixError(f'{where} is no JSON object, such as {{"match_type": null}}.')
        return cls(patch)

    def apply(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        """Make ``candidate`` of the lines that are JSON objects.

        What the patch would not change stays as it was written.
        """
        connection.execute(
            """
            CREATE TABLE candidate AS
            SELECT * EXCLUDE (same, patched), CASE WHEN same <> patched THEN patched END AS fixed
            FROM (
                SELECT
                    *, json_merge_patch(line, '{}')::VARCHAR AS same,
                    json_merge_patch(line, $patch)::VARCHAR AS patched
                FROM quarantined
                WHERE CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END
            )
            """,
            {"patch": self.patch},
        )
        return {"no JSON object": _number_of(connection, "quarantined ANTI JOIN candidate")}


@dataclass(frozen=True)
class EditedExport:
    """A file of JSON lines as ``export_lines`` writes them, of which ``line`` was edited."""

    file: Path

    def apply(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        """Make ``candidate`` of the lines in the file that stand in quarantine unchanged.

        Raises FixError.
        """
        self._read(connection)
        connection.execute(
            """
            CREATE TABLE candidate AS
            SELECT quarantined.*, nullif(edited.line, quarantined.line) AS fixed
            FROM quarantined JOIN edited USING (path, line_number, digest)
            """
        )
        moved = "(FROM edited SEMI JOIN quarantined USING (path, line_number)) ANTI JOIN candidate"
        return {
            "no longer in quarantine, or not selected": _number_of(
                connection, "edited ANTI JOIN quarantined"
            ),
            "another line stands there by now": _number_of(connection, moved),
        }

    def _read(self, connection: duckdb.DuckDBPyConnection) -> None:
        if not self.file.is_file():
            raise FixError(f"The fix {self.file} is not a file.")
        try:
            connection.execute(
                f"""
                CREATE TABLE edited AS
                FROM read_json(
                    {literal(str(self.file))}, format = 'newline_delimited',
                    maximum_object_size = {LONGEST_LINE},
                    columns = {{
                        path: 'VARCHAR', line_number: 'BIGINT', digest: 'VARCHAR', line: 'VARCHAR'
                    }}
                )
                """
            )
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise FixError(f"The fix {self.file} cannot be read: {reason}") from error
        row = connection.execute(
            """
            SELECT
                count(*) FILTER (path IS NULL OR line_number IS NULL OR digest IS NULL),
                count(*) - count(DISTINCT (path, line_number))
            FROM edited
            """
        ).fetchone()
        incomplete, repeated = row or (0, 0)
        if incomplete:
            raise FixError(
                f"The fix {self.file} has {incomplete:,} lines without path, line_number or "
                "digest: edit nothing but line in what quarantine export writes."
            )
        if repeated:
            raise FixError(f"The fix {self.file} names {repeated:,} lines more than once.")


def _number_of(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(
        f"SELECT count(*) FROM {relation} USING (path, line_number)"
    ).fetchone()
    return int(row[0]) if row else 0
