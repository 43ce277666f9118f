"""Who is told: routes as a table of examples, and what a wrong file is told."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.alerting.configuration import AlertsFileError, parse_alerts_file
from analytics_pipeline.alerting.notifying.configuration import (
    NotifyingConfiguration,
    notifying_configuration,
    url_of,
)
from analytics_pipeline.alerting.notifying.entries import NotifyingError
from analytics_pipeline.alerting.notifying.routing import routes_for
from analytics_pipeline_tests.alerting.notifying.stories import an_incident

FILE = """
receivers:
  team: {url_env: TEAM_URL}
  oncall: {url_env: [ONCALL_URL, ONCALL_MAIL_URL]}
  lead: {url_env: LEAD_URL}
  search: {url_env: SEARCH_URL}
  archive: {url_env: ARCHIVE_URL}
  data: {url_env: DATA_URL}
time_intervals:
  office: {weekdays: mon-fri, times: "09:00-18:00", zone: Europe/Berlin}
defaults: {to: team, group_wait: 1m}
routes:
  - name: archive
    to: archive
    continue: true
  - name: noise
    match: rule =~ "noisy_.*"
    to: []
  - name: errors
    match: {severity: error}
    to: oncall
    escalate: [{after: 30m, to: lead}]
    routes:
      - match: {team: search}
        during: office
        to: search
        group_wait: 5s
      - match: [group = ingestion, 'asset != "quarantined_lines"']
        to: data
  - name: slices
    match: {model: [small, tiny]}
    to: search
"""


def read(tmp_path: Path, text: str) -> NotifyingConfiguration:
    file = tmp_path / "alerts.yml"
    file.write_text(text)
    return notifying_configuration(parse_alerts_file(file, "alerts.yml"))


NOON = datetime(2026, 11, 27, 11, tzinfo=UTC)
NIGHT = datetime(2026, 11, 27, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("incident", "moment", "told"),
    [
        ({}, NOON, ["archive", "oncall"]),
        ({"team": "search"}, NOON, ["archive", "search"]),
        ({"team": "search"}, NIGHT, ["archive", "oncall"]),
        ({"group": "ingestion"}, NOON, ["archive", "data"]),
        ({"group": "ingestion", "asset": "quarantined_lines"}, NOON, ["archive", "oncall"]),
        ({"severity": "WARN"}, NOON, ["archive"]),
        ({"severity": "WARN", "labels": {"model": "tiny"}}, NOON, ["archive", "search"]),
        ({"severity": "WARN", "labels": {"model": "tiny2"}}, NOON, ["archive"]),
        ({"rule": "noisy_one"}, NOON, ["archive"]),
        ({"rule": "so_noisy_one"}, NOON, ["archive", "oncall"]),
    ],
)
def test_who_is_told(
    tmp_path: Path, incident: dict[str, Any], moment: datetime, told: list[str]
) -> None:
    found = routes_for(read(tmp_path, FILE), an_incident(**incident), moment)
    assert [receiver for route in found for receiver in route.to] == told


def test_what_no_route_matches_is_told_by_the_defaults(tmp_path: Path) -> None:
    without_archive = re.sub(r"  - name: archive.*?(?=  - name: noise)", "", FILE, flags=re.S)
    configuration = read(tmp_path, without_archive)
    [route] = routes_for(configuration, an_incident(severity="WARN"), NOON)
    assert (route.name, route.to) == ("defaults", ("team",))


def test_a_route_takes_what_it_does_not_say_from_those_around_it(tmp_path: Path) -> None:
    _, route = routes_for(read(tmp_path, FILE), an_incident(team="search"), NOON)
    assert route.group_wait.total_seconds() == 5
    assert route.escalate[0].to == ("lead",)
    assert route.name == 'team="search", during office to search'


def test_without_routes_everybody_is_told_and_without_receivers_nobody(tmp_path: Path) -> None:
    two = read(tmp_path, "receivers: {a: {url_env: A}, b: {url_env: B}}")
    [route] = routes_for(two, an_incident(), NOON)
    assert route.to == ("a", "b")
    assert routes_for(read(tmp_path, ""), an_incident(), NOON) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("receivers: {a: {url: slack://T1/B1/secret}}", r"receivers.a.url: a URL of a receiver"),
        ("receivers: {a: {url_env: slack://T1/B1/secret}}", r"does not belong into a file"),
        ("receivers: {a: {url_env: xoxb-secret}}", r"takes the name of an environment variable"),
        ("receivers: {a: {url_env: []}}", r"alerts.yml:1: .*url_env"),
        ("receivers: {a: {url_env: A, qiet_hours: x}}", r"unknown field .*qiet_hours"),
        ("routes:\n  - to: nobody", r"routes.1: there is no receiver nobody; there is none"),
        ("receivers: {a: {url_env: A}}\nroutes: [{match: {severity: high}, to: a}]",
         r"alerts.yml:2: .*severity is error or warn"),
        ("receivers: {a: {url_env: A}}\nroutes: [{match: 'rule ~ x', to: a}]", r"is no matcher"),
        ("receivers: {a: {url_env: A}}\nroutes: [{match: 'rule =~ [', to: a}]",
         r"no regular expression"),
        ("receivers: {a: {url_env: A}}\nroutes: [{match: {team: x}}]", r"routes.1: it names no"),
        ("receivers: {a: {url_env: A}}\nroutes: [{to: a, during: nights}]",
         r"there is no time interval nights"),
        ("receivers: {a: {url_env: A}}\nroutes: [{to: a, group_wait: 30}]", r"30s, 15m"),
        ("receivers: {a: {url_env: A}}\nroutes: [{to: a, digest: {}}]", r"either `at"),
        ("maintenance: [{name: m}]", r"maintenance m: give from and to"),
        ("maintenance: [{name: m, from: 2026-11-28T20:00:00, to: 2026-11-28T22:00:00}]",
         r"timezone"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_what_is_wrong_and_no_secret(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises((AlertsFileError, NotifyingError), match=said) as raised:
        read(tmp_path, text)
    assert "secret" not in str(raised.value)


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONCALL_URL", raising=False)
    with pytest.raises(NotifyingError, match=r"receiver oncall: .*ONCALL_URL is not set"):
        url_of("ONCALL_URL", "oncall")


def test_the_example_of_the_documentation_is_right(tmp_path: Path) -> None:
    example = Path(__file__).parents[3] / "docs" / "alerts.example.yml"
    configuration = read(tmp_path, example.read_text())
    assert set(configuration.receivers) == {"team-channel", "on-call", "team-lead", "search-team"}
    error = an_incident(team="search", severity="ERROR")
    assert routes_for(configuration, error, NOON)[0].to == ("search-team",)
    assert routes_for(configuration, error, NIGHT)[0].to == ("on-call",)
    warnings = routes_for(configuration, an_incident(severity="WARN"), NOON)
    assert [route.to for route in warnings] == [("team-channel",)]
    defaults = read(tmp_path, "receivers: {a: {url_env: A}}")
    for name in ("group_by", "group_wait", "group_interval", "repeat_interval", "send_resolved"):
        said = getattr(configuration.defaults, name)
        [unsaid] = routes_for(defaults, error, NOON)
        assert getattr(unsaid, name) == said, name
