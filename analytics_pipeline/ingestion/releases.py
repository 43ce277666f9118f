"""Release: quarantined lines are fixed, judged again, and put among the raw events of their dates.

A line whose fix mends it takes the place of the line as it came, and stays the same line of its
file. A line that would be refused again stays as it is, so that a better fix finds it unchanged.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb

from analytics_pipeline.ingestion.corrections import Correction, digest_of
from analytics_pipeline.ingestion.fixes import AsTheyAre, Fix
from analytics_pipeline.ingestion.ledger import Ledger
from analytics_pipeline.ingestion.privacy.door import Door
from analytics_pipeline.ingestion.quarantine import Selection
from analytics_pipeline.ingestion.release_log import (
    COLUMNS,
    ReleaseLog,
    complete_releases,
    intake_lock,
)
from analytics_pipeline.ingestion.release_verdict import MENDED, dates_of, judge_again, mended
from analytics_pipeline.ingestion.rereading import file_time, reread_lines
from analytics_pipeline.ingestion.sources import source_of
from analytics_pipeline.ingestion.tables import RAW_EVENTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import Settings

SHOWN_LINES = 20


@dataclass(frozen=True)
class OutcomeCount:
    """How many lines of a file, quarantined for a reason, become what.

    ``becomes`` is ``event`` (which may be a duplicate of one that is there), ``blank``,
    ``opted_out``, or the reason for which the lines stay in quarantine.
    """

    path: str
    reason: str
    becomes: str
    lines: int


@dataclass(frozen=True)
class RefusedLine:
    """A line that stays in quarantine, and why."""

    path: str
    line_number: int
    reason: str
    message: str


@dataclass(frozen=True)
class Release:
    """What a release did, or would do.

    ``refused`` are the first lines that stay in quarantine, ``left_out`` counts the lines that
    the fix was not for, by reason, and ``dates`` are those whose lines changed.
    """

    outcomes: tuple[OutcomeCount, ...] = ()
    refused: tuple[RefusedLine, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    dates: tuple[date, ...] = ()

    @property
    def released(self) -> int:
        """How many lines leave the quarantine."""
        return sum(count.lines for count in self.outcomes if count.becomes in MENDED)


def release(
    lake: Lake,
    settings: Settings,
    selection: Selection,
    fix: Fix | None = None,
    *,
    by: str,
    dry_run: bool = False,
) -> Release:
    """Release the selected lines that a fix, or the settings as they are by now, make valid.

    Their dates await an update afterwards. A release waits until an intake under way has ended.
    With ``dry_run`` nothing is stored. Raises FixError, LakeError and PrivacyError.
    """
    if dry_run:
        return _Attempt(lake, settings, by).make(selection, fix or AsTheyAre(), None)
    with intake_lock(lake), ReleaseLog.open(lake) as log:
        complete_releases(lake)
        return _Attempt(lake, settings, by).make(selection, fix or AsTheyAre(), log)


class _Attempt:
    """One attempt to release lines, in the tables of an engine of its own."""

    def __init__(self, lake: Lake, settings: Settings, by: str) -> None:
        self._lake = lake
        self._settings = settings
        self._by = by
        self._now = datetime.now(UTC).replace(tzinfo=None)
        self._tolerance = timedelta(seconds=settings.ingestion.future_tolerance_seconds)

    def make(self, selection: Selection, fix: Fix, log: ReleaseLog | None) -> Release:
        """Find out what becomes of the lines, and release them where there is a log."""
        with self._lake.engine(exclusive=True) as connection:
            self._select(connection, selection)
            left_out = tuple((why, n) for why, n in fix.apply(connection).items() if n)
            self._reread(connection)
            judge_again(connection, self._lake, self._settings)
            dates = dates_of(connection, f"outcome IN {MENDED}")
            done = Release(*self._outcomes(connection), left_out, tuple(dates))
            if log is not None and dates:
                corrections = self._corrections(connection)
                rows = f"SELECT {COLUMNS}, event_date, from_date FROM ({mended('placed.*')})"
                log.complete(log.begin(connection, rows, dates, corrections))
        return done

    def _select(self, connection: duckdb.DuckDBPyConnection, selection: Selection) -> None:
        """Make ``quarantined``: the lines that are meant and stand like this in the raw events."""
        selected, parameters = selection.scan(self._lake)
        connection.execute(f"CREATE TABLE selected AS FROM {selected}", parameters)
        days = connection.execute("SELECT DISTINCT event_date FROM selected").fetchall()
        raw = self._lake.scan(RAW_EVENTS, [day for (day,) in days])
        connection.execute(
            f"""
            CREATE TABLE quarantined AS
            SELECT
                row_number() OVER () AS number, path, line_number, event_date AS from_date,
                raw.taken_at, selected.format, reason, raw.line, raw.bytes,
                {digest_of("raw.line", "raw.bytes")} AS digest
            FROM selected JOIN {raw} AS raw USING (path, line_number, event_date)
            WHERE raw.line IS NOT DISTINCT FROM selected.line
                AND raw.bytes IS NOT DISTINCT FROM selected.bytes
            """
        )

    def _reread(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make ``placed``: the candidates as raw events, under the dates that they have now.

        A line that lay ahead of the clock when its file was taken counts as taken now, once its
        time has come.
        """
        connection.execute("CREATE TABLE zone (path VARCHAR, time_zone VARCHAR, file_time VARCHAR)")
        paths = [
            path for (path,) in connection.execute("SELECT DISTINCT path FROM candidate").fetchall()
        ]
        with Ledger.open(self._lake.state) as ledger:
            states = ledger.known_states(paths)
        if paths:
            connection.executemany(
                "INSERT INTO zone VALUES (?, ?, ?)",
                [(path, source_of(path, self._settings).time_zone,
                  file_time(states[path]) if path in states else None) for path in paths],
            )  # fmt: skip
        connection.execute(
            """
            CREATE TABLE record AS
            SELECT
                number, format, time_zone, file_time, coalesce(fixed, line) AS line,
                CASE WHEN fixed IS NULL THEN bytes END AS bytes
            FROM candidate JOIN zone USING (path)
            """
        )
        door = Door.of(self._settings)
        door.register(connection)
        latest = self._now + self._tolerance
        reread_lines(connection, "record", self._settings, latest, door)
        tolerance = f"INTERVAL ({self._tolerance.total_seconds():.0f}) SECOND"
        connection.execute(
            f"""
            CREATE TABLE placed AS
            SELECT
                number, path, line_number, format, nullif(time_zone, 'UTC') AS time_zone,
                CASE
                    WHEN event_time > taken_at + {tolerance} AND event_time <= TIMESTAMP '{latest}'
                    THEN TIMESTAMP '{self._now}' ELSE taken_at
                END AS taken_at,
                event_type, event_time, reread.line, reread.bytes, from_date,
                coalesce(reread.event_date, from_date) AS event_date
            FROM candidate JOIN zone USING (path) JOIN reread USING (number)
            """
        )

    def _outcomes(
        self, connection: duckdb.DuckDBPyConnection
    ) -> tuple[tuple[OutcomeCount, ...], tuple[RefusedLine, ...]]:
        counts = connection.execute(
            "SELECT path, reason, outcome, count(*) FROM quarantined JOIN verdict USING (number) "
            "GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        refused = connection.execute(
            f"""
            SELECT path, line_number, outcome, message
            FROM quarantined JOIN verdict USING (number)
            WHERE outcome NOT IN {MENDED} ORDER BY path, line_number LIMIT {SHOWN_LINES}
            """
        ).fetchall()
        return (
            tuple(OutcomeCount(*count) for count in counts),
            tuple(RefusedLine(*line) for line in refused),
        )

    def _corrections(self, connection: duckdb.DuckDBPyConnection) -> list[Correction]:
        """The corrections of the lines that a fix changed; nothing of users who opted out."""
        rows = connection.execute(
            f"""
            SELECT
                path, line_number, digest,
                CASE WHEN outcome <> 'opted_out' THEN candidate.line END,
                CASE WHEN outcome <> 'opted_out' THEN candidate.bytes END,
                mended.line, reason
            FROM ({mended("number, outcome, placed.line")}) AS mended
                JOIN candidate USING (number)
            WHERE fixed IS NOT NULL
            """
        ).fetchall()
        return [
            Correction(
                path, number, digest, raw if text is None else text, replacement, reason,
                self._now, self._by,
            )
            for path, number, digest, text, raw, replacement, reason in rows
        ]  # fmt: skip
