"""Rules as they are written: what is refused, and with which words; overrides; the bundled ones."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from analytics_pipeline.alerting.configuration import AlertsFileError, read_alerts_file
from analytics_pipeline.alerting.declaration import Rule
from analytics_pipeline.alerting.evaluation import judged_by_checks
from analytics_pipeline.alerting.kinds.catalog import KINDS
from analytics_pipeline.alerting.ruleset import all_rules, bundled_rules, rules_of
from analytics_pipeline.settings import Settings, read_settings
from analytics_pipeline.tables import all_tables


def settings_with(tmp_path: Path, content: str) -> Settings:
    file = tmp_path / "alerts.yml"
    file.write_text(content)
    return read_settings(alerting={"file": file}, lake=tmp_path / "lake")


def rule_named(rules: tuple[Rule, ...], name: str) -> Rule:
    [found] = [rule for rule in rules if rule.name == name]
    return found


VALID = """\
rules:
  - name: mine
    kind: threshold
    description: All is well.
    metric: daily_cache_metrics.hit_rate
    below: 0.5
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("rules:", "ruels:", 1, "unknown key 'ruels'; did you mean 'rules'?"),
        ("rules:", "rules: 3", 1, "not valid YAML"),
        ("name: mine", "nome: mine", 2, "the field 'name' is missing: each rule has one."),
        ("name: mine", "name: Mine!", 2, "rule Mine!: name: String should match pattern"),
        ("kind: threshold", "kind: treshold", 3,
         "rule mine: kind 'treshold' is unknown; did you mean 'threshold'?"),
        ("    kind: threshold\n", "", 2,
         "rule mine: the field 'kind' is missing, and no bundled rule has this name; a kind is one "
         "of threshold, weekday_change, "),
        ("    description: All is well.\n", "", 2,
         "rule mine: the field 'description' is missing: one sentence that says what is so while "
         "all is well."),
        ("below: 0.5", "belov: 0.5", 6,
         "rule mine: unknown field 'belov'; did you mean 'below'?"),
        ("    below: 0.5\n", "", 2,
         "rule mine: a threshold needs below or above: a number, or the name of a setting."),
        ("below: 0.5", "below: thresholds.hitrate", 6,
         "rule mine: below: a limit is a number, or names a setting: thresholds.hit_rate_min, "),
        ("below: 0.5", "below: [1]", 6, "rule mine: below.float: Input should be a valid number"),
        ("below: 0.5", "below: 0.5\n    severity: fatal", 7,
         "rule mine: severity: Input should be 'warn' or 'error' (got 'fatal')."),
        ("below: 0.5", "below: 0.5\n    direction: down", 7,
         "rule mine: direction: Input should be 'below', 'above' or 'both' (got 'down')."),
        ("below: 0.5", "below: 0.5\n    asset: daily_cache_metric", 7,
         "rule mine: asset: there is no daily asset 'daily_cache_metric'; did you mean "
         "'daily_cache_metrics'?"),
        ("daily_cache_metrics.hit_rate", "hit_rate", 5,
         "rule mine: metric: a metric is named MART.COLUMN, such as daily_cache_metrics.hit_rate "
         "(got 'hit_rate')."),
        ("daily_cache_metrics.hit_rate", "daily_cash_metrics.hit_rate", 5,
         "rule mine: metric: there is no mart 'daily_cash_metrics'; did you mean "
         "'daily_cache_metrics'?"),
        ("daily_cache_metrics.hit_rate", "daily_cache_metrics.hitrate", 5,
         "rule mine: metric: 'hitrate' is no metric of daily_cache_metrics; did you mean "
         "'hit_rate'?"),
        ("below: 0.5", "below: 0.5\n    evidence: total_querys", 7,
         "rule mine: evidence: 'total_querys' is no column of daily_cache_metrics; did you mean "
         "'total_queries'?"),
        ("below: 0.5", "below: 0.5\n    relative_to: p95_response_tim", 7,
         "rule mine: relative_to: 'p95_response_tim' is no column of daily_cache_metrics; did you "
         "mean 'p95_response_time'?"),
        ("below: 0.5", "below: 0.5\n    where: {modell: small}", 7,
         "rule mine: where: 'modell' is no column of daily_cache_metrics; known are: "),
        ("below: 0.5", "below: 0.5\n    slices: model", 7,
         "rule mine: slices: 'model' is no column of daily_cache_metrics; "),
        ("daily_cache_metrics.hit_rate",
         "daily_cache_metrics_by_slice.hit_rate\n    slices: modl", 6,
         "rule mine: slices: 'modl' is no dimension of daily_cache_metrics_by_slice; did you mean "
         "'model'?"),
        ("daily_cache_metrics.hit_rate", "daily_cache_metrics_by_slice.hit_rate", 2,
         "rule mine: slices: daily_cache_metrics_by_slice has several rows a day, told apart by "
         "dimension, value: name dimension, value in slices, or choose one value in where."),
        ("    below: 0.5\n", "    below: 0.5\n  - name: mine\n    enabled: false\n", 7,
         "rule mine: there are two rules of this name."),
        ("  - name: mine", "  - just text\n  - name: mine", 2,
         "a rule is a mapping with name and kind."),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_told_with_its_line_and_what_may_stand_there(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert old in VALID
    settings = settings_with(tmp_path, VALID.replace(old, new, 1))
    with pytest.raises(AlertsFileError) as raised:
        rules_of(settings)
    assert str(raised.value).startswith(f"{settings.alerting.file}:{line}: ") or (
        message == "not valid YAML"
    )
    assert message in str(raised.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    twice = VALID + VALID.replace("rules:\n", "").replace("mine", "other")
    wrong = twice.replace("below", "belov")
    with pytest.raises(AlertsFileError) as raised:
        rules_of(settings_with(tmp_path, wrong))
    lines = str(raised.value).splitlines()
    assert [re.sub(r".*yml:(\d+): (rule \w+): unknown.*", r"\1 \2", line) for line in lines if
            "unknown" in line] == ["6 rule mine", "11 rule other"]  # fmt: skip


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = read_settings(alerting={"file": tmp_path / "none.yml"})
    with pytest.raises(AlertsFileError, match=r"alerting\.file names .*none\.yml, which is not"):
        rules_of(settings)


@pytest.mark.parametrize("content", ["", "rules:\n", "rules: []\n", "receivers: {}\n"])
def test_without_rules_of_ones_own_there_are_the_bundled_ones(tmp_path: Path, content: str) -> None:
    assert rules_of(settings_with(tmp_path, content)) == rules_of(Settings())


def test_the_file_in_the_working_directory_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "alerts.yml").write_text(VALID)
    monkeypatch.chdir(tmp_path)
    assert rules_of(Settings())[-1].name == "mine"


def test_a_bundled_rule_is_overridden_by_name(tmp_path: Path) -> None:
    content = """\
rules:
  - name: hit_rate
    below: 0.4
    severity: error
    owner: ada@example.com
  - name: cost_anomaly
    enabled: false
  - name: monthly_budget
    budget: 5000
  - name: traffic_anomaly
    kind: threshold
    description: There are queries.
    metric: daily_cache_metrics.total_queries
    below: 10
"""
    rules = rules_of(settings_with(tmp_path, content))
    changed, before = rule_named(rules, "hit_rate"), rule_named(rules_of(Settings()), "hit_rate")
    assert changed.model_dump() == before.model_dump() | {
        "below": 0.4, "severity": "error", "owner": "ada@example.com",
    }  # fmt: skip
    names = [rule.name for rule in rules]
    assert "cost_anomaly" not in names
    assert "monthly_budget" in names
    assert "monthly_budget" not in [rule.name for rule in rules_of(Settings())]
    replaced = rule_named(rules, "traffic_anomaly")
    assert (replaced.kind, replaced.runbook) == ("threshold", "")


def test_a_wrong_override_is_told_at_its_place(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, "rules:\n  - name: hit_rate\n    below: low\n")
    with pytest.raises(AlertsFileError, match=r"alerts\.yml:3: rule hit_rate: below: a limit is"):
        rules_of(settings)


def test_what_stands_under_a_key_is_handed_on_with_its_lines(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, "receivers:\n  phone:\n    url_env: PHONE\n")
    section = read_alerts_file(settings).section("receivers")
    assert section.data == {"phone": {"url_env": "PHONE"}}
    assert str(section.file.where(*section.place, "phone", "url_env")).endswith("alerts.yml:3")
    assert read_alerts_file(settings).section("routes").data is None


def test_the_bundled_rules_are_sound() -> None:
    rules = all_rules(Settings())
    assert {rule.kind for rule in rules} == set(KINDS)
    assert len(judged_by_checks(rules_of(Settings()))) >= 20
    assert len({rule.name for rule in rules}) == len(rules) == len(bundled_rules())
    for rule in judged_by_checks(rules):
        assert {rule.about, *rule.reads} <= set(all_tables()), rule.name
        assert rule.description.strip().endswith("."), rule.name
        assert rule.runbook == f"docs/alert-rules.md#rule-{rule.name}"


def test_every_threshold_of_the_settings_is_the_limit_of_a_bundled_rule() -> None:
    from analytics_pipeline.settings import Thresholds

    written = " ".join(str(declared.fields) for declared in bundled_rules().values())
    assert set(re.findall(r"thresholds\.(\w+)", written)) == set(Thresholds.model_fields)


DOCTOR = "from analytics_pipeline.cli import main; main()"
LOADED = """\
from analytics_pipeline.definitions import defs
keys = {key.to_user_string() for key in defs.resolve_asset_graph().asset_check_keys}
assert "daily_cache_metrics:mine" in keys, keys
"""


def test_the_definitions_have_a_rule_of_ones_own_and_refuse_a_wrong_one(tmp_path: Path) -> None:
    def run(*command: str) -> subprocess.CompletedProcess[str]:
        import os

        environment = {
            **os.environ, "AICACHE_LAKE": str(tmp_path / "lake"),
            "AICACHE_LANDING_ZONE": str(tmp_path), "DAGSTER_HOME": str(tmp_path / "home"),
        }  # fmt: skip
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        return subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, check=False,
            env=environment, cwd=tmp_path,
        )  # fmt: skip

    (tmp_path / "alerts.yml").write_text(VALID)
    loaded = run("-W", "error::dagster.PreviewWarning", "-c", LOADED)
    assert loaded.returncode == 0, loaded.stderr
    (tmp_path / "alerts.yml").write_text(VALID.replace("below", "belov"))
    refused = run("-c", LOADED)
    message = "alerts.yml:6: rule mine: unknown field 'belov'; did you mean 'below'?"
    assert message in refused.stderr
    examined = run("-c", DOCTOR, "doctor", "--json")
    assert examined.returncode == 1
    assert message in examined.stdout
