"""What is due is made up: decided, worded, and handed to the URLs of its receiver."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics_pipeline.alerting.notifying import outbox
from analytics_pipeline.alerting.notifying.configuration import NotifyingConfiguration
from analytics_pipeline.alerting.notifying.deciding import Decision, Item, decide
from analytics_pipeline.alerting.notifying.new_entries import explained_by, incidents_of
from analytics_pipeline.alerting.notifying.outbox import Notification, Role
from analytics_pipeline.alerting.notifying.plain_text import one_line
from analytics_pipeline.alerting.notifying.planning import Entry, identity
from analytics_pipeline.alerting.notifying.routing import Route, all_routes
from analytics_pipeline.alerting.notifying.schema import stamp
from analytics_pipeline.alerting.notifying.wording import word
from analytics_pipeline.lake.transaction import transaction


@dataclass(frozen=True)
class Preparing:
    """Makes up what is due, in the words of a configuration.

    ``ui_url`` is the address of the Dagster UI, to which messages link where it is set.
    """

    connection: sqlite3.Connection
    configuration: NotifyingConfiguration
    ui_url: str | None = None

    def prepare_due(self, now: datetime) -> int:
        """Make up all that is due; returns how many notifications that were."""
        routes = all_routes(self.configuration)
        prepared = 0
        while notification := outbox.next_due(self.connection, now):
            try:
                with transaction(self.connection):
                    current = outbox.next_due(self.connection, now)
                    if current is None or current.id != notification.id:
                        continue
                    self._prepare(current, routes.get(current.route), now)
            except sqlite3.Error:
                raise
            except Exception as error:
                # What cannot be worded must not keep the others waiting.
                with transaction(self.connection):
                    reason = one_line(f"it cannot be worded: {type(error).__name__}: {error}")
                    self._update(notification, status="dead", reason=reason)
            prepared += 1
        return prepared

    def _prepare(self, notification: Notification, route: Route | None, now: datetime) -> None:
        entries = [
            telling.entry
            for telling in outbox.tellings(self.connection, notification.id)
            if telling.reason is None
        ]
        names = {entry.incident_id for entry in entries}
        decision = decide(
            notification,
            entries,
            incidents_of(self.connection, names),
            self._told_before(notification.receiver, names),
            self.configuration,
            route,
            now,
        )
        if decision.postponed_until is not None:
            self._update(notification, due_at=stamp(decision.postponed_until))
            return
        self._leave_out(notification, decision)
        self._hold(notification, decision)
        if decision.told:
            self._tell(notification, decision.told, entries, route, now)
        elif decision.held:
            self._drop(notification, "held until the end of the maintenance")
        else:
            reasons = dict.fromkeys(decision.left_out.values())
            self._drop(notification, "; ".join(reasons) or "nothing is left to tell")

    def _told_before(self, receiver: str, names: Iterable[str]) -> dict[str, Role]:
        found: dict[str, Role] = {}
        for name in names:
            row = self.connection.execute(
                "SELECT role FROM told WHERE receiver = ? AND incident_id = ?", [receiver, name]
            ).fetchone()
            if row is not None:
                found[name] = row[0]
        return found

    def _leave_out(self, notification: Notification, decision: Decision) -> None:
        self.connection.executemany(
            "UPDATE telling SET reason = ? WHERE notification_id = ? AND incident_id = ?",
            [(reason, notification.id, name) for name, reason in decision.left_out.items()],
        )

    def _hold(self, notification: Notification, decision: Decision) -> None:
        """What is held goes on as a notification of its own, due when the window ends."""
        for until in sorted(set(decision.held.values())):
            name = identity("held", notification.id, stamp(until))
            self._insert(
                name, notification, notification.kind, until, parent=notification.parent,
                step=notification.step,
            )  # fmt: skip
            self.connection.executemany(
                "UPDATE telling SET notification_id = ? "
                "WHERE notification_id = ? AND incident_id = ?",
                [
                    (name, notification.id, incident)
                    for incident, end in decision.held.items()
                    if end == until
                ],
            )

    def _tell(
        self,
        notification: Notification,
        items: Sequence[Item],
        entries: Iterable[Entry],
        route: Route | None,
        now: datetime,
    ) -> None:
        explained = {
            item.incident.id: len(explained_by(self.connection, item.incident.id)) for item in items
        }
        message = word(notification, items, explained, route, self.ui_url, now)
        receiver = self.configuration.receivers.get(notification.receiver)
        self._update(
            notification,
            status="sending" if receiver else "dead",
            reason=None if receiver else "the receiver is not configured any longer",
            says=message.says,
            subject=message.subject,
            body_text=message.text,
            body_html=message.html,
            facts=json.dumps(message.facts, ensure_ascii=False),
        )
        if receiver is None:
            return
        self.connection.executemany(
            "INSERT OR REPLACE INTO told VALUES (?, ?, ?)",
            [(notification.receiver, item.incident.id, item.role) for item in items],
        )
        self.connection.executemany(
            "INSERT OR IGNORE INTO delivery (notification_id, channel, status, next_attempt_at) "
            "VALUES (?, ?, 'pending', ?)",
            [(notification.id, channel, stamp(now)) for channel in receiver.url_env],
        )
        firing = {item.incident.id for item in items if item.role == "firing"}
        told = [entry for entry in entries if entry.incident_id in firing]
        if route is not None and told:
            self._escalate(notification, told, route, now)
            self._remind(notification, told, route, now)

    def _escalate(
        self, notification: Notification, told: Sequence[Entry], route: Route, now: datetime
    ) -> None:
        if notification.kind not in ("news", "digest"):
            return
        for number, step in enumerate(route.escalate, start=1):
            for receiver in step.to:
                name = identity("escalation", notification.id, number, receiver)
                self._insert(
                    name, notification, "escalation", now + step.after,
                    parent=notification.id, step=number, receiver=receiver,
                )  # fmt: skip
                outbox.add_tellings(self.connection, name, told)

    def _remind(
        self, notification: Notification, told: Sequence[Entry], route: Route, now: datetime
    ) -> None:
        """Repeat what is not acknowledged; a group has one reminder, of all that was told of it."""
        if route.repeat_interval is None or notification.kind in ("digest", "escalation"):
            return
        step = notification.step + 1 if notification.kind == "reminder" else 1
        name = identity("reminder", notification.id)
        self._insert(
            name, notification, "reminder", now + route.repeat_interval,
            parent=notification.id, step=step,
        )  # fmt: skip
        outbox.add_tellings(self.connection, name, told)
        for former in self._reminders(notification, besides=name):
            entries = [each.entry for each in outbox.tellings(self.connection, former.id)]
            outbox.add_tellings(self.connection, name, entries)
            self._drop(former, "joined by a later message of its group")

    def _reminders(self, notification: Notification, besides: str) -> list[Notification]:
        rows = self.connection.execute(
            "SELECT * FROM notification WHERE kind = 'reminder' AND status = 'pending' "
            "AND (receiver, route, group_key) = (?, ?, ?) AND id <> ?",
            [*notification.group, besides],
        )
        return [outbox.notification_of(row) for row in rows]

    def _insert(
        self,
        name: str,
        of: Notification,
        kind: str,
        due_at: datetime,
        *,
        parent: str | None,
        step: int,
        receiver: str | None = None,
    ) -> None:
        self.connection.execute(
            "INSERT OR IGNORE INTO notification (id, receiver, route, group_key, kind, step, "
            "parent, takes, created_at, due_at, status) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, 'pending')",
            [
                name, receiver or of.receiver, of.route, of.group_key, kind, step, parent,
                stamp(of.created_at), stamp(due_at),
            ],
        )  # fmt: skip

    def _drop(self, notification: Notification, reason: str) -> None:
        self._update(notification, status="dropped", reason=reason)

    def _update(self, notification: Notification, **columns: object) -> None:
        assigned = ", ".join(f"{column} = ?" for column in columns)
        self.connection.execute(
            f"UPDATE notification SET {assigned} WHERE id = ?",
            [*columns.values(), notification.id],
        )
