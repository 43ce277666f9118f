"""Delivery of what is made up: each URL of a receiver gets each message once.

A delivery is claimed before it is sent, and noted after. Where the process ends between the two,
nobody can know whether the receiver has it: it is sent again, with the same identity, as soon as
that process is known to have ended, or its time is over.
"""

import json
import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from analytics_pipeline.alerting.notifying import outbox
from analytics_pipeline.alerting.notifying.configuration import NotifyingConfiguration, url_of
from analytics_pipeline.alerting.notifying.entries import DeliverySettings, NotifyingError
from analytics_pipeline.alerting.notifying.new_entries import plan_new
from analytics_pipeline.alerting.notifying.outbox import Delivery, Notification
from analytics_pipeline.alerting.notifying.preparing import Preparing
from analytics_pipeline.alerting.notifying.schema import stamp
from analytics_pipeline.alerting.notifying.sending import Outcome, send, without_secrets
from analytics_pipeline.alerting.notifying.wording import Message
from analytics_pipeline.ingestion.run_processes import has_ended, this_process
from analytics_pipeline.lake.transaction import transaction

# Longer than any attempt takes; for senders of other machines, of whose end nobody knows.
LEASE = timedelta(minutes=5)
BUDGET_SECONDS = 20.0


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Round:
    """What one look at what is due did.

    ``sent``, ``failed`` and ``dead`` are deliveries: failed ones are tried again later.
    """

    planned: int = 0
    prepared: int = 0
    sent: list[Delivery] = field(default_factory=list)
    failed: list[Delivery] = field(default_factory=list)
    dead: list[Delivery] = field(default_factory=list)

    def in_words(self) -> str:
        """What was done, in a line."""
        parts = [
            f"{len(done)} {what}"
            for what, done in (
                ("sent", self.sent),
                ("failed, to be tried again", self.failed),
                ("given up", self.dead),
            )
            if done
        ]
        return ", ".join(parts) or "nothing was due"


def deliver_due(
    connection: sqlite3.Connection,
    configuration: NotifyingConfiguration,
    ui_url: str | None = None,
    *,
    budget_seconds: float = BUDGET_SECONDS,
    clock: Callable[[], datetime] = _now,
) -> Round:
    """Plan what is new, make up what is due, and send what is to be sent, within a time.

    What the time does not suffice for is left to the next call, by this process or another.
    """
    deadline = time.monotonic() + budget_seconds
    done = Round(planned=plan_new(connection, configuration))
    done.prepared = Preparing(connection, configuration, ui_url).prepare_due(clock())
    while time.monotonic() < deadline:
        claimed = claim(connection, clock())
        if claimed is None:
            break
        notification, delivery = claimed
        outcome = attempt(notification, delivery)
        after = record(connection, delivery, outcome, configuration.delivery, clock())
        {"sent": done.sent, "failed": done.failed, "dead": done.dead}[after.status].append(after)
    return done


def claim(connection: sqlite3.Connection, now: datetime) -> tuple[Notification, Delivery] | None:
    """Take the delivery that has waited longest; None where none is due.

    What another process is sending is left to it, unless it has ended or its time is over.
    """
    with transaction(connection):
        rows = connection.execute(
            "SELECT * FROM delivery WHERE status IN ('pending', 'failed') AND next_attempt_at <= ? "
            "OR status = 'sending' ORDER BY next_attempt_at",
            [stamp(now)],
        )
        row = next((row for row in rows if _is_free(row, now)), None)
        if row is None:
            return None
        connection.execute(
            "UPDATE delivery SET status = 'sending', attempts = attempts + 1, claimed_by = ?, "
            "lease_until = ? WHERE notification_id = ? AND channel = ?",
            [this_process(), stamp(now + LEASE), row["notification_id"], row["channel"]],
        )
        claimed = connection.execute(
            "SELECT * FROM delivery WHERE notification_id = ? AND channel = ?",
            [row["notification_id"], row["channel"]],
        ).fetchone()
        notification = outbox.notification(connection, row["notification_id"])
    assert notification is not None
    return notification, outbox.delivery_of(claimed)


def _is_free(row: sqlite3.Row, now: datetime) -> bool:
    if row["status"] != "sending":
        return True
    return row["lease_until"] <= stamp(now) or has_ended(row["claimed_by"])


def attempt(notification: Notification, delivery: Delivery) -> Outcome:
    """Send one claimed delivery."""
    try:
        url = url_of(delivery.channel, notification.receiver)
    except NotifyingError as error:
        return Outcome(False, str(error), permanent=True)
    try:
        return send(url, message_of(notification), delivery.accepted)
    except Exception as error:
        # What one service stumbles over must not keep the others waiting.
        said = without_secrets(f"{type(error).__name__}: {error}", url)
        return Outcome(False, said, delivery.accepted)


def message_of(notification: Notification) -> Message:
    """The message of a notification that is made up."""
    return Message(
        id=notification.id,
        says=notification.says or notification.kind,
        severity=notification.facts.get("severity", "").upper(),
        subject=notification.subject or "",
        text=notification.body_text or "",
        html=notification.body_html or "",
        facts=notification.facts,
    )


def record(
    connection: sqlite3.Connection,
    delivery: Delivery,
    outcome: Outcome,
    settings: DeliverySettings,
    now: datetime,
) -> Delivery:
    """Note what became of an attempt; what failed too often is given up, with its reason."""
    if outcome.taken:
        status: outbox.Status = "sent"
    elif outcome.permanent or delivery.attempts >= settings.attempts:
        status = "dead"
    else:
        status = "failed"
    with transaction(connection):
        connection.execute(
            "UPDATE delivery SET status = ?, next_attempt_at = ?, claimed_by = NULL, "
            "lease_until = NULL, accepted = ?, last_error = ?, sent_at = ? "
            "WHERE notification_id = ? AND channel = ?",
            [
                status,
                stamp(now + wait(delivery.attempts, settings)),
                json.dumps(sorted(outcome.accepted)),
                outcome.error or delivery.last_error,
                stamp(now) if outcome.taken else None,
                delivery.notification_id,
                delivery.channel,
            ],
        )
        _summarize(connection, delivery.notification_id, now)
        row = connection.execute(
            "SELECT * FROM delivery WHERE notification_id = ? AND channel = ?",
            [delivery.notification_id, delivery.channel],
        ).fetchone()
    return outbox.delivery_of(row)


def wait(attempts: int, settings: DeliverySettings) -> timedelta:
    """How long to wait after so many attempts: doubled each time, and not for all at one moment."""
    seconds = settings.first_retry.total_seconds() * 2.0 ** min(attempts - 1, 30)
    longest = settings.longest_retry.total_seconds()
    return timedelta(seconds=min(seconds, longest) * random.uniform(0.8, 1.2))


def _summarize(connection: sqlite3.Connection, notification_id: str, now: datetime) -> None:
    """A notification is sent when all its URLs have it, and dead when one never will."""
    statuses = {each.status for each in outbox.deliveries(connection, notification_id)}
    if statuses == {"sent"}:
        status = "sent"
    elif statuses <= {"sent", "dead"}:
        status = "dead"
    elif "failed" in statuses:
        status = "failed"
    else:
        status = "sending"
    connection.execute(
        "UPDATE notification SET status = ?, sent_at = ? WHERE id = ?",
        [status, stamp(now) if status == "sent" else None, notification_id],
    )
    if statuses == {"dead"}:
        # Nobody has it: who would be told next is told at once.
        connection.execute(
            "UPDATE notification SET due_at = min(due_at, ?) WHERE parent = ? AND step = 1 "
            "AND kind = 'escalation' AND status = 'pending'",
            [stamp(now), notification_id],
        )


def revive(connection: sqlite3.Connection, now: datetime) -> int:
    """Let all that was given up be tried again; returns how many deliveries that are."""
    with transaction(connection):
        cursor = connection.execute(
            "UPDATE delivery SET status = 'pending', attempts = 0, next_attempt_at = ? "
            "WHERE status = 'dead'",
            [stamp(now)],
        )
        connection.execute(
            "UPDATE notification SET status = 'sending' WHERE status = 'dead' "
            "AND id IN (SELECT notification_id FROM delivery WHERE status = 'pending')"
        )
    return cursor.rowcount
