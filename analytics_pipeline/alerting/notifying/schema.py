"""The tables of what is to be told and what was, in the SQLite file of alerting."""

from datetime import UTC, datetime

SCHEMA = """
CREATE TABLE IF NOT EXISTS notification (
    id TEXT PRIMARY KEY,
    receiver TEXT NOT NULL,
    route TEXT NOT NULL,
    group_key TEXT NOT NULL,
    kind TEXT NOT NULL,                -- news, digest, escalation or reminder
    says TEXT,                         -- what it says: opened, worsened, flapping, resolved, …
    step INTEGER NOT NULL DEFAULT 0,   -- which escalation or reminder it is, from 1
    parent TEXT,                       -- the notification that it escalates or repeats
    takes INTEGER NOT NULL,            -- whether further entries join it until it is due
    created_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    status TEXT NOT NULL,              -- pending, sending, failed, sent, dead or dropped
    reason TEXT,                       -- why it was dropped
    subject TEXT,
    body_text TEXT,
    body_html TEXT,
    facts TEXT,                        -- JSON of what a webhook gets beside the text
    sent_at TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS notification_due ON notification (status, due_at);
CREATE INDEX IF NOT EXISTS notification_group ON notification (receiver, route, group_key);

-- Which entries of the history of incidents a notification tells of, or why it leaves one out.
CREATE TABLE IF NOT EXISTS telling (
    notification_id TEXT NOT NULL REFERENCES notification (id),
    sequence INTEGER NOT NULL,
    incident_id TEXT NOT NULL,
    change TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (notification_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS telling_incident ON telling (incident_id);

-- Entries that nobody is told of.
CREATE TABLE IF NOT EXISTS untold (
    sequence INTEGER PRIMARY KEY,
    incident_id TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS untold_incident ON untold (incident_id);

-- What a receiver was told last of an incident: that it is there, or that it is over.
CREATE TABLE IF NOT EXISTS told (
    receiver TEXT NOT NULL,
    incident_id TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (receiver, incident_id)
) STRICT, WITHOUT ROWID;

-- One for each URL of the receiver: each is sent to once.
CREATE TABLE IF NOT EXISTS delivery (
    notification_id TEXT NOT NULL REFERENCES notification (id),
    channel TEXT NOT NULL,             -- the environment variable that holds the URL
    status TEXT NOT NULL,              -- pending, sending, failed, sent or dead
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT NOT NULL,
    claimed_by TEXT,                   -- the process that is sending it
    lease_until TEXT,
    accepted TEXT NOT NULL DEFAULT '[]',   -- recipients of the URL that have it already
    last_error TEXT,
    sent_at TEXT,
    PRIMARY KEY (notification_id, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (status, next_attempt_at);

-- The sequence up to which the entries of history are planned.
CREATE TABLE IF NOT EXISTS planned (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL
) STRICT;
"""


def stamp(moment: datetime) -> str:
    """A moment as the tables have it, which sorts as it passes."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment_of(written: str) -> datetime:
    """The moment of a stamp."""
    return datetime.fromisoformat(written)
