"""Stories of incidents, and what their receivers are told, through a real web server."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.notifying import outbox
from analytics_pipeline_tests.alerting.notifying.receivers import Webhook, webhook
from analytics_pipeline_tests.alerting.notifying.stories import Story, story

NAMES = ("team", "oncall", "lead")


@pytest.fixture(scope="module")
def hook() -> Iterator[Webhook]:
    with webhook() as server:
        yield server


@pytest.fixture
def tell(hook: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Begin a story whose receivers are paths of the web server."""
    hook.accepted.clear()
    opened = []
    for name in NAMES:
        monkeypatch.setenv(f"{name.upper()}_URL", hook.url(name))

    def begin(**configuration: Any) -> Story:
        receivers = {
            name: {"url_env": f"{name.upper()}_URL", **configuration.pop(name, {})}
            for name in NAMES
        }
        context = story(tmp_path, receivers=receivers, **configuration)
        opened.append(context)
        return context.__enter__()

    yield begin
    for context in opened:
        context.__exit__(None, None, None)


def told(hook: Webhook, receiver: str | None = None) -> list[str]:
    """The subjects that a receiver got, or all with their receiver, and forget them."""
    found = [
        posted.content["title"] if receiver else f"{posted.path[1:]}: {posted.content['title']}"
        for posted in hook.accepted
        if receiver in (None, posted.path[1:])
    ]
    hook.accepted.clear()
    return found


def reasons(tale: Story) -> set[str]:
    rows = tale.connection.execute(
        "SELECT reason FROM telling WHERE reason IS NOT NULL UNION SELECT reason FROM untold"
    )
    return {row[0] for row in rows}


ONE = "hit_rate on daily_cache_metrics, 2026-11-26"


def test_escalation_until_somebody_acknowledges(hook: Webhook, tell: Any) -> None:
    tale = tell(
        routes=[{"to": "oncall", "escalate": [
            {"after": "30m", "to": "team"}, {"after": "1h", "to": "lead"}]}]
    )  # fmt: skip
    tale.fails()
    tale.deliver(seconds=1)
    assert told(hook) == [f"oncall: [ERROR] {ONE}, since 2026-11-27 09:00 UTC"]
    tale.deliver(minutes=29)
    assert told(hook) == []
    tale.deliver(minutes=1)
    assert told(hook) == [
        f"team: [ERROR, not acknowledged for 30 min] {ONE}, since 2026-11-27 09:00 UTC"
    ]
    [incident] = tale.incidents()
    tale.store.acknowledge(incident.id, "ann", now=tale.now)
    tale.deliver(hours=2)
    assert told(hook) == []
    assert "acknowledged by ann" in reasons(tale)
    tale.passes()
    tale.deliver(minutes=1)
    assert sorted(line.partition(":")[0] for line in told(hook)) == ["oncall", "team"]


@pytest.mark.parametrize("end", ["resolved", "silenced"])
def test_escalation_ends_with_the_incident(hook: Webhook, tell: Any, end: str) -> None:
    tale = tell(routes=[{"to": "oncall", "escalate": [{"after": "30m", "to": "lead"}]}])
    tale.fails()
    tale.deliver(seconds=1)
    told(hook)
    if end == "resolved":
        tale.passes()
    else:
        tale.store.silence(["rule = hit_rate"], tale.now + timedelta(hours=2), "ann", now=tale.now)
    tale.deliver(minutes=31)
    assert told(hook, "lead") == []
    tale.deliver(hours=2)
    assert bool(told(hook, "oncall")) is (end == "silenced"), "it is told again after the silence"


def test_one_outage_is_one_message(hook: Webhook, tell: Any) -> None:
    tale = tell(defaults={"to": "oncall", "group_wait": "1m"})
    tale.fails("No events.", rule="missing_data", asset="validated_events", group="ingestion")
    upstream = frozenset({"validated_events"})
    for number in range(40):
        tale.fails(rule=f"rule_{number}", asset=f"mart_{number}", upstream=upstream)
    tale.deliver(minutes=2)
    assert told(hook) == [
        "oncall: [ERROR] missing_data on validated_events, 2026-11-26, since 2026-11-27 09:00 UTC"
    ]
    [message] = outbox.notifications(tale.connection, ["sent"])
    assert "It explains 40 further incidents, which are not told." in (message.body_text or "")


def test_a_group_is_one_message_with_the_worst_first(hook: Webhook, tell: Any) -> None:
    tale = tell(defaults={"to": "oncall", "group_wait": "1m"})
    tale.fails("Slow.", rule="response_time", severity="WARN")
    tale.fails()
    tale.deliver(minutes=2)
    assert told(hook) == [
        "oncall: [ERROR] 2 incidents: daily_cache_metrics, since 2026-11-27 09:00 UTC"
    ]
    [message] = outbox.notifications(tale.connection, ["sent"])
    text = message.body_text or ""
    assert text.index("[ERROR] hit_rate") < text.index("[WARN] response_time")


def test_at_night_warnings_wait_and_errors_wake(hook: Webhook, tell: Any) -> None:
    tale = tell(
        time_intervals={"nights": {"times": "22:00-07:00", "zone": "Europe/Berlin"}},
        oncall={"quiet_hours": {"during": "nights", "except": ["error"]}},
        defaults={"to": "oncall"},
    )
    tale.now = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)  # 00:30; the clock goes back at 03:00
    tale.fails(rule="slow", severity="WARN", day=date(2026, 10, 24))
    tale.deliver(minutes=1)
    assert told(hook) == []
    tale.fails(rule="down", asset="other", severity="ERROR", day=date(2026, 10, 24))
    tale.deliver(minutes=1)
    assert [line[:20] for line in told(hook)] == ["oncall: [ERROR] down"]
    tale.now = datetime(2026, 10, 25, 5, 59, tzinfo=UTC)
    tale.deliver()
    assert told(hook) == []
    tale.deliver(minutes=1)
    assert [line[:19] for line in told(hook)] == ["oncall: [WARN] slow"]


def test_what_ends_before_the_morning_wakes_nobody_then(hook: Webhook, tell: Any) -> None:
    tale = tell(
        time_intervals={"nights": {"times": "22:00-07:00"}},
        defaults={"to": "oncall", "quiet_hours": "nights"},
    )
    tale.now = datetime(2026, 11, 26, 23, tzinfo=UTC)
    tale.fails()
    tale.deliver(hours=1)
    tale.passes()
    tale.deliver(hours=9)
    assert told(hook) == []
    assert "it was resolved before it was told" in reasons(tale)


def test_a_bad_day_is_told_although_the_next_one_of_the_same_run_is_well(
    hook: Webhook, tell: Any
) -> None:
    tale = tell(defaults={"to": "oncall", "group_wait": "1m"})
    tale.fails(day=date(2026, 11, 25))
    tale.passes(day=date(2026, 11, 26))
    tale.deliver(minutes=2)
    [subject] = told(hook)
    assert subject.startswith("oncall: [RESOLVED] hit_rate on daily_cache_metrics")
    tale.deliver(hours=9)
    assert told(hook) == []


def test_a_day_that_was_mended_at_once_is_not_told(hook: Webhook, tell: Any) -> None:
    tale = tell(defaults={"to": "oncall", "group_wait": "1m"})
    tale.fails(day=date(2026, 11, 26))
    tale.passes(day=date(2026, 11, 26))
    tale.deliver(hours=1)
    assert told(hook) == []
    assert "it was resolved before it was told" in reasons(tale)


def test_warnings_are_told_once_a_day(hook: Webhook, tell: Any) -> None:
    tale = tell(
        routes=[
            {"match": {"severity": "warn"}, "to": "team",
             "digest": {"at": "08:00", "zone": "Europe/Berlin"}},
            {"to": "oncall"},
        ]
    )  # fmt: skip
    for number in range(3):
        tale.fails(f"Slice {number} is slow.", rule=f"slow_{number}", severity="WARN")
        tale.deliver(hours=1)
    tale.passes(rule="slow_1", severity="WARN")
    tale.deliver(hours=1)
    assert told(hook) == []
    tale.now = datetime(2026, 11, 28, 7, 0, 1, tzinfo=UTC)
    tale.deliver()
    assert told(hook) == ["team: [DIGEST] 3 incidents, 2 not resolved: daily_cache_metrics"]
    tale.deliver(days=1)
    assert told(hook) == []


def test_in_maintenance_nobody_is_told_and_what_is_open_after_is(hook: Webhook, tell: Any) -> None:
    tale = tell(
        defaults={"to": "oncall"},
        maintenance=[
            {"name": "migration", "match": {"group": "metrics"},
             "from": "2026-11-27T08:00:00+00:00", "to": "2026-11-27T12:00:00+00:00"},
            {"name": "load test", "event_dates": "2026-11-20/2026-11-25"},
        ],
    )  # fmt: skip
    tale.fails(rule="passing")
    tale.fails(rule="staying")
    tale.fails(rule="elsewhere", asset="raw_events", group="ingestion", severity="WARN")
    tale.fails(rule="tested", asset="raw_events", group="ingestion", day=date(2026, 11, 25))
    tale.deliver(minutes=1)
    assert [line.partition(" on ")[0] for line in told(hook)] == ["oncall: [WARN] elsewhere"]
    tale.passes(rule="passing")
    tale.deliver(minutes=100)
    assert told(hook) == []
    tale.now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    tale.deliver()
    assert [line.partition(" on ")[0] for line in told(hook)] == ["oncall: [ERROR] staying"]
    assert "maintenance of its event date: load test" in reasons(tale)


def test_reminders_until_it_is_acknowledged(hook: Webhook, tell: Any) -> None:
    tale = tell(defaults={"to": "oncall", "repeat_interval": "4h"})
    tale.fails()
    tale.deliver(seconds=1)
    tale.fails(rule="other")
    tale.deliver(hours=1)
    told(hook)
    tale.deliver(hours=4)
    assert told(hook) == [
        "oncall: [ERROR, reminder 1] 2 incidents: daily_cache_metrics, since 2026-11-27 09:00 UTC"
    ]
    tale.deliver(hours=4)
    assert [line[:27] for line in told(hook)] == ["oncall: [ERROR, reminder 2]"]
    for incident in tale.incidents():
        tale.store.acknowledge(incident.id, "ann", now=tale.now)
    tale.deliver(hours=9)
    assert told(hook) == []


def test_flapping_is_told_once(hook: Webhook, tell: Any) -> None:
    tale = tell(defaults={"to": "oncall", "repeat_interval": "never"})
    days = [date(2026, 11, 20) + timedelta(days=step) for step in range(8)]
    for step, day in enumerate(days):
        tale.now = datetime(day.year, day.month, day.day, 1, tzinfo=UTC) + timedelta(days=1)
        (tale.fails if step % 2 == 0 else tale.passes)(day=day)
        tale.deliver(minutes=1)
    subjects = told(hook)
    assert sum("flapping" in subject for subject in subjects) == 1
    assert len(subjects) <= 5


def test_a_worse_incident_is_told_by_the_route_of_its_severity(hook: Webhook, tell: Any) -> None:
    tale = tell(routes=[{"match": {"severity": "error"}, "to": "oncall"}, {"to": "team"}])
    tale.fails(severity="WARN")
    tale.deliver(minutes=1)
    assert [line.partition(":")[0] for line in told(hook)] == ["team"]
    tale.fails(severity="ERROR", day=date(2026, 11, 27))
    tale.deliver(minutes=1)
    [line] = told(hook)
    assert line.startswith("oncall: [ERROR, worse]")


def test_nobody_configured_is_recorded(tell: Any, tmp_path: Path) -> None:
    with story(tmp_path / "other") as tale:
        tale.fails()
        assert not tale.deliver(minutes=1).sent
        assert reasons(tale) == {"no receiver is configured"}


def test_a_backfill_of_last_year_wakes_nobody(hook: Webhook, tell: Any) -> None:
    tale = tell(defaults={"to": "oncall"})
    tale.fails(day=date(2025, 11, 26))
    tale.deliver(minutes=1)
    assert told(hook) == []
    assert reasons(tale) == {"recorded only: it concerns dates too far back"}


ATTACKS = [
    "<script>alert(1)</script>", "[x](http://evil.example)", "<http://evil.example|click>",
    "<!channel> @everyone", "a\r\nBcc: victim@example.org\r\n\r\nbody", "\u202ereversed\u2028line",
    "{{ 7 * 7 }}", "=cmd|' /C calc'!A0",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_from_logs_stays_text(hook: Webhook, tell: Any, attack: str) -> None:
    tale = tell(defaults={"to": "oncall"})
    tale.report(Finding(f"New error: {attack}", {"template": attack}, 1.0))
    tale.deliver(minutes=1)
    [message] = outbox.notifications(tale.connection, ["sent"])
    assert message.subject and message.body_text and message.body_html
    assert not set(message.subject) & set("\r\n\u2028\u202e\x00")
    for text in (message.subject, message.body_text, message.body_html):
        assert "://evil" not in text
        assert "@everyone" not in text
        assert "<!channel" not in text
    assert "<script" not in message.body_html and "49" not in message.subject
    assert "\nBcc:" not in message.body_text


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fails", "passes", "ack", "silence", "wait"]),
        st.integers(0, 3),
        st.sampled_from(["WARN", "ERROR"]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=12,
)
DAYS = [date(2026, 11, 24) + timedelta(days=number) for number in range(4)]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, delivered=st.lists(st.booleans(), min_size=12, max_size=12))
def test_whatever_happens_nothing_is_passed_over_or_told_twice(
    hook: Webhook, tmp_path_factory: pytest.TempPathFactory, steps: Any, delivered: list[bool]
) -> None:
    """In any order of failures, ends, people and deliveries, with real messages."""
    hook.accepted.clear()
    os.environ.update({f"{name.upper()}_URL": hook.url(name) for name in NAMES})
    configuration = {
        "receivers": {name: {"url_env": f"{name.upper()}_URL"} for name in NAMES},
        "defaults": {"repeat_interval": "never"},
        "routes": [
            {"match": {"severity": "error"}, "to": "oncall",
             "escalate": [{"after": "1h", "to": "lead"}]},
            {"to": "team", "group_wait": "10m"},
        ],
    }  # fmt: skip
    with story(tmp_path_factory.mktemp("story"), **configuration) as tale:
        for (what, number, severity, day), deliver in zip(steps, delivered, strict=False):
            _happens(tale, what, number, severity, DAYS[day])
            if deliver:
                tale.deliver(minutes=7)
        tale.deliver(hours=8)
        tale.deliver(hours=2)
        assert set(hook.identities().values()) <= {1}
        told = set(tale.connection.execute("SELECT sequence FROM telling").fetchall())
        untold = set(tale.connection.execute("SELECT sequence FROM untold").fetchall())
        every = set(tale.connection.execute("SELECT sequence FROM incident_event").fetchall())
        assert {row[0] for row in told | untold} == {row[0] for row in every}
        without = tale.connection.execute(
            "SELECT * FROM notification WHERE status = 'dropped' AND reason IS NULL"
        )
        assert without.fetchall() == []
        _check_receivers(tale, hook)


def _happens(tale: Story, what: str, number: int, severity: Any, day: date) -> None:
    about = {"rule": f"rule_{number}", "asset": f"mart_{number}", "day": day, "severity": severity}
    active = tale.store.incidents(["open", "acknowledged", "silenced"])
    tale.now += timedelta(minutes=1)
    if what == "fails":
        tale.fails(**about)
    elif what == "passes":
        tale.passes(**about)
    elif what == "ack" and active:
        tale.store.acknowledge(active[number % len(active)].id, "ann", now=tale.now)
    elif what == "silence":
        until = tale.now + timedelta(hours=2)
        tale.store.silence([f"rule = rule_{number}"], until, "ann", now=tale.now)
    elif what == "wait":
        tale.now += timedelta(hours=number)


def _check_receivers(tale: Story, hook: Webhook) -> None:
    """What is open and nobody's is told to somebody, and who was told of it knows its end."""
    for incident in tale.incidents():
        messages = [
            posted for posted in hook.accepted
            if incident.id in posted.content["incidents"].split(",")
        ]  # fmt: skip
        if incident.recorded_only:
            assert messages == []
        elif incident.status == "open" and not incident.inhibited_by:
            assert messages, f"{incident} was told to nobody"
        for receiver in {posted.path for posted in messages}:
            last = [posted for posted in messages if posted.path == receiver][-1]
            said = last.content["message"]
            about = said[: said.index(incident.source.rule)].rpartition("[")[2]
            if not incident.flapping:
                assert about.startswith("RESOLVED") is (incident.status == "resolved")
