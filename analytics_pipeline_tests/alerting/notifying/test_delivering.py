"""What is due reaches real receivers once."""

from datetime import timedelta
from pathlib import Path

import pytest

from analytics_pipeline.alerting.notifying import outbox
from analytics_pipeline_tests.alerting.notifying.receivers import mailbox, webhook
from analytics_pipeline_tests.alerting.notifying.stories import story


def test_an_incident_and_its_end_are_told_by_mail_and_webhook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receivers = {"oncall": {"url_env": ["HOOK_URL", "MAIL_URL"]}}
    with webhook() as hook, mailbox() as mail, story(tmp_path, receivers=receivers) as told:
        monkeypatch.setenv("HOOK_URL", hook.url("T0KEN/secret"))
        monkeypatch.setenv("MAIL_URL", mail.url("ann@example.org"))
        told.fails(labels={"model": "small"}, runbook="https://runbooks.example.org/x")
        done = told.deliver(seconds=1)
        assert len(done.sent) == 2 and not done.failed
        assert not told.deliver(minutes=1).sent, "it is told once"
        [incident] = told.incidents()
        [posted] = hook.accepted
        [(recipient, message)] = mail.accepted
        print(posted.content["message"], posted.headers, message.as_string())
        assert recipient == "ann@example.org"
        assert message["Subject"] == posted.content["title"]
        assert message["X-Notification-Id"] == posted.identity
        assert message["Message-ID"] == f"<{posted.identity}@aicache-analytics>"
        assert message.get_all("Message-ID") == [message["Message-ID"]]
        assert posted.headers["idempotency-key"] == posted.identity
        assert posted.content["incidents"] == incident.id

        told.now += timedelta(hours=3)
        told.passes()
        told.deliver()
        assert hook.accepted[-1].content["title"] == (
            "[RESOLVED] hit_rate on daily_cache_metrics (model small), 2026-11-26, after 3 h 1 min"
        )
        print(hook.accepted[-1].content["message"])
        assert outbox.counts(told.connection) == {"sent": 2, "pending": 1}
