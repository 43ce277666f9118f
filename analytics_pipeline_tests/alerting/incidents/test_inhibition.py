"""What explains what: one outage is one message, not forty."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from analytics_pipeline.alerting.findings import Severity
from analytics_pipeline.alerting.incidents.incident import Report, Source
from analytics_pipeline.alerting.incidents.policy import DEFAULT_INHIBITIONS, Policy
from analytics_pipeline_tests.alerting.incidents.life import (
    COST,
    FRESHNESS,
    HIT_RATE,
    LARGE,
    MISSING,
    SMALL,
    UPDATE,
    WHOLE,
    Life,
    at,
    report,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "incidents.md"
DOWNSTREAM = [
    Source(f"rule_{number}", f"mart_{number}", "metrics",
           upstream=frozenset({"raw_events", "validated_events"}))
    for number in range(40)
]  # fmt: skip


def policy(**keys: object) -> Policy:
    return Policy.model_validate(keys)


def outage(day: int, severity: Severity = "ERROR") -> Report:
    return report(day, WHOLE, source=MISSING, severity=severity)


def test_an_outage_of_ingestion_explains_what_is_downstream_on_its_dates() -> None:
    life = Life()
    reports = [report(19, WHOLE, source=source) for source in DOWNSTREAM]
    told = life.tell(*reports, outage(19))
    assert told == ["opened"] * 41 + ["inhibited"] * 40
    root = life.of(MISSING)
    assert root.inhibited_by is None
    assert {each.inhibited_by for each in life.active if each != root} == {root.id}
    assert {each.group_key for each in life.active} == {root.group_key}


def test_the_root_may_be_found_after_what_it_explains() -> None:
    life = Life()
    assert life.tell(report(19, WHOLE)) == ["opened"]
    assert life.of(HIT_RATE).group_key == "event_date=2026-11-19, cause=daily_cache_metrics"
    assert life.tell(outage(19)) == ["opened", "inhibited"]
    assert life.of(HIT_RATE).group_key == life.of(MISSING).group_key
    assert life.last_message.startswith(f"Explained by {life.of(MISSING).id}: Found")


def test_other_dates_other_assets_and_warnings_are_not_explained() -> None:
    life = Life()
    unrelated = replace(COST, upstream=frozenset({"something_else"}))
    life.tell(report(18, WHOLE), outage(19), report(19, WHOLE, source=unrelated))
    assert [each.inhibited_by for each in life.active] == [None] * 3
    life = Life()
    life.tell(report(19, WHOLE), outage(19, severity="WARN"))
    assert [each.inhibited_by for each in life.active] == [None] * 2
    # It is not told by itself all the same: the cause is the same.
    assert len({each.group_key for each in life.active}) == 1


def test_of_a_chain_the_upstream_most_explains_all() -> None:
    life = Life()
    life.tell(
        report(19, WHOLE),
        outage(19),
        report(19, WHOLE, source=FRESHNESS, severity="ERROR"),
    )
    root = life.of(FRESHNESS)
    assert life.of(MISSING).inhibited_by == life.of(HIT_RATE).inhibited_by == root.id
    assert {each.group_key for each in life.active} == {"event_date=2026-11-19, cause=raw_events"}


def test_both_end_together_and_nobody_is_told_of_what_was_explained() -> None:
    life = Life()
    life.tell(report(19, WHOLE), outage(19))
    cause = life.of(MISSING)
    # The report of the cause arrives first.
    assert life.tell(report(19, source=MISSING, evaluated_at=at(20, 8))) == ["resolved"]
    assert life.wait(minutes=5) == []
    assert life.tell(report(19, evaluated_at=at(20, 8.1))) == ["resolved"]
    assert [each.inhibited_by for each in life.incidents if each.source == HIT_RATE] == [cause.id]


def test_what_is_found_again_after_the_end_of_its_cause_outlives_it() -> None:
    life = Life()
    life.tell(report(19, WHOLE), outage(19))
    life.tell(report(19, source=MISSING, evaluated_at=at(20, 8)))
    told = life.tell(report(19, WHOLE, evaluated_at=at(20, 8.1)))
    assert told == ["repeated", "uninhibited"]
    assert life.of(HIT_RATE).inhibited_by is None


def test_what_does_not_end_within_the_grace_outlives_its_cause() -> None:
    life = Life(policy(grace=timedelta(minutes=15)))
    life.tell(report(19, WHOLE), outage(19))
    life.tell(report(19, source=MISSING, evaluated_at=at(20, 8)))
    assert life.wait(minutes=14) == []
    assert life.wait(minutes=1) == ["uninhibited"]


def test_what_is_explained_by_another_cause_meanwhile_stays_explained() -> None:
    life = Life()
    life.tell(report(19, WHOLE), outage(19))
    fresh = report(19, WHOLE, source=FRESHNESS, severity="ERROR", evaluated_at=at(20, 7))
    assert life.tell(fresh) == ["opened", "inhibited"]
    assert life.of(MISSING).inhibited_by == life.of(FRESHNESS).id
    told = life.tell(report(19, source=MISSING, evaluated_at=at(20, 8)))
    assert told == ["resolved", "inhibited"]
    assert life.of(HIT_RATE).inhibited_by == life.of(FRESHNESS).id


def test_a_silenced_or_acknowledged_cause_still_explains() -> None:
    life = Life()
    life.tell(outage(19))
    life.acknowledge(life.only, "ada")
    assert life.tell(report(19, WHOLE)) == ["opened", "inhibited"]


def test_a_failed_run_explains_that_data_are_missing_and_nothing_else() -> None:
    life = Life()
    life.tell(
        report(19, WHOLE, source=UPDATE, severity="ERROR"),
        outage(19),
        report(19, WHOLE, source=replace(COST, upstream=frozenset())),
    )
    run = life.of(UPDATE)
    assert life.of(MISSING).inhibited_by == run.id
    assert life.of(COST).inhibited_by is None


def test_that_there_are_no_data_is_why_there_are_fewer() -> None:
    life = Life()
    fewer = replace(MISSING, rule="event_volume_by_type")
    drift = replace(MISSING, rule="schema_drift")
    life.tell(outage(19), report(19, SMALL, source=fewer), report(19, WHOLE, source=drift))
    assert life.of(fewer, SMALL).inhibited_by == life.of(MISSING).id
    assert life.of(drift).inhibited_by is None
    assert life.of(drift).group_key == life.of(MISSING).group_key


def test_history_explains_nothing_and_needs_no_explanation() -> None:
    life = Life()
    early = [replace(each, evaluated_at=at(20)) for each in (report(2, WHOLE), outage(2))]
    assert life.tell(*early) == ["opened", "opened"]
    assert life.tell(report(19, WHOLE)) == ["resolved", "opened"]


def test_inhibition_by_labels_as_in_alertmanager() -> None:
    life = Life(
        policy(
            inhibit=[
                {"source": "severity = ERROR", "target": ["severity = WARN"], "equal": ["model"]}
            ]
        )
    )
    life.tell(report(19, SMALL, severity="ERROR"), report(19, SMALL, LARGE, WHOLE, source=COST))
    explained = {each.labels.get("model"): bool(each.inhibited_by) for each in life.active
                 if each.source == COST}  # fmt: skip
    assert explained == {"small": True, "large": False, None: False}


def test_none_of_two_that_are_both_source_and_target_inhibits_the_other() -> None:
    life = Life(policy(inhibit=[{"source": "group = metrics", "target": "group = metrics"}]))
    life.tell(report(19, WHOLE), report(19, WHOLE, source=COST))
    assert [each.inhibited_by for each in life.active] == [None, None]


def test_without_inhibition() -> None:
    life = Life(policy(inhibit=[]))
    life.tell(report(19, WHOLE), outage(19))
    assert [each.inhibited_by for each in life.active] == [None, None]


@pytest.mark.parametrize(
    ("group_by", "keys"),
    [
        (["event_date", "cause"], {"event_date=2026-11-19, cause=validated_events"}),
        (["cause"], {"cause=validated_events"}),
        (["rule"], {"rule=hit_rate", "rule=missing_data"}),
        (["group", "labels.model"], {
            "group=metrics, labels.model=small", "group=ingestion, labels.model="}),
        (["event_date"], {"event_date=2026-11-19"}),
        ([], {""}),
    ],
)  # fmt: skip
def test_what_is_told_together_can_be_set(group_by: list[str], keys: set[str]) -> None:
    life = Life(policy(group_by=group_by, inhibit=[]))
    life.tell(report(19, SMALL), outage(19))
    assert {each.group_key for each in life.active} == keys


def test_a_job_is_its_own_cause() -> None:
    life = Life()
    life.tell(report(None, WHOLE, source=UPDATE, evaluated_at=at(20)))
    assert life.only.group_key == "event_date=2026-11-20, cause=update"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"inhibit": [{"target": "rule = a"}]}, "source"),
        ({"inhibit": [{"source": []}]}, "at least 1 item"),
        ({"inhibit": [{"source": "severity is ERROR"}]}, "'severity is ERROR' is no matcher"),
        ({"inhibit": [{"source": "rule =~ ("}]}, "no regular expression"),
        ({"inhibit": [{"source": "rule = a", "downstraem": True}]}, "downstraem"),
        ({"group_by": ["model"]}, "cannot be grouped by 'model': it can be one of event_date"),
    ],
)
def test_a_wrong_entry_is_refused_in_words(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        policy(**keys)


def test_the_documentation_shows_the_defaults() -> None:
    [shown] = re.findall(r"```yaml\n(inhibit:.*?)```", DOCUMENT.read_text(), re.S)
    assert policy(**yaml.safe_load(shown)).inhibit == DEFAULT_INHIBITIONS
