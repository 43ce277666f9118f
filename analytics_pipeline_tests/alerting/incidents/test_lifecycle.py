"""The rules of the life of incidents, each as an example."""

from datetime import UTC, datetime, timedelta

import pytest

from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.incidents.changes import replayed
from analytics_pipeline.alerting.incidents.lifecycle import IncidentError
from analytics_pipeline.alerting.incidents.policy import Policy
from analytics_pipeline_tests.alerting.incidents.life import (
    COST,
    HIT_RATE,
    LARGE,
    SMALL,
    UPDATE,
    WHOLE,
    Life,
    at,
    november,
    report,
)


def test_a_finding_opens_an_incident_that_says_all_of_it() -> None:
    life = Life()
    finding = Finding("Hit rate 20% of small.", SMALL, value=0.2, expected=0.6, lower=0.5)
    assert life.tell(report(19, finding)) == ["opened"]
    incident = life.only
    assert (incident.status, incident.severity, incident.labels) == ("open", "WARN", SMALL)
    assert (incident.first_date, incident.last_date) == (november(19), november(19))
    assert (incident.value, incident.expected, incident.lower) == (0.2, 0.6, 0.5)
    assert (incident.message, incident.occurrences) == ("Hit rate 20% of small.", 1)
    assert incident.source == HIT_RATE
    assert incident.opened_at == at(20)
    [event] = life.history
    assert (event.event_date, event.run_id, event.at) == (november(19), "run", at(20))


def test_all_is_well_without_an_incident() -> None:
    life = Life()
    assert life.tell(report(19), report(18)) == []
    assert life.incidents == []


def test_slices_are_incidents_of_their_own() -> None:
    life = Life()
    assert life.tell(report(18, SMALL, LARGE)) == ["opened", "opened"]
    # A check that no longer lists a slice found that it is well.
    assert life.tell(report(19, LARGE)) == ["repeated", "resolved"]
    assert "no longer found for model small" in life.last_message
    assert life.of(HIT_RATE, LARGE).last_date == november(19)


def test_the_same_slice_twice_in_a_report_is_one_finding() -> None:
    life = Life()
    worst, other = Finding("worst", SMALL, value=0.1), Finding("other", SMALL, value=0.2)
    assert life.tell(report(19, worst, other)) == ["opened"]
    assert life.only.value == 0.1


def test_another_failure_of_the_same_or_a_following_date_joins() -> None:
    life = Life()
    life.tell(report(17, WHOLE))
    assert life.tell(report(17, WHOLE, evaluated_at=at(18, 9))) == ["repeated"]
    assert life.tell(report(18, WHOLE)) == ["repeated"]
    # A date of which nothing was reported does not end it.
    assert life.tell(report(20, Finding("worse", value=0.1))) == ["repeated"]
    incident = life.only
    assert (incident.first_date, incident.last_date) == (november(17), november(20))
    assert (incident.occurrences, incident.message, incident.value) == (4, "worse", 0.1)


def test_a_failure_of_an_earlier_date_within_an_incident_leaves_its_figures() -> None:
    life = Life()
    life.tell(report(17, WHOLE), report(19, Finding("newest", value=0.3)))
    assert life.tell(report(18, Finding("between", value=0.1), evaluated_at=at(20))) == ["repeated"]
    assert (life.only.message, life.only.value, life.only.last_date) == (
        "newest", 0.3, november(19),
    )  # fmt: skip


def test_a_severity_that_rises_is_told_and_one_that_falls_is_not() -> None:
    life = Life()
    life.tell(report(17, WHOLE))
    assert life.tell(report(18, WHOLE, severity="ERROR")) == ["worsened"]
    assert life.tell(report(19, WHOLE, severity="WARN")) == ["repeated"]
    assert life.only.severity == "ERROR"


def test_a_later_date_that_is_well_ends_it() -> None:
    life = Life()
    life.tell(report(18, WHOLE))
    assert life.tell(report(19)) == ["resolved"]
    incident = life.only
    assert (incident.status, incident.resolved_at, incident.resolved_date) == (
        "resolved", at(20), november(19),
    )  # fmt: skip
    assert life.last_message == "On 2026-11-19 it is no longer found."
    assert life.tell(report(20)) == []


def test_a_date_that_is_evaluated_again_after_late_data_ends_it_and_says_so() -> None:
    life = Life()
    life.tell(report(18, WHOLE))
    assert life.tell(report(18, evaluated_at=at(20))) == ["resolved"]
    assert life.last_message == (
        "Evaluated again for 2026-11-18, after late data or a correction, it is no longer found."
    )


def test_an_earlier_date_that_is_well_changes_nothing() -> None:
    life = Life()
    life.tell(report(17, WHOLE), report(18, WHOLE))
    before = life.only
    for day in (1, 16, 17):
        assert life.tell(report(day, evaluated_at=at(20))) == []
    assert life.only == before


def test_an_earlier_date_that_fails_is_history_and_leaves_alone_what_is_open() -> None:
    life = Life()
    life.tell(report(19, WHOLE))
    before = life.only
    for day in (18, 2):
        assert life.tell(report(day, WHOLE, evaluated_at=at(20))) == ["opened", "resolved"]
    assert life.active == [before]
    assert [incident.first_date for incident in life.incidents] == [
        november(19), november(18), november(2),
    ]  # fmt: skip
    assert [incident.recorded_only for incident in life.incidents] == [False, True, True]


def test_a_report_that_arrives_twice_changes_nothing() -> None:
    life = Life()
    first, second = report(18, WHOLE), report(19)
    life.tell(first, second)
    before = life.state
    assert life.tell(first, second, first) == []
    assert life.state == before


def test_an_evaluation_that_was_overtaken_is_ignored() -> None:
    life = Life()
    life.tell(report(19, evaluated_at=at(20, 9)))
    assert life.tell(report(19, WHOLE, evaluated_at=at(20, 8))) == []
    life.tell(report(19, WHOLE, evaluated_at=at(20, 10)))
    assert life.tell(report(19, evaluated_at=at(20, 9.5))) == []
    assert life.only.status == "open"


def test_what_was_evaluated_before_the_failure_does_not_end_it() -> None:
    life = Life()
    life.tell(report(18, WHOLE, evaluated_at=at(20, 9)))
    assert life.tell(report(19, evaluated_at=at(20, 8))) == []
    assert life.tell(report(19, evaluated_at=at(20, 9))) == ["resolved"]


def test_reports_are_taken_in_the_order_in_which_they_were_evaluated() -> None:
    life = Life()
    assert life.tell(report(19), report(18, WHOLE)) == ["opened", "resolved"]


def test_it_comes_back_within_a_week_as_the_same_incident() -> None:
    life = Life()
    life.tell(report(10, WHOLE), report(11), now=at(12))
    assert life.tell(report(18, Finding("again", value=0.1)), now=at(19)) == ["reopened"]
    incident = life.only
    assert (incident.status, incident.first_date, incident.last_date) == (
        "open", november(10), november(18),
    )  # fmt: skip
    assert (incident.message, incident.reopenings, incident.flapping) == ("again", 1, False)
    assert incident.resolved_at is None


def test_after_more_than_a_week_it_is_another_incident() -> None:
    life = Life()
    life.tell(report(10, WHOLE), report(11), now=at(12))
    assert life.tell(report(19, WHOLE)) == ["opened"]
    assert len({incident.id for incident in life.incidents}) == 2


def test_the_third_time_it_is_flapping_and_stays_open_until_a_quiet_week() -> None:
    life = Life()
    told = []
    for day in range(1, 12):
        told += life.tell(report(day, *([WHOLE] if day % 2 else [])), now=at(day + 1))
    # On days 1, 3 and 5 it opens; from then on it is only counted.
    assert told == [
        "opened", "resolved", "reopened", "resolved", "flapping", "repeated", "repeated",
        "repeated",
    ]  # fmt: skip
    assert life.only.flapping
    for day in range(12, 18):
        assert life.tell(report(day), now=at(day + 1)) == []
    assert life.tell(report(18), now=at(19)) == ["resolved"]
    assert life.tell(report(19, WHOLE), now=at(20)) == ["opened"]


def test_how_much_is_flapping_can_be_set() -> None:
    life = Life(Policy(window_dates=2, flapping_openings=2))
    told = [life.tell(report(day, *found), now=at(day + 1)) for day, found in [
        (1, [WHOLE]), (2, []), (3, [WHOLE]), (4, []), (5, []), (6, [WHOLE]),
    ]]  # fmt: skip
    assert told == [["opened"], ["resolved"], ["flapping"], [], ["resolved"], ["opened"]]


def test_a_job_without_dates_fails_recovers_and_comes_back_within_a_day() -> None:
    life = Life()
    fails = [report(None, WHOLE, source=UPDATE, evaluated_at=at(19, hour)) for hour in (1, 2)]
    assert life.tell(*fails) == ["opened", "repeated"]
    assert life.tell(report(None, source=UPDATE, evaluated_at=at(19, 3))) == ["resolved"]
    assert life.tell(report(None, WHOLE, source=UPDATE, evaluated_at=at(20, 3))) == ["reopened"]
    assert (life.only.first_date, life.only.last_date) == (None, None)
    life.tell(report(None, source=UPDATE, evaluated_at=at(20, 4)))
    later = report(None, WHOLE, source=UPDATE, evaluated_at=at(21, 4.1))
    assert life.tell(later, now=at(21, 5)) == ["opened"]


def test_a_flapping_job_is_resolved_by_a_quiet_day() -> None:
    life = Life()
    for hour, found in ((0, [WHOLE]), (1, []), (2, [WHOLE]), (3, []), (4, [WHOLE]), (5, [])):
        life.tell(report(None, *found, source=UPDATE, evaluated_at=at(20, hour)), now=at(20, hour))
    assert life.only.flapping
    assert life.wait(hours=22) == []
    assert life.wait(hours=1) == ["resolved"]


def test_a_flapping_job_that_last_failed_is_not_resolved_by_the_time() -> None:
    life = Life()
    for hour, found in ((0, [WHOLE]), (1, []), (2, [WHOLE]), (3, []), (4, [WHOLE])):
        life.tell(report(None, *found, source=UPDATE, evaluated_at=at(20, hour)), now=at(20, hour))
    assert life.wait(hours=48) == []
    assert life.only.is_active


def test_dates_further_back_than_notify_days_are_recorded_only() -> None:
    life = Life(Policy(notify_days=3))
    life.tell(report(16, SMALL), report(17, LARGE), now=at(20))
    told = {incident.first_date: not incident.recorded_only for incident in life.incidents}
    assert told == {november(16): False, november(17): True}


def test_a_backfill_over_what_was_reported_is_history_with_one_incident_for_each_trouble() -> None:
    life = Life()
    life.tell(report(19), now=at(20))
    failing = {3, 4, 5, 9}
    told = []
    for day in range(1, 12):
        told += life.tell(report(day, *([WHOLE] if day in failing else []), evaluated_at=at(20, 7)))
    assert told == ["opened", "resolved", "repeated", "repeated", "opened", "resolved"]
    spans = [(each.first_date, each.last_date, each.recorded_only) for each in life.incidents]
    assert spans == [(november(3), november(5), True), (november(9), november(9), True)]
    # Once more, the history stays what it is.
    for day in sorted(failing):
        assert life.tell(report(day, WHOLE, evaluated_at=at(20, 8))) == ["repeated"]
    assert [(each.first_date, each.last_date, each.recorded_only) for each in life.incidents] == (
        spans
    )
    assert life.active == []


def test_a_backfill_from_the_end_to_the_start_tells_the_same_history() -> None:
    life = Life()
    life.tell(report(19), now=at(20))
    for day in range(11, 0, -1):
        found = [WHOLE] if day in {3, 4, 5, 9} else []
        life.tell(report(day, *found, evaluated_at=at(20, 7)))
    assert [(each.first_date, each.last_date) for each in life.incidents] == [
        (november(9), november(9)), (november(3), november(5)),
    ]  # fmt: skip


def test_a_trouble_that_a_backfill_brings_to_today_is_told_as_of_today() -> None:
    life = Life()
    told = [life.tell(report(day, WHOLE, evaluated_at=at(20))) for day in range(14, 20)]
    assert told == [
        ["opened"], ["repeated"], ["repeated"], ["resolved", "opened"], ["repeated"], ["repeated"],
    ]  # fmt: skip
    recorded, current = life.incidents
    assert (recorded.recorded_only, recorded.last_date) == (True, november(16))
    assert (current.recorded_only, current.first_date) == (False, november(17))
    [opening] = [e for e in life.history if e.incident_id == current.id and e.change == "opened"]
    assert opening.details["continues"] == recorded.id


def test_what_was_told_stays_told_when_its_dates_are_long_past() -> None:
    life = Life()
    life.tell(report(10, WHOLE), now=at(11))
    assert life.tell(report(11, WHOLE, evaluated_at=at(20)), now=at(20)) == ["repeated"]
    assert not life.only.recorded_only
    assert life.tell(report(12, evaluated_at=at(20))) == ["resolved"]
    # Evaluated again, that it failed then is no news.
    assert life.tell(report(11, WHOLE, evaluated_at=at(20, 7))) == ["repeated"]
    assert life.only.status == "resolved"


def test_somebody_acknowledges() -> None:
    life = Life()
    life.tell(report(18, WHOLE))
    assert life.acknowledge(life.only, "ada") == ["acknowledged"]
    assert (life.only.status, life.only.acknowledged_by) == ("acknowledged", "ada")
    assert (life.history[-1].by, life.history[-1].message) == ("ada", "on it")
    assert life.acknowledge(life.only, "ada") == []
    assert life.acknowledge(life.only, "bob") == ["acknowledged"]
    assert life.tell(report(19, WHOLE)) == ["repeated"]
    assert life.only.status == "acknowledged"
    life.tell(report(20))
    assert life.tell(report(21, WHOLE)) == ["reopened"]
    assert (life.only.status, life.only.acknowledged_by) == ("open", None)


def test_somebody_resolves_and_it_comes_back_where_it_is_found_again() -> None:
    life = Life()
    life.tell(report(19, WHOLE))
    assert life.resolve(life.only, "ada") == ["resolved"]
    assert life.only.resolved_at == life.now
    assert life.tell(report(19)) == []
    assert life.tell(report(19, WHOLE, evaluated_at=at(20, 8))) == ["reopened"]


def test_what_is_over_or_unknown_cannot_be_acknowledged() -> None:
    life = Life()
    life.tell(report(18, WHOLE), report(19))
    with pytest.raises(IncidentError, match="is resolved: it cannot be acknowledged"):
        life.acknowledge(life.only, "ada")
    with pytest.raises(IncidentError, match="is resolved: it cannot be resolved"):
        life.resolve(life.only, "ada")


def test_the_id_is_the_same_whenever_and_wherever_it_is_found() -> None:
    one, other = Life(), Life()
    one.tell(report(19, {"model": "small", "language": "de"}))
    other.tell(report(19, {"language": "de", "model": "small"}, evaluated_at=at(20, 9)))
    assert one.only.id == other.only.id == "f6c32e048216-20261119"
    life = Life()
    life.tell(report(19, WHOLE, SMALL), report(19, WHOLE, source=COST))
    assert len({incident.id for incident in life.incidents}) == 3


def test_times_without_a_zone_are_in_utc() -> None:
    life = Life()
    naive = datetime(2026, 11, 20, 6)  # noqa: DTZ001
    life.tell(report(19, WHOLE, evaluated_at=naive))
    assert life.only.opened_at == datetime(2026, 11, 20, 6, tzinfo=UTC)
    assert life.tell(report(19, evaluated_at=at(20) + timedelta(minutes=1))) == ["resolved"]


def test_the_history_tells_all() -> None:
    life = Life()
    for day in range(1, 20):
        found = [label for number, label in enumerate((WHOLE, SMALL, LARGE), 2) if day % number]
        life.tell(report(day, *found, severity="ERROR" if day % 5 else "WARN"), now=at(day + 1))
    assert replayed(life.history) == life.state.incidents
