"""The store of incidents: each call is one transaction, whoever else has the file open."""

import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from analytics_pipeline.alerting.incidents import lifecycle
from analytics_pipeline.alerting.incidents.incident import Incident, IncidentEvent, Report, Status
from analytics_pipeline.alerting.incidents.lifecycle import IncidentError, Next, in_utc
from analytics_pipeline.alerting.incidents.matching import Matcher, all_match, matcher
from analytics_pipeline.alerting.incidents.policy import Policy
from analytics_pipeline.alerting.incidents.reading import NO_DATE, silences_at, state_for
from analytics_pipeline.alerting.incidents.schema import (
    SCHEMA,
    append_event,
    event_of,
    incident,
    incident_of,
    json_text,
    placeholders,
    silence_of,
    time_text,
    write_incidents,
    write_silence,
)
from analytics_pipeline.alerting.incidents.silence import Silence
from analytics_pipeline.alerting.incidents.state import State
from analytics_pipeline.alerting.store import open_alert_store
from analytics_pipeline.lake.transaction import transaction


class IncidentStore:
    """The incidents of a lake. ``connection`` is that of the file of alerting.

    A call within a transaction of the caller's becomes part of it, else it is one by itself.
    Times without a zone are taken to be in UTC.
    """

    def __init__(self, connection: sqlite3.Connection, policy: Policy | None = None) -> None:
        self.connection = connection
        self.policy = policy or Policy()

    @classmethod
    @contextmanager
    def open(
        cls, state: Path, policy: Policy | None = None, *schemas: str
    ) -> Iterator["IncidentStore"]:
        """Open the store in the state folder of a lake.

        ``schemas`` are those of further tables in the same file.
        """
        with open_alert_store(state, SCHEMA, *schemas) as connection:
            yield cls(connection, policy)

    def apply(self, reports: Iterable[Report], now: datetime | None = None) -> list[IncidentEvent]:
        """Take reports into account; returns what became of incidents, in order.

        Reports that were taken into account before change nothing.
        """
        taken = list(reports)
        return self._step(
            now,
            lambda state, at: lifecycle.apply_reports(state, taken, at, self.policy),
            reports=taken,
        )

    def expire(self, now: datetime | None = None) -> list[IncidentEvent]:
        """Take the time into account: silences that begin and end, quiet that sets in."""
        return self._step(now, lambda state, at: lifecycle.let_time_pass(state, at, self.policy))

    def acknowledge(
        self, incident_id: str, by: str, comment: str = "", now: datetime | None = None
    ) -> list[IncidentEvent]:
        """Note that somebody is at an incident.

        Raises IncidentError where there is no such incident, or it is resolved.
        """
        return self._step(
            now,
            lambda state, at: lifecycle.acknowledge(
                state, incident_id, by, at, self.policy, comment
            ),
            names=[incident_id],
        )

    def resolve(
        self, incident_id: str, by: str, comment: str = "", now: datetime | None = None
    ) -> list[IncidentEvent]:
        """Bring an incident to its end by hand; raises IncidentError as acknowledge does."""
        return self._step(
            now,
            lambda state, at: lifecycle.resolve(state, incident_id, by, at, self.policy, comment),
            names=[incident_id],
        )

    def silence(
        self,
        matchers: Iterable[Matcher | str],
        ends_at: datetime,
        created_by: str,
        comment: str = "",
        starts_at: datetime | None = None,
        now: datetime | None = None,
    ) -> Silence:
        """Tell nobody of the incidents that all matchers match, until ``ends_at``.

        A matcher can be given as text, such as ``team =~ "search|ads"``. Raises MatcherError where
        one cannot be read, IncidentError where there is none or the end is not after the start.
        """
        at = _time(now)
        chosen = tuple(each if isinstance(each, Matcher) else matcher(each) for each in matchers)
        new = Silence(
            id=uuid.uuid4().hex[:12],
            matchers=chosen,
            starts_at=_time(starts_at or at),
            ends_at=_time(ends_at),
            created_by=created_by,
            comment=comment,
            created_at=at,
        )
        if not chosen:
            raise IncidentError("A silence needs a matcher, such as rule = hit_rate.")
        if new.ends_at <= max(new.starts_at, at):
            raise IncidentError(
                f"A silence must end after it starts, and in the future: {new.ends_at} does not."
            )
        self._step(at, lambda state, time: lifecycle.silence(state, new, time, self.policy))
        return new

    def unsilence(
        self, silence_id: str, by: str = "", now: datetime | None = None
    ) -> list[IncidentEvent]:
        """End a silence; raises IncidentError where there is none of that id that has not ended."""

        def end(state: State, at: datetime) -> Next:
            former = state.silences.get(silence_id)
            if former is None:
                raise IncidentError(f"There is no silence {silence_id} that has not ended.")
            ended = replace(former, starts_at=min(former.starts_at, at), ends_at=at)
            return lifecycle.silence(state, ended, at, self.policy, by)

        return self._step(now, end)

    def silences(self, now: datetime | None = None, *, ended: bool = False) -> list[Silence]:
        """The silences that have not ended, or all; those that end first come first."""
        if not ended:
            return list(silences_at(self.connection, _time(now)).values())
        rows = self.connection.execute("SELECT * FROM silence ORDER BY ends_at, id")
        return [silence_of(row) for row in rows]

    def incident(self, incident_id: str) -> Incident:
        """An incident as it is; raises IncidentError where there is none of that id."""
        return incident(self.connection, incident_id)

    def incidents(
        self,
        status: Status | Iterable[Status] | None = None,
        *,
        rule: str | None = None,
        asset: str | None = None,
        matchers: Iterable[Matcher] = (),
        recorded_only: bool | None = None,
        limit: int | None = None,
    ) -> list[Incident]:
        """The incidents that meet all that is asked, those opened last first."""
        wanted = [status] if isinstance(status, str) else list(status or ())
        conditions, values = ["true"], list[str]()
        if status is not None:
            conditions.append(f"status IN ({placeholders(wanted)})")
            values += wanted
        for column, value in (("rule", rule), ("asset", asset)):
            if value is not None:
                conditions.append(f"{column} = ?")
                values.append(value)
        rows = self.connection.execute(
            f"SELECT content FROM incident WHERE {' AND '.join(conditions)} "
            "ORDER BY opened_at DESC, id",
            values,
        )
        chosen = tuple(matchers)
        found: list[Incident] = []
        for each in map(incident_of, rows):
            if limit is not None and len(found) >= limit:
                break
            if recorded_only in (None, each.recorded_only) and all_match(chosen, each):
                found.append(each)
        return found

    def history(self, incident_id: str | None = None) -> list[IncidentEvent]:
        """The history of an incident, or of all, in order."""
        rows = self.connection.execute(
            "SELECT * FROM incident_event WHERE ?1 IS NULL OR incident_id = ?1 ORDER BY sequence",
            (incident_id,),
        )
        return [event_of(row) for row in rows]

    def _step(
        self,
        now: datetime | None,
        make: Callable[[State, datetime], Next],
        reports: list[Report] | None = None,
        names: Iterable[str] = (),
    ) -> list[IncidentEvent]:
        """Read what has a bearing, make of it what is next, and write that: all or nothing."""
        with self._transaction():
            at = _time(now)
            before = state_for(self.connection, at, self.policy, reports or (), names)
            after, events = make(before, at)
            return self._write(before, after, events)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self.connection.in_transaction:
            yield
        else:
            with transaction(self.connection):
                yield

    def _write(
        self, before: State, after: State, events: list[IncidentEvent]
    ) -> list[IncidentEvent]:
        write_incidents(self.connection, lifecycle.changed_incidents(before, after))
        self.connection.executemany(
            "INSERT INTO report VALUES (?)", [(name,) for name in after.seen - before.seen]
        )
        self.connection.executemany(
            "INSERT OR REPLACE INTO latest_report VALUES (?, ?, ?, ?, ?)",
            [
                (
                    reported.rule,
                    reported.asset,
                    reported.event_date.isoformat() if reported.event_date else NO_DATE,
                    time_text(latest.evaluated_at),
                    json_text(sorted(latest.found)),
                )
                for reported, latest in after.latest.items()
                if before.latest.get(reported) != latest
            ],
        )
        for name, silence in after.silences.items():
            if before.silences.get(name) != silence:
                write_silence(self.connection, silence)
        stands: dict[str, tuple[str, str]] = {
            name: (each.severity, each.status) for name, each in before.incidents.items()
        }
        stored = []
        for event in events:
            severity, status = stands.get(event.incident_id, ("", ""))
            severity = str(event.details.get("severity", severity))
            status = str(event.details.get("status", status))
            stands[event.incident_id] = severity, status
            sequence = append_event(self.connection, event, severity, status)
            stored.append(replace(event, sequence=sequence))
        return stored


def _time(time: datetime | None) -> datetime:
    return datetime.now(UTC) if time is None else in_utc(time)
