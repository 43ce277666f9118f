"""Planning: in whatever portions, the same messages; and nothing is passed over in silence."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.alerting.incidents.incident import Change, Incident, IncidentEvent
from analytics_pipeline.alerting.notifying import outbox
from analytics_pipeline.alerting.notifying.configuration import NotifyingConfiguration
from analytics_pipeline.alerting.notifying.planning import plan
from analytics_pipeline.alerting.notifying.schema import SCHEMA
from analytics_pipeline_tests.alerting.notifying.stories import START, an_incident, configured

CONFIGURATION = configured(
    receivers={name: {"url_env": f"{name.upper()}_URL"} for name in ("a", "b", "c", "d")},
    time_intervals={"nights": {"times": "22:00-07:00"}, "office": {"times": "09:00-17:00"}},
    defaults={"group_wait": "2m", "group_interval": "10m"},
    routes=[
        {"match": {"rule": "everywhere"}, "to": ["a", "b"], "continue": True},
        {"match": {"severity": "warn"}, "to": "c", "digest": {"every": "1h"}},
        {"match": {"group": "quiet"}, "to": "b", "quiet_hours": "nights"},
        {"match": {"group": "office"}, "during": "office", "to": "d", "send_resolved": False},
        {"match": {"group": "office"}, "to": "a"},
        {"match": {"group": "nobody"}, "to": []},
        {"match": {"group": "known"}, "to": ["a", "d"]},
    ],
)
INCIDENTS = {
    name: an_incident(id=name, **fields)
    for name, fields in {
        "everywhere": {"rule": "everywhere", "group": "known"},
        "warning": {"severity": "WARN"},
        "quiet": {"group": "quiet"},
        "office": {"group": "office", "group_key": "2"},
        "nobody": {"group": "nobody"},
        "unmatched": {"group": "other"},
        "one": {"group": "known", "group_key": "1"},
        "two": {"group": "known", "group_key": "1"},
        "recorded": {"group": "known", "recorded_only": True},
    }.items()
}
HISTORIES = st.lists(
    st.tuples(
        st.sampled_from([*INCIDENTS, "gone"]),
        st.sampled_from(get_args(Change)),
        st.integers(0, 400),
    ),
    max_size=25,
)


def events_of(history: Sequence[tuple[str, Change, int]]) -> Iterator[IncidentEvent]:
    at = START
    for sequence, (name, change, minutes) in enumerate(history, start=1):
        at += timedelta(minutes=minutes)
        yield IncidentEvent(sequence, name, change, at, None)


def planned(
    portions: Sequence[Sequence[IncidentEvent]],
    configuration: NotifyingConfiguration = CONFIGURATION,
    twice: bool = False,
) -> dict[str, list[tuple[Any, ...]]]:
    """What the tables hold after planning portions one after another."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        connection.executescript(SCHEMA)
        for portion in portions:
            names = {event.incident_id for event in portion}
            known = outbox.known(connection, names)
            found = plan(portion, INCIDENTS, configuration, known)
            for _ in range(2 if twice else 1):
                outbox.store_plan(connection, found, portion[-1].sequence)
        return {
            table: sorted(tuple(row) for row in connection.execute(f"SELECT * FROM {table}"))
            for table in ("notification", "telling", "untold", "planned")
        }


@given(HISTORIES, st.sets(st.integers(1, 24)), st.booleans())
def test_in_whatever_portions_the_plan_is_the_same(
    history: list[tuple[str, Change, int]], cuts: set[int], twice: bool
) -> None:
    events = list(events_of(history))
    bounds = [0, *sorted(cut for cut in cuts if cut < len(events)), len(events)]
    portions = [events[first:last] for first, last in pairwise(bounds) if first < last]
    assert planned(portions, twice=twice) == planned([events] if events else [])


@given(HISTORIES)
def test_every_entry_is_told_or_has_a_reason(history: list[tuple[str, Change, int]]) -> None:
    events = list(events_of(history))
    found = planned([events] if events else [])
    told = {row[1] for row in found["telling"]}
    untold = {row[0]: row[2] for row in found["untold"]}
    assert told | untold.keys() == {event.sequence for event in events}
    assert not told & untold.keys()
    assert all(untold.values())
    for row in found["untold"]:
        if row[1] in INCIDENTS and row[2] == "no route matches":
            assert row[1] == "unmatched"


def by_receiver(history: Sequence[tuple[str, Change, int]]) -> list[tuple[str, str, list[int]]]:
    """Receiver, minutes until it is due, and the entries of each planned message."""
    found = plan(events_of(history), INCIDENTS, CONFIGURATION, outbox_known())
    return [
        (
            message.group.receiver,
            str(message.due_at - START),
            [entry.sequence for entry in message.entries],
        )
        for message in found.messages.values()
    ]


def outbox_known() -> Any:
    from analytics_pipeline.alerting.notifying.planning import Known

    return Known()


@pytest.mark.parametrize(
    ("history", "messages"),
    [
        # What happens within the wait joins; each receiver gets one message a group.
        (
            [("one", "opened", 0), ("two", "opened", 1), ("everywhere", "opened", 0)],
            [("a", "0:02:00", [1, 2]), ("d", "0:02:00", [1, 2]), ("a", "0:03:00", [3]),
             ("b", "0:03:00", [3]), ("d", "0:03:00", [3])],
        ),
        # What comes later waits for the interval.
        (
            [("one", "opened", 0), ("two", "opened", 3), ("two", "resolved", 60)],
            [("a", "0:02:00", [1]), ("d", "0:02:00", [1]), ("a", "0:12:00", [2]),
             ("d", "0:12:00", [2]), ("a", "1:05:00", [3]), ("d", "1:05:00", [3])],
        ),
        # A digest collects until the hour.
        (
            [("warning", "opened", 5), ("warning", "resolved", 50), ("warning", "reopened", 6)],
            [("c", "1:00:00", [1, 2]), ("c", "2:00:00", [3])],
        ),
        # What is opened at night is due in the morning.
        ([("quiet", "opened", 14 * 60)], [("b", "22:00:00", [1])]),
        # The end goes to whom the beginning went to, though the hours of the route are over.
        ([("office", "opened", 0), ("office", "resolved", 600)], [("d", "0:02:00", [1])]),
        ([("office", "opened", 601), ("office", "resolved", 300)],
         [("a", "10:03:00", [1]), ("a", "15:03:00", [2])]),
        # Found again, it is told where nobody was told of it before.
        ([("one", "repeated", 0), ("one", "repeated", 5)],
         [("a", "0:02:00", [1]), ("d", "0:02:00", [1])]),
        ([("one", "acknowledged", 0), ("nobody", "opened", 0), ("one", "resolved", 1)], []),
    ],
)  # fmt: skip
def test_examples(
    history: list[tuple[str, Change, int]], messages: list[tuple[str, str, list[int]]]
) -> None:
    assert sorted(by_receiver(history)) == sorted(messages)


def test_what_may_not_wait_for_the_morning_takes_with_it_what_does() -> None:
    configuration = configured(
        receivers={"a": {"url_env": "A", "quiet_hours": {"during": "nights", "except": "error"}}},
        time_intervals={"nights": {"times": "22:00-07:00"}},
        defaults={"group_wait": "1m"},
    )
    incidents = {
        "warning": an_incident(id="warning", severity="WARN"),
        "error": an_incident(id="error"),
    }
    events = list(events_of([("warning", "opened", 14 * 60), ("error", "opened", 30)]))
    found = plan(events, incidents, configuration, outbox_known())
    [message] = found.messages.values()
    assert message.due_at - START == timedelta(hours=14, minutes=31)


def test_a_later_configuration_does_not_lose_the_end() -> None:
    events = list(events_of([("one", "opened", 0), ("one", "resolved", 60)]))
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        for event, configuration in zip(
            events, (CONFIGURATION, replaced(CONFIGURATION)), strict=True
        ):
            known = outbox.known(connection, ["one"])
            outbox.store_plan(
                connection, plan([event], INCIDENTS, configuration, known), event.sequence
            )
        rows = connection.execute("SELECT receiver FROM notification ORDER BY rowid").fetchall()
    assert [row[0] for row in rows] == ["a", "d", "a", "d"]


def replaced(configuration: NotifyingConfiguration) -> NotifyingConfiguration:
    return configuration.model_copy(update={"routes": ()})


def test_the_incident_is_told_as_it_is(tmp_path: object) -> None:
    changed: Incident = replace(INCIDENTS["one"], severity="WARN")
    events = list(events_of([("one", "opened", 0)]))
    found = plan(events, {"one": changed}, CONFIGURATION, outbox_known())
    assert {message.group.receiver for message in found.messages.values()} == {"c"}
