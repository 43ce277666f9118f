"""Processes that plan and deliver in a loop and are killed at random moments, by a small script.

``python -m analytics_pipeline_tests.alerting.notifying.killed_senders --kills 200`` prints what
came of it as JSON. The receivers are a real web server and a real mail server in a process of
their own, which refuse a part of what comes. Each kill is a fork of this process, which has
imported all there is.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.incidents.incident import Report, Source
from analytics_pipeline.alerting.incidents.store import IncidentStore
from analytics_pipeline.alerting.notifying import sending  # noqa: F401 - before the forks
from analytics_pipeline.alerting.notifying.configuration import NotifyingConfiguration
from analytics_pipeline.alerting.notifying.delivering import deliver_due
from analytics_pipeline.alerting.notifying.schema import SCHEMA
from analytics_pipeline_tests.alerting.notifying.receivers import Apart, receivers_apart
from analytics_pipeline_tests.faults.interruption import in_fork, killed_at_a_moment

CONFIGURATION = NotifyingConfiguration.model_validate(
    {
        "receivers": {
            "both": {"url_env": ["KILLS_HOOK", "KILLS_MAIL"]},
            "errors": {"url_env": "KILLS_ERRORS"},
        },
        "defaults": {"group_wait": "0s", "group_interval": "0s", "repeat_interval": "never"},
        "routes": [
            {"match": {"severity": "error"}, "to": "errors", "continue": True},
            {"to": "both"},
        ],
        "delivery": {"attempts": 50, "first_retry": "1s", "longest_retry": "1s"},
    }
)


def report(state: Path, number: int, *, fails: bool) -> None:
    """What a check found today, under a name of its own."""
    source = Source(rule=f"rule_{number}", asset=f"asset_{number}", group="metrics")
    findings = (Finding(f"Value of {number} is wrong.", value=1.0),) if fails else ()
    with IncidentStore.open(state) as store:
        now = datetime.now(UTC)
        name = f"{number}/{fails}"
        day: date = now.date()
        severity = "ERROR" if number % 2 else "WARN"
        store.apply([Report(name, source, severity, day, now, findings, name)], now)  # type: ignore[arg-type]


def send_until_nothing_is_left(state: Path, seconds: float) -> dict[str, int]:
    """What a daemon does: look again and again."""
    import apprise  # noqa: F401 - so that the time is that of the work

    deadline = time.monotonic() + seconds
    with IncidentStore.open(state, None, SCHEMA) as store:
        while time.monotonic() < deadline:
            deliver_due(store.connection, CONFIGURATION)
            rows = store.connection.execute(
                "SELECT status, count(*) FROM notification GROUP BY status"
            )
            counts = dict(rows.fetchall())
            if set(counts) <= {"sent", "dropped", "dead"} and counts:
                break
            time.sleep(0.01)
        return counts


def run(kills: int, seed: int, folder: Path) -> dict[str, Any]:
    """Let incidents come and go while their senders are killed, and count what arrived."""
    chance = random.Random(seed)
    state = folder / "_state"
    killed = 0
    with receivers_apart(folder, failing=0.2, slow=0.02) as apart:
        os.environ["KILLS_HOOK"] = apart.hook_url("hook")
        os.environ["KILLS_MAIL"] = apart.mail_url("ann@example.org")
        os.environ["KILLS_ERRORS"] = apart.hook_url("errors")
        number = 0
        while killed < kills:
            report(state, number, fails=True)
            if number and chance.random() < 0.5:
                report(state, chance.randrange(number), fails=False)
            number += 1
            killed += killed_at_a_moment(
                lambda: send_until_nothing_is_left(state, 60), chance.uniform(0.2, 0.9)
            )
        counts = in_fork(lambda: send_until_nothing_is_left(state, 120))
        return {"kills": killed, "incidents": number, **_checked(state, apart), "left": counts}


def _checked(state: Path, apart: Apart) -> dict[str, Any]:
    """Compare what the receivers accepted with what the outbox says it sent."""
    names = {"KILLS_HOOK": "hook", "KILLS_MAIL": "ann@example.org", "KILLS_ERRORS": "errors"}
    accepted = Counter((name, identity) for name, identity, _ in apart.accepted())
    with IncidentStore.open(state, None, SCHEMA) as store:
        deliveries = store.connection.execute("SELECT * FROM delivery").fetchall()
        known = {(names[row["channel"]], row["notification_id"]) for row in deliveries}
        sent = {
            (names[row["channel"]], row["notification_id"]): row["attempts"]
            for row in deliveries
            if row["status"] == "sent"
        }
        untold = store.connection.execute(
            "SELECT count(*) FROM incident_event WHERE sequence NOT IN "
            "(SELECT sequence FROM telling UNION SELECT sequence FROM untold)"
        ).fetchone()[0]
    return {
        "sent": len(sent),
        "lost": len(sent.keys() - accepted.keys()),
        "unknown": len(accepted.keys() - known),
        "not finished": len(known - sent.keys()),
        "twice without a second attempt": sum(
            number > sent[key] for key, number in accepted.items() if key in sent
        ),
        "accepted again after a kill, with the same identity": sum(accepted.values())
        - len(accepted),
        "entries without a fate": untold,
    }


def main() -> int:
    """Run the script; 1 where something was lost, or sent twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        summary = run(arguments.kills, arguments.seed, folder)
    print(json.dumps(summary))
    wrong = ("lost", "unknown", "not finished", "twice without a second attempt",
             "entries without a fate")  # fmt: skip
    again = summary["accepted again after a kill, with the same identity"]
    return int(any(summary[name] for name in wrong) or again > summary["kills"])


if __name__ == "__main__":
    sys.exit(main())
