"""The real daemon, killed at random moments while files are dropped and alerts go out.

``python -m analytics_pipeline_tests.alerting.delivery_kills --kills 20`` prints what came of it as
JSON. The receivers are a real web server and a real mail server in a process of their own.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from analytics_pipeline.alerting.ended_runs import ended_since, position_of
from analytics_pipeline.alerting.incidents.incident import Incident
from analytics_pipeline.alerting.incidents.store import IncidentStore
from analytics_pipeline.alerting.rounds import SCHEMAS
from analytics_pipeline.alerting.store import FILE_NAME
from analytics_pipeline.ingestion.pending_updates import PendingUpdates
from analytics_pipeline.ingestion.updates import UNFINISHED
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import read_settings, today
from analytics_pipeline_tests.alerting.notifying.receivers import Apart, receivers_apart
from analytics_pipeline_tests.dagster_server import ROOT, wait_for
from analytics_pipeline_tests.sql_folders import with_few_data_tests
from analytics_pipeline_tests.workspace import query_event

HOOK, MAIL, RECIPIENT = "KILLS_HOOK_URL", "KILLS_MAIL_URL", "ann@example.org"
PATIENCE_SECONDS = 600
# What is found a third time is flapping, and stays open: then another model has its turn.
DROPS_OF_A_MODEL = 4
RULE = "hit_rate_of_model"
# Only what the files below bring about: which other rules they violate is not the question.
ALERTS = f"""
rules:
  - name: {RULE}
    kind: threshold
    description: Every model has hits.
    metric: daily_cache_metrics_by_slice.hit_rate
    slices: model
    below: 0.5
receivers: {{oncall: {{url_env: [{HOOK}, {MAIL}]}}}}
defaults: {{group_wait: 1s, group_interval: 1s, repeat_interval: never}}
delivery: {{attempts: 20, first_retry: 1s, longest_retry: 1s}}
routes:
  - {{match: "rule = {RULE}", to: oncall}}
  - {{match: "rule =~ .*", to: []}}
"""


@dataclass(frozen=True)
class Installation:
    """A landing zone, a lake and a Dagster home, with receivers."""

    root: Path
    apart: Apart

    @property
    def environment(self) -> dict[str, str]:
        """What a daemon needs to know."""
        return {
            **os.environ,
            "DAGSTER_HOME": str(self.root / "home"),
            "AICACHE_LANDING_ZONE": str(self.root / "landing"),
            "AICACHE_LAKE": str(self.root / "lake"),
            "AICACHE_INGESTION__SETTLE_SECONDS": "0",
            "AICACHE_INGESTION__SENSOR_INTERVAL_SECONDS": "1",
            "AICACHE_ALERTING__SENSOR_INTERVAL_SECONDS": "1",
            "AICACHE_ALERTING__FILE": str(self.root / "alerts.yml"),
            "AICACHE_SQL_DIR": str(self.root / "sql"),
            HOOK: self.apart.hook_url("hook"),
            MAIL: self.apart.mail_url(RECIPIENT),
        }

    def prepare(self) -> None:
        """Lay out the folders."""
        for name in ("landing", "home"):
            (self.root / name).mkdir(parents=True)
        (self.root / "alerts.yml").write_text(ALERTS)
        with_few_data_tests(self.root / "sql")
        shutil.copyfile(ROOT / "dagster.yaml", self.root / "home" / "dagster.yaml")

    def drop(self, day: date, models: int, bad: str | None) -> None:
        """Put the file of a day into the landing zone, in the place of what it was.

        It has ten queries of each model, all of them hits but those of the bad one.
        """
        events = [
            query_event(timestamp=f"{day}T00:00:{number:02}Z", model=name, cache_hit=name != bad,
                        event_id=f"{day}/{name}/{number}")
            for name in map(model, range(models))
            for number in range(10)
        ]  # fmt: skip
        staged = self.root / f"{day}.jsonl"
        staged.write_text("".join(json.dumps(event) + "\n" for event in events))
        staged.replace(self.root / "landing" / staged.name)

    @contextmanager
    def daemon(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Run the daemon until the block ends, in one group with all that it starts."""
        command = [str(Path(sys.executable).with_name("dagster-daemon")), "run",
                   "--module-name", "analytics_pipeline.definitions"]  # fmt: skip
        with (self.root / "daemon.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            try:
                yield process
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @property
    def lake(self) -> Lake:
        """The lake that the daemon writes."""
        return Lake.of(read_settings(lake=self.root / "lake"))

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The instance of the daemon."""
        with dg.DagsterInstance.from_config(str(self.root / "home")) as instance:
            yield instance

    @contextmanager
    def store(self) -> Iterator[IncidentStore]:
        """The incidents and what was told of them."""
        with IncidentStore.open(self.lake.state, None, *SCHEMAS) as store:
            yield store

    def is_settled(self) -> bool:
        """Whether nothing is left to do: no file, no run, no incident and no message."""
        try:
            return self._nothing_awaits() and self._all_is_told()
        except sqlite3.OperationalError:
            return False

    def _nothing_awaits(self) -> bool:
        with PendingUpdates.open(self.lake.state) as pending, self.instance() as instance:
            if pending.awaiting_update() or instance.get_runs_count(
                dg.RunsFilter(statuses=list(UNFINISHED))
            ):
                return False
            with self.store() as store:
                position = position_of(store.connection, instance, datetime.now(UTC))
            return not ended_since(instance, position)

    def _all_is_told(self) -> bool:
        with self.store() as store:
            unplanned, unsent = store.connection.execute(
                "SELECT (SELECT coalesce(max(sequence), 0) FROM incident_event) "
                "- (SELECT coalesce(max(position), 0) FROM planned), (SELECT count(*) "
                "FROM notification WHERE status NOT IN ('sent', 'dropped', 'dead'))"
            ).fetchone()
        return unplanned == 0 and unsent == 0

    def incidents(self) -> list[Incident]:
        """The incidents that were to be told."""
        if not (self.lake.state / FILE_NAME).exists():
            return []
        with self.store() as store:
            return store.incidents(rule=RULE, recorded_only=False)

    def is_open(self, name: str) -> bool:
        """Whether an incident of a model is under way, as far as is recorded."""
        found = [each for each in self.incidents() if each.labels["model"] == name]
        return any(each.is_active for each in found)

    def is_over(self) -> bool:
        """Whether no incident is under way."""
        return not any(each.is_active for each in self.incidents())

    def wait_for_news(self) -> None:
        """Wait until something becomes of an incident."""
        known = self._last_entry()
        wait_for(lambda: self._last_entry() > known, "an incident", PATIENCE_SECONDS, pause=0.02)

    def _last_entry(self) -> int:
        if not (self.lake.state / FILE_NAME).exists():
            return 0
        with self.store() as store:
            row = store.connection.execute("SELECT max(sequence) FROM incident_event").fetchone()
        return int(row[0] or 0)

    def accepted(self) -> Mapping[tuple[str, str], int]:
        """How often each receiver accepted each message, by its identity."""
        return Counter((receiver, identity) for receiver, identity, _ in self.apart.accepted())

    def subjects(self) -> list[str]:
        """The subjects that the web server accepted, each message once."""
        found = {identity: subject for name, identity, subject in self.apart.accepted()
                 if name == "hook"}  # fmt: skip
        return list(found.values())


def model(number: int) -> str:
    """The name of a model."""
    return f"model-{number}"


def run(kills: int, seed: int, root: Path) -> dict[str, Any]:
    """Let a day turn bad and good again while the daemon is killed, and count what arrived."""
    chance = random.Random(seed)
    day = today() - timedelta(days=1)
    with receivers_apart(root, failing=0.1, slow=0.1) as apart:
        installation = Installation(root / "installation", apart)
        installation.prepare()
        for number in range(kills):
            turn = number // DROPS_OF_A_MODEL
            # The last file may not have been read: what was recorded says what would be news.
            bad = None if installation.is_open(model(turn)) else model(turn)
            installation.drop(day, turn + 1, bad)
            with installation.daemon() as daemon:
                # Most kills come while something is being told.
                if number == 0 or chance.random() < 0.7:
                    installation.wait_for_news()
                    time.sleep(chance.uniform(0, 0.5))
                else:
                    time.sleep(chance.uniform(5, 40))
                assert daemon.poll() is None, (installation.root / "daemon.log").read_text()
        with installation.daemon():
            wait_for(installation.is_settled, "the end of all work", PATIENCE_SECONDS)
            installation.drop(day, kills // DROPS_OF_A_MODEL + 1, None)
            wait_for(installation.is_over, "the end of all incidents", PATIENCE_SECONDS)
            wait_for(lambda: _is_told_last(installation, "[RESOLVED]"), "the end", PATIENCE_SECONDS)
            wait_for(installation.is_settled, "the end of all work", PATIENCE_SECONDS)
        return {"kills": kills, **_checked(installation)}


def _is_told_last(installation: Installation, beginning: str) -> bool:
    return any(subject.startswith(beginning) for subject in installation.subjects()[-1:])


def _checked(installation: Installation) -> dict[str, Any]:
    accepted = installation.accepted()
    names = {HOOK: "hook", MAIL: RECIPIENT}
    with installation.store() as store:
        rows = store.connection.execute("SELECT * FROM delivery").fetchall()
    attempts = {(names[row["channel"]], row["notification_id"]): row["attempts"] for row in rows}
    told = Counter(subject.partition("]")[0] for subject in installation.subjects())
    return {
        "incidents": [
            f"{each.source.rule} {each.labels} {each.first_date} {each.status}"
            for each in installation.incidents()
        ],
        "subjects": installation.subjects(),
        "deliveries": len(attempts),
        "not sent": sum(row["status"] != "sent" for row in rows),
        "lost": len(attempts.keys() - accepted.keys()),
        "unknown": len(accepted.keys() - attempts.keys()),
        "twice without a second attempt": sum(
            number > attempts.get(key, 0) for key, number in accepted.items()
        ),
        "accepted again, with the same identity": sum(accepted.values()) - len(accepted),
        "told": dict(told),
    }


def main() -> int:
    """Run the script; 1 where something was lost, or sent twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        summary = run(arguments.kills, arguments.seed, Path(root))
    print(json.dumps(summary))
    wrong = ("not sent", "lost", "unknown", "twice without a second attempt")
    again = summary["accepted again, with the same identity"]
    return int(any(summary[name] for name in wrong) or again > summary["kills"])


if __name__ == "__main__":
    sys.exit(main())
