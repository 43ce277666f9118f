"""The examples of docs/alerts.md through the readers of the product, and the runbooks of rules.

What they find on the bundled sample is tested in end_to_end/test_command_line.py.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.main import get_command

from analytics_pipeline.alerting.configuration import read_alerts_file
from analytics_pipeline.alerting.declaration import Rule
from analytics_pipeline.alerting.incidents.incident import Incident
from analytics_pipeline.alerting.kinds.catalog import KINDS
from analytics_pipeline.alerting.notifying.configuration import (
    NotifyingConfiguration,
    notifying_configuration,
)
from analytics_pipeline.alerting.notifying.routing import held_until, routes_for
from analytics_pipeline.alerting.notifying.sending import problem_of, shown
from analytics_pipeline.alerting.rounds import policy_of
from analytics_pipeline.alerting.ruleset import all_rules, rules_of
from analytics_pipeline.cli_alerts import alerts_app
from analytics_pipeline.documentation.documents import DOCS
from analytics_pipeline.settings import Settings, read_settings
from analytics_pipeline.tables import all_tables
from analytics_pipeline_tests.alerting.notifying.stories import an_incident
from analytics_pipeline_tests.documentation.alert_examples import (
    ADD_A_RULE,
    CHANGED_RULES,
    EACH_KIND,
    FIRST_ALERT,
    ROUTES,
    section,
)

EXAMPLES = {
    "a first alert": FIRST_ALERT,
    "a rule": ADD_A_RULE,
    "each kind": EACH_KIND,
    "changed rules": CHANGED_RULES,
    "routes": ROUTES,
}
BUNDLED = {rule.name: rule for rule in all_rules(Settings())}


def settings_with(folder: Path, content: str) -> Settings:
    (folder / "alerts.yml").write_text(content)
    return read_settings(alerting={"file": folder / "alerts.yml"})


def own_rules(settings: Settings) -> dict[str, Rule]:
    return {rule.name: rule for rule in rules_of(settings) if rule.name not in BUNDLED}


def configuration(folder: Path, content: str) -> NotifyingConfiguration:
    return notifying_configuration(read_alerts_file(settings_with(folder, content)))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_valid(name: str, tmp_path: Path) -> None:
    settings = settings_with(tmp_path, EXAMPLES[name])
    assert rules_of(settings)
    policy_of(settings, read_alerts_file(settings))
    notifying_configuration(read_alerts_file(settings))


def test_there_is_an_example_of_every_kind(tmp_path: Path) -> None:
    rules = own_rules(settings_with(tmp_path, EACH_KIND))
    assert [rule.kind for rule in rules.values()] == list(KINDS)


def test_bundled_rules_are_changed_as_the_page_says(tmp_path: Path) -> None:
    rules = {rule.name: rule for rule in rules_of(settings_with(tmp_path, CHANGED_RULES))}
    changed = rules["hit_rate"].model_dump()
    assert (changed["below"], changed["severity"], changed["team"]) == (0.3, "error", "search")
    assert changed["runbook"] == BUNDLED["hit_rate"].runbook
    assert "cost_anomaly" not in rules
    assert "monthly_budget" in rules and not BUNDLED["monthly_budget"].is_active


@pytest.mark.parametrize(
    ("service", "kind"),
    [
        ("e-mail", "E-Mail at mail.example.org"),
        ("Slack", "Slack"),
        ("Teams", "Power Automate"),
        ("PagerDuty", "Pager Duty"),
        ("webhook", "JSON at hooks.example.org"),
    ],
)
def test_the_urls_are_of_the_services(service: str, kind: str) -> None:
    [url] = re.findall(rf"^\| {service} \| `([^`]+)`", section("Receivers"), re.MULTILINE)
    assert problem_of(url) is None
    assert kind in shown(url)


NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 27, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("incident", "moment", "told"),
    [
        (an_incident(severity="ERROR", team="search"), NOON, ["on-call"]),
        (an_incident(severity="WARN", team="search", labels={"model": "atlas-s"}), NOON,
         ["team", "team"]),
        (an_incident(severity="WARN", team="search", labels={"model": "atlas-s"}), NIGHT, ["team"]),
        (an_incident(severity="WARN", team="ads"), NOON, ["team"]),
    ],
)  # fmt: skip
def test_the_routes_tell_whom_the_page_says(
    tmp_path: Path, incident: Incident, moment: datetime, told: list[str]
) -> None:
    routes = routes_for(configuration(tmp_path, ROUTES), incident, moment)
    assert [name for route in routes for name in route.to] == told


def test_quiet_hours_hold_warnings_and_no_errors(tmp_path: Path) -> None:
    known = configuration(tmp_path, ROUTES)
    assert held_until(known, "on-call", None, NIGHT, ["ERROR"]) == NIGHT
    morning = datetime(2026, 11, 28, 6, tzinfo=UTC)
    assert held_until(known, "on-call", None, NIGHT, ["WARN"]) == morning


def test_the_page_lists_every_command() -> None:
    listed = section("Commands").partition("| --- |")[2] or section("Commands")
    rows = re.findall(r"^\| (`.*?) \|", listed, re.MULTILINE)[1:]
    words = {word for row in rows for word in re.findall(r"`(\w+)", row)}
    assert words == set(get_command(alerts_app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", BUNDLED)
def test_a_runbook_is_there_and_tells_what_to_look_at(name: str) -> None:
    rule = BUNDLED[name]
    file, _, anchor = rule.runbook.partition("#")
    text = (DOCS.parent / file).read_text(encoding="utf-8")
    assert text.count(f'<a id="{anchor}"></a>') == 1
    assert len(rule.response) > 100, "say what it may mean and what to look at first"
    for word in re.findall(r"`([^`]+)`", rule.response):
        is_command = word.startswith("aicache-analytics ")
        assert is_command or word in {*all_tables(), *BUNDLED, *type(rule).model_fields}, word


def test_a_runbook_is_a_link_where_the_setting_says_where_they_lie(tmp_path: Path) -> None:
    own = ADD_A_RULE + "    runbook: https://wiki.example.org/cpu\n"
    (tmp_path / "alerts.yml").write_text(own)
    base = "https://git.example.org/cache/analytics/"
    settings = read_settings(alerting={"file": tmp_path / "alerts.yml", "runbook_base": base})
    rules = {rule.name: rule for rule in rules_of(settings)}
    assert rules["hit_rate"].runbook == f"{base}docs/alert-rules.md#rule-hit_rate"
    assert rules["cpu_busy"].runbook == "https://wiki.example.org/cpu"
    assert getattr(rules["hit_rate"], "metric_id") == "daily_cache_metrics.hit_rate"  # noqa: B009
