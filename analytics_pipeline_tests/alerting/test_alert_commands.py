"""The commands on alerts, as processes of their own, on a lake with incidents."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.incidents.incident import Incident, Report, Source
from analytics_pipeline.alerting.incidents.store import IncidentStore
from analytics_pipeline.alerting.notifying.delivering import deliver_due
from analytics_pipeline.alerting.rounds import SCHEMAS
from analytics_pipeline.cli import app
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import current_settings, read_settings
from analytics_pipeline_tests.alerting.notifying.receivers import Webhook, webhook
from analytics_pipeline_tests.alerting.notifying.stories import configured

ALERTS = """
receivers:
  oncall: {url_env: COMMANDS_URL, description: Who is on call this week.}
  lead: {url_env: COMMANDS_LEAD_URL}
routes: [{to: oncall, group_wait: 0s, escalate: [{after: 30m, to: lead}]}]
"""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook(lambda path, _: 503 if path == "/broken" else 200) as server:
        monkeypatch.setenv("COMMANDS_URL", server.url("T0KENS/oncall"))
        monkeypatch.setenv("COMMANDS_LEAD_URL", server.url("broken"))
        yield server


@pytest.fixture
def lake(tmp_path: Path, hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "alerts.yml").write_text(ALERTS)
    monkeypatch.setenv("AICACHE_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("AICACHE_LANDING_ZONE", str(tmp_path))
    monkeypatch.setenv("AICACHE_ALERTING__FILE", str(tmp_path / "alerts.yml"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    yield tmp_path / "lake"
    current_settings.cache_clear()


def found(lake: Path, rule: str = "hit_rate", labels: dict[str, str] | None = None) -> Incident:
    """An incident that a check found just now."""
    now = datetime.now(UTC)
    source = Source(rule, "daily_cache_metrics", "metrics", "team:cache", "cache")
    finding = Finding(f"{rule} is wrong.", labels or {}, 0.4, 0.8, 0.7)
    with store(lake) as incidents:
        incidents.apply([Report(f"{rule} {now}", source, "ERROR", now.date(), now, (finding,))])
        return incidents.incidents(rule=rule)[0]


def store(lake: Path) -> Any:
    return IncidentStore.open(Lake.of(read_settings(lake=lake)).state, None, *SCHEMAS)


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["alerts", *arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result.output


def test_incidents_are_listed_shown_and_acknowledged(lake: Path, hook: Webhook) -> None:
    incident = found(lake, labels={"model": "small"})
    assert incident.id in run("list") and "model=small" in run("list")
    assert json.loads(run("list", "--json", "--match", "rule = other")) == []
    assert json.loads(run("list", "--json"))[0]["id"] == incident.id
    assert "Acknowledged" in run("ack", incident.id[:8], "--by", "ann", "--comment", "On it.")
    shown = run("show", incident.id)
    for part in ("acknowledged", "ann", "On it.", "hit_rate is wrong.", "0.4", "team:cache"):
        assert part in shown
    assert "no such" not in shown
    run("resolve", incident.id)
    assert "No incident is under way." in run("list")
    assert incident.id in run("list", "--all")
    content = json.loads(run("show", incident.id, "--json"))
    assert [entry["change"] for entry in content["history"]] == [
        "opened", "acknowledged", "resolved"
    ]  # fmt: skip


def test_a_silence_is_set_listed_and_ended(lake: Path, hook: Webhook) -> None:
    incident, other = found(lake), found(lake, "other")
    made = json.loads(run("silence", incident.id, "--for", "2h", "--comment", "Known.", "--json"))
    assert made["matchers"] == 'rule="hit_rate", asset="daily_cache_metrics"'
    assert {each["id"]: each["status"] for each in json.loads(run("list", "--json"))} == {
        incident.id: "silenced", other.id: "open",
    }  # fmt: skip
    assert "Known." in run("list", "--silences")
    run("unsilence", made["id"])
    assert "Nothing is silenced." in run("list", "--silences")
    later = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    run("silence", "--match", "team = cache", "--until", later)
    assert len(json.loads(run("list", "--json", "--status", "silenced"))) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["ack", "nothing"], 1, "There is no incident nothing"),
        (["silence", "--for", "2h"], 2, "the id of an incident, or --match"),
        (["silence", "--match", "rule = x"], 2, "either --for or --until"),
        (["silence", "--match", "rule = x", "--for", "2"], 2, "is no duration"),
        (["list", "--status", "new"], 2, "There is no status new"),
        (["test", "--receiver", "nobody"], 2, "There is no receiver nobody"),
    ],
)
def test_wrong_usage_is_said(lake: Path, arguments: list[str], code: int, said: str) -> None:
    found(lake)
    assert said in run(*arguments, code=code).replace("\n", " ")


def test_an_empty_lake_has_no_alerts(lake: Path) -> None:
    assert "is no lake yet" in " ".join(run("list", code=1).split())
    assert not lake.exists()


def test_a_test_message_reaches_each_url_or_says_why_not(lake: Path, hook: Webhook) -> None:
    said = run("test", code=1)
    assert (
        "ok    oncall, COMMANDS_URL: JSON at 127.0.0.1" in said
        and "FAIL  lead, COMMANDS_LEAD_URL" in said
    )
    assert "503" in said and "T0KENS" not in said
    [posted] = hook.accepted
    assert posted.content["title"] == "[TEST] aicache-analytics reaches oncall"
    assert "Nothing is wrong." in posted.content["message"]
    [trial] = json.loads(run("test", "--receiver", "oncall", "--json"))
    assert trial["reached"] and trial["receiver"] == "oncall"


def test_what_could_not_be_delivered_is_listed_with_its_reason(
    lake: Path, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(lake)
    monkeypatch.delenv("COMMANDS_URL")
    configuration = configured(
        receivers={"oncall": {"url_env": "COMMANDS_URL"}}, defaults={"group_wait": "0s"}
    )
    with store(lake) as incidents:
        deliver_due(incidents.connection, configuration)
    [dead] = json.loads(run("list", "--dead", "--json"))
    assert "COMMANDS_URL is not set" in dead["reason"] and "hit_rate" in dead["subject"]
    examined = CliRunner().invoke(app, ["doctor", "--json"]).output
    [alerts] = [each for each in json.loads(examined) if each["subject"] == "alerts"]
    assert not alerts["passed"]
    assert "COMMANDS_URL is not set" in alerts["message"]
    assert "1 messages of the last 7 days could not be delivered" in alerts["message"]
    monkeypatch.setenv("COMMANDS_URL", hook.url("mended"))
    said = run("deliver", "--dead")
    assert "1 sent" in said
    assert [posted.path for posted in hook.accepted] == ["/mended"]
    assert "Every message was delivered." in run("list", "--dead")


def test_doctor_says_that_nobody_is_told(lake: Path) -> None:
    (lake.parent / "alerts.yml").write_text("")
    examined = CliRunner().invoke(app, ["doctor", "--json"]).output
    [alerts] = [each for each in json.loads(examined) if each["subject"] == "alerts"]
    assert alerts["passed"] and "nobody is told" in alerts["message"]


def test_help_comes_at_once_and_has_examples(lake: Path) -> None:
    main = "from analytics_pipeline.cli import main; main()"
    command = [sys.executable, "-X", "importtime", "-c", main, "alerts", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for heavy in ("apprise", "dagster", "jinja2"):
        assert f"| {heavy}\n" not in done.stderr
    for name in ("list", "show", "ack", "silence", "unsilence", "resolve", "test", "deliver"):
        assert "Example: aicache-analytics alerts" in run(name, "--help")
