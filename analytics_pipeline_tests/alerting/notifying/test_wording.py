"""The words of messages."""

from datetime import timedelta

from analytics_pipeline.alerting.notifying.deciding import Item
from analytics_pipeline.alerting.notifying.outbox import Notification
from analytics_pipeline.alerting.notifying.routing import all_routes
from analytics_pipeline.alerting.notifying.wording import SHOWN_AT_MOST, Message, word
from analytics_pipeline_tests.alerting.notifying.stories import START, an_incident, configured

STEPS = [{"after": "90m", "to": "a"}]
CONFIGURATION = configured(
    receivers={"a": {"url_env": "A"}}, routes=[{"name": "r", "to": "a", "escalate": STEPS}]
)
ROUTE = all_routes(CONFIGURATION)["r"]


def a_notification(kind: str = "news", step: int = 0) -> Notification:
    return Notification(
        "n1", "a", "r", "g", kind, None, step, None, True, START, START, "pending", None,  # type: ignore[arg-type]
        None, None, None, {}, None,
    )  # fmt: skip


def worded(*items: Item, kind: str = "news", step: int = 0, explains: int = 0) -> Message:
    explained = {item.incident.id: explains for item in items}
    later = START + timedelta(hours=26, minutes=5)
    return word(a_notification(kind, step), items, explained, ROUTE, "https://ui.example/", later)


def test_a_message_tells_what_where_since_when_how_much_and_what_to_do() -> None:
    incident = an_incident(
        labels={"model": "small", "team": "search"}, value=0.41, expected=0.8, lower=0.7,
        occurrences=3,
    )  # fmt: skip
    message = worded(Item(incident, "firing", frozenset({"opened"})), explains=2)
    assert message.subject == (
        "[ERROR] hit_rate on daily_cache_metrics (model small, team search), 2026-11-26, "
        "since 2026-11-27 09:00 UTC"
    )
    assert message.text == (
        "[ERROR] hit_rate on daily_cache_metrics (model small, team search)\n"
        "Hit rate 41% is below 70%.\n"
        "Value: 0.41, expected: 0.8, allowed: at least 0.7\n"
        "Event date: 2026-11-26\n"
        "Since: 2026-11-27 09:00 UTC, found 3 times\n"
        "It explains 2 further incidents, which are not told.\n"
        "Promise: The cache answers most queries.\n"
        "Owner: team:cache, team cache\n"
        "Runbook: https://runbooks.example.org/hit-rate\n"
        "Check: https://ui.example/assets/daily_cache_metrics?view=checks&checkDetail=hit_rate\n"
        "Acknowledge: aicache-analytics alerts ack abc-20261126\n"
        "\n"
        "Notification n1\n"
    )


def test_an_end_tells_how_long_it_lasted() -> None:
    incident = an_incident(status="resolved", resolved_at=START + timedelta(days=1, hours=2))
    message = worded(Item(incident, "resolved", frozenset({"resolved"})))
    assert message.subject == (
        "[RESOLVED] hit_rate on daily_cache_metrics, 2026-11-26, after 1 d 2 h"
    )
    assert "It lasted 1 d 2 h, from 2026-11-27 09:00 UTC to 2026-11-28 11:00 UTC." in message.text


def test_an_escalation_tells_for_how_long_nobody_was_at_it() -> None:
    incident = Item(an_incident(), "firing", frozenset({"opened"}))
    message = worded(incident, kind="escalation", step=1)
    assert message.subject.startswith("[ERROR, not acknowledged for 1 h 30 min] hit_rate on")
    assert message.text.startswith("Nobody has acknowledged this for 1 h 30 min.\n\n[ERROR]")


def test_of_many_the_first_are_told_and_the_rest_counted() -> None:
    items = [
        Item(an_incident(id=str(number), severity="WARN"), "firing", frozenset({"opened"}))
        for number in range(SHOWN_AT_MOST + 5)
    ]
    message = worded(*items)
    assert message.subject.startswith("[WARN] 25 incidents: daily_cache_metrics, since")
    assert message.text.count("alerts ack") == SHOWN_AT_MOST
    assert "And 5 more: aicache-analytics alerts list" in message.text
    assert len(message.facts["incidents"].split(",")) == 25


def test_a_failed_job_and_a_runbook_that_is_no_address_are_told() -> None:
    incident = an_incident(asset="", rule="daily_update", runbook="docs/alerts.md#rule-failed_run")
    message = worded(Item(incident, "firing", frozenset({"opened"})))
    assert message.subject.startswith("[ERROR] daily_update, 2026-11-26, since")
    assert "Check: https://ui.example/runs" in message.text
    assert "docs/alerts.md#rule-failed_run</td>" in message.html
