"""The promises of the store, whatever is reported in whatever order, by whom and when.

Beside the store goes the pure life of incidents with everything in memory: what the store leaves
out of a state must have no bearing.
"""

import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.incidents import lifecycle
from analytics_pipeline.alerting.incidents.changes import replayed
from analytics_pipeline.alerting.incidents.identity import fingerprint_of
from analytics_pipeline.alerting.incidents.incident import Incident, IncidentEvent, Report
from analytics_pipeline.alerting.incidents.policy import Policy
from analytics_pipeline.alerting.incidents.schema import events_after
from analytics_pipeline.alerting.incidents.state import State
from analytics_pipeline.alerting.incidents.store import IncidentStore
from analytics_pipeline_tests.alerting.incidents.life import (
    COST,
    HIT_RATE,
    MISSING,
    SMALL,
    UPDATE,
    WHOLE,
    at,
    november,
)

POLICY = Policy(window_dates=3, window=timedelta(hours=6))
BEGINNINGS = ("opened", "reopened", "flapping")


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """A report of the days up to the 20th, evaluated at any time of that day or the next."""
    source = draw(st.sampled_from([HIT_RATE, COST, MISSING, UPDATE]))
    dated = source is not UPDATE or draw(st.booleans())
    day = november(draw(st.integers(8, 20))) if dated else None
    evaluated_at = at(20, draw(st.integers(0, 24)))
    labels = draw(st.lists(st.sampled_from([WHOLE, SMALL]), max_size=2))
    severity = draw(st.sampled_from(["WARN", "ERROR"]))
    findings = tuple(Finding("Found.", label) for label in labels)
    name = f"{draw(st.integers(0, 10_000))}"
    return Report(name, source, severity, day, evaluated_at, findings)


class Incidents(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.model = State()
        self.now = at(20)
        self.told: list[Report] = []
        self.events: list[IncidentEvent] = []

    @initialize()
    def open(self) -> None:
        self.store = self.stack.enter_context(IncidentStore.open(self.folder, POLICY))

    def teardown(self) -> None:
        self.stack.close()
        self.temporary.cleanup()

    @rule(several=st.lists(reports(), min_size=1, max_size=6))
    def report(self, several: list[Report]) -> None:
        before = self.incidents()
        self.told += several
        self.noted(
            self.store.apply(several, self.now),
            lifecycle.apply_reports(self.model, several, self.now, POLICY),
        )
        self.assert_backfill_disturbed_nothing(before, several)

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def report_again(self, data: st.DataObject) -> None:
        again = data.draw(st.lists(st.sampled_from(self.told), min_size=1, max_size=4))
        before = self.incidents()
        stored = self.store.apply(again, self.now)
        self.noted(stored, lifecycle.apply_reports(self.model, again, self.now, POLICY))
        # With it may come what only the time brings: the end of a grace or of a silence.
        assert {event.change for event in stored} <= {
            "silenced", "unsilenced", "inhibited", "uninhibited",
        }  # fmt: skip
        assert {n: i.occurrences for n, i in before.items()} == {
            n: i.occurrences for n, i in self.incidents().items()
        }

    @rule()
    def restart(self) -> None:
        self.stack.close()
        self.store = self.stack.enter_context(IncidentStore.open(self.folder, POLICY))

    @rule(minutes=st.sampled_from([0, 1, 20, 300, 1500]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.noted(
            self.store.expire(self.now), lifecycle.let_time_pass(self.model, self.now, POLICY)
        )

    @rule(data=st.data(), by=st.sampled_from(["ada", "bob"]))
    def acknowledge(self, data: st.DataObject, by: str) -> None:
        if name := self.any_active(data):
            self.noted(
                self.store.acknowledge(name, by, now=self.now),
                lifecycle.acknowledge(self.model, name, by, self.now, POLICY),
            )

    @rule(data=st.data())
    def resolve(self, data: st.DataObject) -> None:
        if name := self.any_active(data):
            self.noted(
                self.store.resolve(name, "ada", now=self.now),
                lifecycle.resolve(self.model, name, "ada", self.now, POLICY),
            )

    @rule(
        matcher=st.sampled_from(["rule = cost", "group = metrics", "model = small"]),
        start=st.integers(0, 60),
        length=st.integers(1, 600),
    )
    def silence(self, matcher: str, start: int, length: int) -> None:
        starts_at = self.now + timedelta(minutes=start)
        ends_at = starts_at + timedelta(minutes=length)
        last = self.sequence()
        new = self.store.silence([matcher], ends_at, "ada", starts_at=starts_at, now=self.now)
        self.noted(
            events_after(self.store.connection, last),
            lifecycle.silence(self.model, new, self.now, POLICY),
        )

    @rule(data=st.data())
    def unsilence(self, data: st.DataObject) -> None:
        if not (held := self.store.silences(self.now)):
            return
        ended = data.draw(st.sampled_from(held))
        until = replace(ended, starts_at=min(ended.starts_at, self.now), ends_at=self.now)
        self.noted(
            self.store.unsilence(ended.id, now=self.now),
            lifecycle.silence(self.model, until, self.now, POLICY),
        )

    @invariant()
    def the_store_is_what_the_pure_life_makes(self) -> None:
        assert self.incidents() == self.model.incidents

    @invariant()
    def the_history_is_all_that_there_was_and_replays_to_the_incidents(self) -> None:
        history = self.store.history()
        assert history == self.events
        assert [event.sequence for event in history] == list(range(1, len(history) + 1))
        assert replayed(history) == self.incidents()

    @invariant()
    def of_one_trouble_there_is_at_most_one_active_incident(self) -> None:
        active = Counter(map(fingerprint_of, self.active()))
        assert not active or max(active.values()) == 1

    @invariant()
    def what_begins_ends_or_is_open(self) -> None:
        for name, incident in self.incidents().items():
            course = [
                event.change
                for event in self.events
                if event.incident_id == name and event.change in (*BEGINNINGS, "resolved")
            ]
            assert course[0] == "opened"
            assert all(change in BEGINNINGS for change in course[::2])
            assert all(change == "resolved" for change in course[1::2])
            assert incident.is_active == (len(course) % 2 == 1)
            assert all(
                "recorded_only" not in event.details
                for event in self.store.history(name)
                if event.change != "opened"
            )

    def assert_backfill_disturbed_nothing(
        self, before: dict[str, Incident], several: list[Report]
    ) -> None:
        """What was open is as it was where all that was reported of it is earlier."""
        for name, incident in before.items():
            of_it = [
                report.event_date
                for report in several
                if (report.source.rule, report.source.asset)
                == (incident.source.rule, incident.source.asset)
                and (report.event_date is None) == (incident.first_date is None)
            ]
            if incident.is_active and incident.first_date:
                earlier = [day for day in of_it if day and day < incident.first_date]
                if len(earlier) == len(of_it):
                    assert as_found(self.incidents()[name]) == as_found(incident)

    def noted(self, stored: list[IncidentEvent], pure: lifecycle.Next) -> None:
        self.model, expected = pure
        assert [replace(event, sequence=0) for event in stored] == expected
        self.events += stored

    def any_active(self, data: st.DataObject) -> str | None:
        names = sorted(incident.id for incident in self.active())
        return data.draw(st.sampled_from(names)) if names else None

    def active(self) -> list[Incident]:
        return self.store.incidents(["open", "acknowledged", "silenced"])

    def incidents(self) -> dict[str, Incident]:
        return {incident.id: incident for incident in self.store.incidents()}

    def sequence(self) -> int:
        return self.events[-1].sequence if self.events else 0


def as_found(incident: Incident) -> Incident:
    """Without what depends on other incidents, silences and the time."""
    return replace(
        incident,
        status="open",
        silenced_until=None,
        inhibited_by=None,
        group_key="",
        updated_at=datetime.min,  # noqa: DTZ901
    )


def test_the_promises_of_the_store() -> None:
    run_state_machine_as_test(
        Incidents,
        settings=settings(max_examples=40, stateful_step_count=25, deadline=None),
    )
