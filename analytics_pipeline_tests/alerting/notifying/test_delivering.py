"""What is due reaches real receivers once, whatever fails and whoever delivers as well."""

import json
import multiprocessing
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.alerting.incidents.store import IncidentStore
from analytics_pipeline.alerting.notifying import outbox, preparing
from analytics_pipeline.alerting.notifying.delivering import claim, deliver_due, revive, wait
from analytics_pipeline.alerting.notifying.entries import DeliverySettings
from analytics_pipeline.alerting.notifying.schema import SCHEMA, stamp
from analytics_pipeline.alerting.notifying.sending import without_secrets
from analytics_pipeline.alerting.notifying.wording import word
from analytics_pipeline_tests.alerting.notifying.receivers import mailbox, webhook
from analytics_pipeline_tests.alerting.notifying.stories import START, Story, story

ONCALL = {"oncall": {"url_env": ["HOOK_URL", "MAIL_URL"]}}


@pytest.fixture
def tale(tmp_path: Path) -> Iterator[Story]:
    with story(tmp_path, receivers=ONCALL) as told:
        yield told


def deliveries(tale: Story) -> dict[str, sqlite3.Row]:
    rows = tale.connection.execute("SELECT * FROM delivery").fetchall()
    return {row["channel"]: row for row in rows}


def test_an_incident_and_its_end_are_told_by_mail_and_webhook(
    tale: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook() as hook, mailbox() as mail:
        monkeypatch.setenv("HOOK_URL", hook.url())
        monkeypatch.setenv("MAIL_URL", mail.url("ann@example.org"))
        tale.fails(labels={"model": "small"}, runbook="https://runbooks.example.org/x")
        assert len(tale.deliver(seconds=1).sent) == 2
        assert not tale.deliver(minutes=1).sent, "it is told once"
        [incident] = tale.incidents()
        [posted] = hook.accepted
        [(recipient, message)] = mail.accepted
        assert recipient == "ann@example.org"
        assert message["Subject"] == posted.content["title"]
        assert message["X-Notification-Id"] == posted.identity
        assert message.get_all("Message-ID") == [f"<{posted.identity}@aicache-analytics>"]
        assert posted.headers["idempotency-key"] == posted.identity
        assert posted.content["incidents"] == incident.id
        page = message.get_body(("html",))
        plain = message.get_body(("plain",))
        assert page and plain
        for text in (posted.content["message"], page.get_content(), plain.get_content()):
            for part in (
                "Hit rate 41% is below 70%.", "0.41", "0.8", "at least 0.7", "2026-11-26",
                "2026-11-27 09:00 UTC", "https://runbooks.example.org/x",
                f"aicache-analytics alerts ack {incident.id}",
            ):  # fmt: skip
                assert part in text
        link = "http://dagster.example/assets/daily_cache_metrics?view=checks&checkDetail=hit_rate"
        assert link in posted.content["message"]

        tale.now += timedelta(hours=3)
        tale.passes()
        tale.deliver()
        assert hook.accepted[-1].content["title"] == (
            "[RESOLVED] hit_rate on daily_cache_metrics (model small), 2026-11-26, after 3 h 1 min"
        )
        assert hook.accepted[-1].content["type"] == "success"
        assert mail.accepted[-1][1]["References"] == message["References"]


def test_a_url_that_fails_is_tried_again_and_the_other_is_not(
    tale: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook(lambda _path, number: 503 if number < 4 else 200) as hook, mailbox() as mail:
        monkeypatch.setenv("HOOK_URL", hook.url("T0PSECRET/path"))
        monkeypatch.setenv("MAIL_URL", mail.url())
        tale.fails()
        waits = []
        for _ in range(3):
            done = tale.deliver(seconds=0 if not waits else waits[-1])
            [failed] = done.failed
            waits.append((failed.next_attempt_at - tale.now).total_seconds() + 0.001)
            assert not tale.deliver().failed, "it is not tried before its time"
        assert 20 < waits[0] < 40 and 40 < waits[1] < 80 and 80 < waits[2] < 160
        row = deliveries(tale)["HOOK_URL"]
        assert "503" in row["last_error"] and "T0PSECRET" not in row["last_error"]
        assert outbox.counts(tale.connection)["failed"] == 1
        tale.deliver(seconds=waits[-1])
        assert len(hook.accepted) == 1 and len(mail.accepted) == 1
        assert outbox.counts(tale.connection)["sent"] == 1


def test_what_is_never_taken_becomes_a_dead_letter_and_can_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HOOK_URL", f"json://127.0.0.1:{unheard.getsockname()[1]}/s3cretpath")
        settings = {"attempts": 3, "first_retry": "1s"}
        with (
            story(tmp_path, receivers={"a": {"url_env": "HOOK_URL"}}, delivery=settings) as tale,
            webhook() as hook,
        ):
            tale.fails()
            for _ in range(5):
                tale.deliver(minutes=1)
            row = deliveries(tale)["HOOK_URL"]
            assert (row["status"], row["attempts"]) == ("dead", 3)
            assert "refused" in row["last_error"] and "s3cret" not in row["last_error"]
            assert [n.kind for n in outbox.notifications(tale.connection, ["dead"])] == ["news"]
            monkeypatch.setenv("HOOK_URL", hook.url())
            assert revive(tale.connection, tale.now) == 1
            tale.deliver()
            assert len(hook.accepted) == 1


def test_a_variable_that_is_not_set_is_a_dead_letter_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOOK_URL", raising=False)
    monkeypatch.setenv("MAIL_URL", "nonsense")
    monkeypatch.setenv("LEAD_URL", "nonsense")
    receivers = {**ONCALL, "lead": {"url_env": "LEAD_URL"}}
    routes = [{"to": "oncall", "escalate": [{"after": "1h", "to": "lead"}]}]
    with story(tmp_path, receivers=receivers, routes=routes) as tale:
        tale.fails()
        assert len(tale.deliver().dead) == 2
        rows = deliveries(tale)
        assert "receiver oncall" in rows["HOOK_URL"]["last_error"]
        assert "HOOK_URL is not set" in rows["HOOK_URL"]["last_error"]
        assert "no URL that Apprise knows" in rows["MAIL_URL"]["last_error"]
        [lead] = tale.deliver().dead
        assert lead.channel == "LEAD_URL", "who is next is told at once where nobody was"


def test_a_receiver_that_is_configured_no_longer_is_a_dead_letter(tale: Story) -> None:
    tale.fails()
    other = tale.configuration.model_copy(update={"receivers": {}})
    deliver_due(tale.connection, tale.configuration, budget_seconds=-1, clock=lambda: START)
    tale.connection.execute("UPDATE notification SET status = 'pending'")
    deliver_due(tale.connection, other, clock=lambda: tale.now)
    [dead] = outbox.notifications(tale.connection, ["dead"])
    assert dead.reason == "the receiver is not configured any longer"


def test_a_recipient_who_has_it_does_not_get_it_again(
    tale: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mailbox() as mail, webhook() as hook:
        monkeypatch.setenv("HOOK_URL", hook.url())
        monkeypatch.setenv("MAIL_URL", mail.url("ann@example.org", "bob@example.org"))
        mail.refused.add("bob@example.org")
        tale.fails()
        assert len(tale.deliver().failed) == 1
        mail.refused.clear()
        assert len(tale.deliver(minutes=1).sent) == 1
        assert [to for to, _ in mail.accepted] == ["ann@example.org", "bob@example.org"]
        assert len({message["Message-ID"] for _, message in mail.accepted}) == 1


def test_what_a_killed_process_was_sending_is_sent_by_the_next(
    tale: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id of a process that has ended is as good as a lease that is over, and sooner."""
    with mailbox() as mail, webhook() as hook:
        monkeypatch.setenv("HOOK_URL", hook.url())
        monkeypatch.setenv("MAIL_URL", mail.url())
        tale.fails()
        tale.now += timedelta(seconds=1)
        deliver_due(tale.connection, tale.configuration, budget_seconds=-1, clock=lambda: tale.now)
        claimed = claim(tale.connection, tale.now)
        assert claimed is not None
        tale.deliver()
        assert len(hook.accepted) + len(mail.accepted) == 1, "what is being sent is left alone"
        with subprocess.Popen([sys.executable, "-c", "pass"]) as ended:
            pass
        gone = f"{socket.gethostname()}/{ended.pid}/0.0"
        tale.connection.execute(
            "UPDATE delivery SET claimed_by = ? WHERE status = 'sending'", [gone]
        )
        tale.deliver()
        assert len(hook.accepted) + len(mail.accepted) == 2
        tale.connection.execute(
            "UPDATE delivery SET status = 'sending', claimed_by = 'elsewhere/1/1.0', "
            "lease_until = ?", [stamp(tale.now + timedelta(minutes=1))],
        )  # fmt: skip
        assert not tale.deliver().sent
        assert len(tale.deliver(minutes=1).sent) == 2


def _deliver_until(state: Path, configuration: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    with IncidentStore.open(state, None, SCHEMA) as store:
        while time.monotonic() < end:
            deliver_due(store.connection, configuration)


def test_several_processes_at_once_send_each_message_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        hook = stack.enter_context(webhook())
        monkeypatch.setenv("HOOK_URL", hook.url())
        tale = stack.enter_context(story(tmp_path, receivers={"a": {"url_env": "HOOK_URL"}}))
        fresh = multiprocessing.get_context("spawn")
        processes = [
            fresh.Process(target=_deliver_until, args=(tmp_path, tale.configuration, 4))
            for _ in range(2)
        ]
        for process in processes:
            process.start()
        for number in range(30):
            tale.now = datetime.now(UTC)
            tale.fails(rule=f"rule_{number}", asset=f"asset_{number}", day=tale.now.date())
            time.sleep(0.1)
        for process in processes:
            process.join()
            assert process.exitcode == 0
        _deliver_until(tmp_path, tale.configuration, 1)
        assert len(hook.accepted) == 30
        assert set(hook.identities().values()) == {1}


def test_killed_at_random_moments_nothing_is_lost_or_sent_twice(tmp_path: Path) -> None:
    """A small run of the script that kills hundreds of senders."""
    module = "analytics_pipeline_tests.alerting.notifying.killed_senders"
    done = subprocess.run(
        [sys.executable, "-m", module, "--kills", "5", "--seed", "3"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["kills"] >= 5 and summary["sent"] > summary["incidents"]


def test_a_process_killed_within_a_transaction_leaves_nothing_half_done(tmp_path: Path) -> None:
    with story(tmp_path, receivers=ONCALL) as tale:
        tale.fails()
        child = os.fork()
        if not child:
            with IncidentStore.open(tmp_path, None, SCHEMA) as store:
                store.connection.execute("BEGIN IMMEDIATE")
                store.connection.execute("INSERT INTO planned VALUES (1, 99)")
                os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(child, 0)
        assert outbox.position(tale.connection) == 0


@pytest.mark.parametrize(
    ("text", "url", "shown"),
    [
        ("no route to /services/T1SECRET/B2SECRET", "slack://T1SECRET/B2SECRET/x",
         "no route to /services/T1SECRET/…"),
        ("login of ann with pa/ss0 at mail", "mailto://ann:pa%2Fss0@mail.example.org",
         "login of ann with … at mail"),
        ("two\r\nlines", "json://localhost", "two lines"),
    ],
)  # fmt: skip
def test_what_is_noted_of_a_failure_has_no_secret(text: str, url: str, shown: str) -> None:
    assert without_secrets(text, url) == shown


def test_a_message_that_cannot_be_worded_holds_no_other_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def word_or_fail(notification: Any, items: Any, *rest: Any) -> Any:
        if items[0].incident.source.rule == "unspeakable":
            raise KeyError("a placeholder")
        return word(notification, items, *rest)

    monkeypatch.setattr(preparing, "word", word_or_fail)
    with webhook() as hook, story(tmp_path, receivers={"a": {"url_env": "HOOK_URL"}}) as tale:
        monkeypatch.setenv("HOOK_URL", hook.url())
        for rule in ("unspeakable", "plain"):
            tale.fails(rule=rule, asset=rule)
        tale.deliver(seconds=1)
        assert [posted.content["title"][:16] for posted in hook.accepted] == ["[ERROR] plain on"]
        [dead] = outbox.notifications(tale.connection, ["dead"])
        assert "cannot be worded: KeyError" in (dead.reason or "")


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 30), (2, 60), (5, 480), (40, 3600)])
def test_the_wait_doubles_to_its_limit(attempts: int, seconds: float) -> None:
    waited = wait(attempts, DeliverySettings()).total_seconds()
    assert 0.8 * seconds <= waited <= 1.2 * seconds
