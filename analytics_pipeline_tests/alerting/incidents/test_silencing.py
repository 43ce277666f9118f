"""Silences: for a time nobody is told, and then they are."""

from analytics_pipeline.alerting.incidents.matching import matcher
from analytics_pipeline.alerting.incidents.silence import Silence
from analytics_pipeline_tests.alerting.incidents.life import (
    COST,
    LARGE,
    SMALL,
    WHOLE,
    Life,
    at,
    report,
)


def silence(*matchers: str, start: float = 6, end: float = 8, name: str = "one") -> Silence:
    return Silence(
        name, tuple(map(matcher, matchers)), at(20, start), at(20, end), "ada", "known", at(20)
    )


def test_a_silence_holds_for_what_is_open_and_ends_with_its_time() -> None:
    life = Life()
    life.tell(report(19, WHOLE), report(19, WHOLE, source=COST))
    assert life.silence(silence("rule = cost")) == ["silenced"]
    incident = life.of(COST)
    assert (incident.status, incident.silenced_until) == ("silenced", at(20, 8))
    [event] = [event for event in life.history if event.change == "silenced"]
    assert (event.by, event.message, event.details["silence"]) == ("ada", "known", "one")
    assert life.wait(minutes=119) == []
    assert life.wait(minutes=1) == ["unsilenced"]
    assert (life.of(COST).status, life.of(COST).silenced_until) == ("open", None)


def test_what_opens_under_a_silence_is_silenced_from_the_start() -> None:
    life = Life()
    life.silence(silence("model = small"))
    assert life.tell(report(19, SMALL, LARGE)) == ["opened", "opened", "silenced"]
    assert life.tell(report(20)) == ["resolved", "resolved"]


def test_a_silence_can_be_made_for_later() -> None:
    life = Life()
    life.tell(report(19, WHOLE))
    assert life.silence(silence("rule = hit_rate", start=7)) == []
    assert life.wait(hours=1) == ["silenced"]
    assert life.wait(hours=1) == ["unsilenced"]


def test_while_one_of_two_silences_holds_nobody_is_told() -> None:
    life = Life()
    life.tell(report(19, WHOLE))
    assert life.silence(silence("rule = hit_rate")) == ["silenced"]
    assert life.silence(silence("group = metrics", end=9, name="two")) == ["silenced"]
    assert life.only.silenced_until == at(20, 9)
    assert life.wait(hours=2) == []
    assert life.wait(hours=1) == ["unsilenced"]


def test_whoever_is_at_it_still_is_after_a_silence() -> None:
    life = Life()
    life.tell(report(19, WHOLE))
    life.acknowledge(life.only, "bob")
    life.silence(silence("rule = hit_rate"))
    assert life.only.status == "silenced"
    life.wait(hours=2)
    assert life.only.status == "acknowledged"


def test_what_is_acknowledged_under_a_silence_stays_silent() -> None:
    life = Life()
    life.silence(silence("rule = hit_rate"))
    life.tell(report(19, WHOLE))
    assert life.acknowledge(life.only, "bob") == ["acknowledged"]
    assert life.only.status == "silenced"
    assert life.wait(hours=2) == ["unsilenced"]
    assert life.only.status == "acknowledged"


def test_what_is_recorded_only_is_not_silenced() -> None:
    life = Life()
    life.silence(silence("rule = hit_rate"))
    assert life.tell(report(2, WHOLE, evaluated_at=at(20))) == ["opened"]


def test_a_severity_that_rises_can_leave_a_silence() -> None:
    life = Life()
    life.silence(silence("severity = WARN"))
    life.tell(report(18, WHOLE))
    assert life.tell(report(19, WHOLE, severity="ERROR")) == ["worsened", "unsilenced"]
