"""What is to be told and what was, in the SQLite file of alerting."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from analytics_pipeline.alerting.notifying.planning import (
    Collecting,
    Entry,
    Group,
    Kind,
    Known,
    Plan,
)
from analytics_pipeline.alerting.notifying.schema import moment_of, stamp

Status = Literal["pending", "sending", "failed", "sent", "dead", "dropped"]
Role = Literal["firing", "resolved"]


@dataclass(frozen=True)
class Notification:
    """One message to one receiver."""

    id: str
    receiver: str
    route: str
    group_key: str
    kind: Kind
    says: str | None
    step: int
    parent: str | None
    takes: bool
    created_at: datetime
    due_at: datetime
    status: Status
    reason: str | None
    subject: str | None
    body_text: str | None
    body_html: str | None
    facts: Mapping[str, str]
    sent_at: datetime | None

    @property
    def group(self) -> Group:
        """What is collected into it."""
        return Group(self.receiver, self.route, self.group_key)


@dataclass(frozen=True)
class Delivery:
    """A message to one URL of its receiver."""

    notification_id: str
    channel: str
    status: Status
    attempts: int
    next_attempt_at: datetime
    accepted: frozenset[str]
    last_error: str | None
    sent_at: datetime | None


class Telling(NamedTuple):
    """An entry of history that a notification is about, and why it was left out if it was."""

    entry: Entry
    reason: str | None


def position(connection: sqlite3.Connection) -> int:
    """The sequence up to which entries are planned."""
    row = connection.execute("SELECT position FROM planned").fetchone()
    return int(row[0]) if row else 0


def known(connection: sqlite3.Connection, incident_ids: Iterable[str]) -> Known:
    """What was planned of some incidents, and the latest notification of every group."""
    groups: dict[str, frozenset[Group]] = {}
    for incident_id in set(incident_ids):
        rows = connection.execute(
            "SELECT DISTINCT receiver, route, group_key FROM notification "
            "JOIN telling ON notification_id = id WHERE incident_id = ?",
            [incident_id],
        )
        found = frozenset(Group(*row) for row in rows)
        if found:
            groups[incident_id] = found

    def latest(group: Group) -> Collecting | None:
        row = connection.execute(
            "SELECT id, due_at, status = 'pending' FROM notification "
            "WHERE (receiver, route, group_key) = (?, ?, ?) AND takes AND status <> 'dropped' "
            "ORDER BY rowid DESC LIMIT 1",
            list(group),
        ).fetchone()
        return row and Collecting(row[0], moment_of(row[1]), takes=bool(row[2]))

    return Known(latest, groups)


def store_plan(connection: sqlite3.Connection, plan: Plan, position: int) -> None:
    """Write what was planned up to a position; within the transaction that read the entries.

    What was written before is left as it is, so that the same plan twice changes nothing.
    """
    for message in plan.messages.values():
        connection.execute(
            "INSERT INTO notification (id, receiver, route, group_key, kind, takes, created_at, "
            "due_at, status) VALUES (?, ?, ?, ?, ?, 1, ?, ?, 'pending') "
            "ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at WHERE status = 'pending'",
            [
                message.id,
                *message.group,
                message.kind,
                stamp(message.created_at),
                stamp(message.due_at),
            ],
        )
        add_tellings(connection, message.id, message.entries)
    connection.executemany("INSERT OR IGNORE INTO untold VALUES (?, ?, ?)", plan.untold)
    connection.execute(
        "INSERT INTO planned VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET position = ?",
        [position, position],
    )


def add_tellings(
    connection: sqlite3.Connection, notification_id: str, entries: Iterable[Entry]
) -> None:
    """Note which entries a notification is about."""
    connection.executemany(
        "INSERT OR IGNORE INTO telling VALUES (?, ?, ?, ?, NULL)",
        [(notification_id, *entry) for entry in entries],
    )


def notification_of(row: sqlite3.Row) -> Notification:
    """The notification of a row of its table."""
    content = dict(row)
    for name in ("created_at", "due_at", "sent_at"):
        content[name] = content[name] and moment_of(content[name])
    content["takes"] = bool(content["takes"])
    content["facts"] = json.loads(content["facts"] or "{}")
    return Notification(**content)


def delivery_of(row: sqlite3.Row) -> Delivery:
    """The delivery of a row of its table."""
    return Delivery(
        row["notification_id"],
        row["channel"],
        row["status"],
        row["attempts"],
        moment_of(row["next_attempt_at"]),
        frozenset(json.loads(row["accepted"])),
        row["last_error"],
        row["sent_at"] and moment_of(row["sent_at"]),
    )


def next_due(connection: sqlite3.Connection, now: datetime) -> Notification | None:
    """The notification that has been due the longest and is not made up yet."""
    row = connection.execute(
        "SELECT * FROM notification WHERE status = 'pending' AND due_at <= ? "
        "ORDER BY due_at, rowid LIMIT 1",
        [stamp(now)],
    ).fetchone()
    return row and notification_of(row)


def next_news_due(connection: sqlite3.Connection) -> datetime | None:
    """When the next message that is planned, or was not taken, is to be sent; no repetitions."""
    row = connection.execute(
        "SELECT min(at) FROM ("
        "SELECT due_at AS at FROM notification "
        "WHERE status = 'pending' AND kind IN ('news', 'digest') "
        "UNION ALL SELECT next_attempt_at FROM delivery WHERE status IN ('pending', 'failed'))"
    ).fetchone()
    return None if row[0] is None else moment_of(row[0])


def notification(connection: sqlite3.Connection, name: str) -> Notification | None:
    """The notification of this id."""
    row = connection.execute("SELECT * FROM notification WHERE id = ?", [name]).fetchone()
    return row and notification_of(row)


def notifications(
    connection: sqlite3.Connection,
    statuses: Sequence[Status] = (),
    incident_id: str | None = None,
    limit: int = 200,
) -> list[Notification]:
    """Notifications, the newest first; those of some statuses, or of one incident."""
    conditions: list[str] = ["true"]
    values: list[object] = []
    if statuses:
        conditions.append(f"status IN ({', '.join('?' * len(statuses))})")
        values += list(statuses)
    if incident_id is not None:
        conditions.append("id IN (SELECT notification_id FROM telling WHERE incident_id = ?)")
        values.append(incident_id)
    rows = connection.execute(
        f"SELECT * FROM notification WHERE {' AND '.join(conditions)} ORDER BY rowid DESC LIMIT ?",
        [*values, limit],
    )
    return [notification_of(row) for row in rows]


def tellings(connection: sqlite3.Connection, notification_id: str) -> list[Telling]:
    """The entries that a notification is about, in their order."""
    rows = connection.execute(
        "SELECT sequence, incident_id, change, reason FROM telling WHERE notification_id = ? "
        "ORDER BY sequence",
        [notification_id],
    )
    return [Telling(Entry(*row[:3]), row[3]) for row in rows]


def deliveries(connection: sqlite3.Connection, notification_id: str) -> list[Delivery]:
    """The deliveries of a notification."""
    rows = connection.execute(
        "SELECT * FROM delivery WHERE notification_id = ? ORDER BY channel", [notification_id]
    )
    return [delivery_of(row) for row in rows]


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many notifications there are of each status."""
    rows = connection.execute("SELECT status, count(*) FROM notification GROUP BY status")
    return dict(rows.fetchall())


def dead_since(connection: sqlite3.Connection, moment: datetime) -> int:
    """How many notifications that were due since a moment could not be delivered."""
    row = connection.execute(
        "SELECT count(*) FROM notification WHERE status = 'dead' AND due_at >= ?", [stamp(moment)]
    ).fetchone()
    return int(row[0])


def untold(connection: sqlite3.Connection, incident_id: str) -> dict[int, str]:
    """Why nobody was told of entries of an incident, by their sequence."""
    rows = connection.execute(
        "SELECT sequence, reason FROM untold WHERE incident_id = ?", [incident_id]
    )
    return {int(row[0]): str(row[1]) for row in rows}
