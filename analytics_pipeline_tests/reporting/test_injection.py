"""Text from logs injects nothing: not into HTML, not into CSV, not into the charts."""

import base64
import csv
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from markupsafe import escape

from analytics_pipeline.alerting.findings import Evaluation, Finding
from analytics_pipeline.optimization.tables import RECOMMENDATIONS
from analytics_pipeline.reporting.daily import Reports
from analytics_pipeline.reporting.document import Report
from analytics_pipeline.reporting.formats.csv import as_csv
from analytics_pipeline.reporting.formats.json import as_json
from analytics_pipeline_tests.reporting.page_reading import page_of
from analytics_pipeline_tests.reporting.report_lake import (
    DAY,
    block_of,
    build_tables,
    report_of,
    reports_of,
    store,
)
from analytics_pipeline_tests.workspace import Workspace, query_event

ATTACKS = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "</style></title></table><iframe src=https://evil.example>",
    "<!-- --><base href=//evil.example>",
    "{{ 7 * 7 }} {% raw %} ${7*7} {{ content.__class__ }}",
    "javascript:alert(1)",
    "=HYPERLINK(\"https://evil.example\",\"open\")",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "two\nlines, a \"quote\" and; semicolons",
    "right\u202eto left \u2066isolate",
    "bell\x07 escape\x1b[31m nul\x00",
    "&lt;b&gt; &amp; already escaped",
    "$\\frac{1}{0}$ ^_^ \\usepackage{x}",
    "漢字 🙂 e\u0301",
)  # fmt: skip


def attacks() -> list[dict[str, Any]]:
    """Events of every kind, with an attack wherever a text of the source is kept."""
    events: list[dict[str, Any]] = []
    for number, attack in enumerate(ATTACKS):
        at = f"{DAY}T10:00:{number:02}Z"
        events += [
            query_event(
                timestamp=at, event_id=f"{attack}{copy}", query=attack, team=attack,
                response_time=3 + copy, model=attack, user_id=attack, cache_key=attack,
                context={"language": attack, "framework": attack}, cache_hit=False, cost=0.01,
            )
            for copy in range(2)
        ]  # fmt: skip
        run = {
            "timestamp": at, "started_at": at, "finished_at": f"{DAY}T10:30:00Z",
            "repository": attack, "pipeline": attack, "commit": attack, "status": "success",
        }  # fmt: skip
        events += [
            {"event_type": "system_metric", "timestamp": at, "metric_name": attack, "value": 1.5,
             "unit": attack, "host": attack},
            {"event_type": "log_entry", "timestamp": at, "level": "ERROR", "message": attack,
             "component": attack},
            {"event_type": "ui_interaction", "timestamp": at, "user_id": attack,
             "action": attack, "element": attack, "page": attack},
            {"event_type": "build", **run},
            {"event_type": "deployment", "environment": "production", **run},
            {"event_type": attack, "timestamp": at},
        ]  # fmt: skip
    events.append({
        "event_type": "system_metric", "timestamp": f"{DAY}T11:00:00Z",
        "metric_name": "cpu_usage", "value": 50, "unit": ATTACKS[0],
    })  # fmt: skip
    return events


def attacking_advice() -> list[dict[str, Any]]:
    return [
        {
            "rank": rank, "kind": "slow_model", "subject": attack, "labels": "{}",
            "recommendation": attack, "usd_per_day": 1.0, "seconds_per_day": None,
            "reason": attack, "counterfactual": attack, "assumption": attack,
            "evidence": json.dumps([
                {"metric": attack, "value": 1.0, "unit": attack, "aggregate": attack}
            ]),
            "window_first": DAY, "window_days": 1, "days_observed": 1,
        }
        for rank, attack in enumerate(ATTACKS, start=1)
        if "\x00" not in attack
    ]  # fmt: skip


def attacking_alerts() -> list[Evaluation]:
    return [
        Evaluation(
            f"rule_{number}", "WARN", False, None, 0.5, attack, unit=attack, metric=attack,
            findings=(Finding(f"{attack}!", {attack: attack}, 0.5),),
        )
        for number, attack in enumerate(ATTACKS)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def attacked_lake(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.create(tmp_path_factory.mktemp("attack") / "workspace")
    events = attacks()
    for position, name in enumerate(
        ("=cmd.jsonl", "<img src=x onerror=alert(1)>.jsonl", "'\";&.jsonl")
    ):
        workspace.drop(name, events[position::3])
    workspace.ingest()
    build_tables(workspace.lake, workspace.settings, [DAY])
    store(workspace.lake, RECOMMENDATIONS, DAY, attacking_advice())
    return workspace


@pytest.fixture(scope="module")
def attacked_views(attacked_lake: Workspace) -> Reports:
    return reports_of(attacked_lake, [DAY], alerts={DAY: attacking_alerts()})[DAY]


@pytest.fixture(scope="module")
def attacked(attacked_views: Reports) -> Report:
    return attacked_views["engineer"]


@pytest.fixture(scope="module")
def attacked_page(attacked: Report) -> BeautifulSoup:
    return page_of(attacked)


def values_of(report: Report, block: str, column: str) -> set[Any]:
    return {row[column] for row in block_of(report, block).listing.rows}


def test_the_attacks_reached_the_report(attacked: Report) -> None:
    attacks = set(ATTACKS)
    assert values_of(attacked, "top_queries", "query") == attacks
    assert values_of(attacked, "metric_values", "metric_name") >= attacks
    for block in ("cache_by_model", "cost_by_team", "engagement_by_team"):
        assert values_of(attacked, block, "value") >= attacks, block
    assert values_of(attacked, "hosts", "host") >= attacks
    assert values_of(attacked, "log_components", "component") >= attacks
    assert values_of(attacked, "features", "element") >= attacks
    assert values_of(attacked, "pipelines", "repository") >= attacks
    assert values_of(attacked, "deployment_impact", "commit") >= attacks
    assert len(block_of(attacked, "files").listing.rows) == 3


def test_executives_read_none_of_the_attacks(attacked_views: Reports) -> None:
    page = page_of(attacked_views["executive"])
    said = page.get_text() + str(page)
    for attack in ATTACKS:
        if len(attack.strip()) > 5:
            assert attack not in said
            assert str(escape(attack)) not in said


def test_html_has_no_element_and_no_attribute_of_an_attack(
    attacked_page: BeautifulSoup, page: BeautifulSoup
) -> None:
    names = {element.name for element in attacked_page.find_all(True)}
    assert names <= {element.name for element in page.find_all(True)}
    assert not names & {"script", "iframe", "base", "object", "embed", "form", "link"}
    attributes = {name for element in attacked_page.find_all(True) for name in element.attrs}
    assert not [name for name in attributes if name.startswith("on")]
    assert attributes <= {name for element in page.find_all(True) for name in element.attrs}


def test_html_shows_the_attacks_as_text(attacked_page: BeautifulSoup) -> None:
    languages = attacked_page.find("table", attrs={"data-listing": "languages"})
    assert languages is not None
    shown = languages.get_text("\n")
    for attack in ATTACKS[:5]:
        assert attack.lower() in shown
    everything = attacked_page.get_text()
    assert "{{ 7 * 7 }} {% raw %}" in everything
    assert "&lt;b&gt; &amp; already escaped" in everything
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", everything)
    assert "escape␛[31m" in everything


def test_attributes_keep_a_text_in_one_line_of_harmless_characters(
    attacked_page: BeautifulSoup,
) -> None:
    for element in attacked_page.find_all(True):
        for name, value in element.attrs.items():
            said = " ".join(value) if isinstance(value, list) else str(value)
            assert not any(attack in said for attack in ATTACKS if len(attack.strip()) > 5), name


def test_csv_has_no_formula(attacked: Report) -> None:
    rows = list(csv.DictReader(StringIO(as_csv(attacked), newline="")))
    texts = [
        row[name] for row in rows for name in ("section", "block", "name", "slice", "unit")
    ]  # fmt: skip
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'=cmd.jsonl" in texts
    assert "'-2+3" in texts
    for row in rows:
        assert row["value"] == "" or float(row["value"]) is not None


def test_json_has_the_text_as_it_was(attacked: Report) -> None:
    document = json.loads(as_json(attacked))
    said = json.dumps(document, ensure_ascii=False)
    for attack in ATTACKS:
        assert json.dumps(attack, ensure_ascii=False)[1:-1] in said


@pytest.mark.parametrize("name", ["page", "attacked_page"])
def test_html_needs_nothing_from_elsewhere(name: str, request: pytest.FixtureRequest) -> None:
    page: BeautifulSoup = request.getfixturevalue(name)
    for element in page.find_all(src=True):
        assert str(element["src"]).startswith("data:image/svg+xml;base64,")
        assert element["alt"]
    for element in page.find_all(href=True):
        assert element.name == "a"
        assert urlsplit(str(element["href"]))[:2] == ("", "")
    styles = " ".join(style.get_text() for style in page.find_all("style"))
    assert "url(" not in styles
    assert "@import" not in styles
    policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert policy is not None
    assert str(policy["content"]).startswith("default-src 'none'")
    ids = {str(element["id"]) for element in page.find_all(id=True)}
    assert {str(anchor["href"])[1:] for anchor in page.find_all("a")} <= ids


def test_charts_are_pictures_without_scripts_or_links(attacked_page: BeautifulSoup) -> None:
    pictures = [
        base64.b64decode(str(image["src"]).partition(",")[2]).decode()
        for image in attacked_page.find_all("img")
    ]
    assert len(pictures) >= 3
    for picture in pictures:
        elements = list(ElementTree.fromstring(picture).iter())
        names = {element.tag.rpartition("}")[2].lower() for element in elements}
        assert not names & {"script", "a", "image", "foreignobject"}
        for element in elements:
            for name, value in element.attrib.items():
                assert not name.rpartition("}")[2].startswith("on")
                assert not name.endswith("href") or value.startswith("#")
        assert not any(attack in picture for attack in ATTACKS)


def test_a_very_long_text_is_cut(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    long = "x" * 100_000
    two = [query_event(query=long + end, response_time=2, model=long + end) for end in "ab"]
    workspace.drop("long.jsonl", two)
    workspace.ingest()
    build_tables(workspace.lake, workspace.settings, [DAY])
    report = report_of(workspace)
    assert len(as_json(report)) < 400_000
    shown = page_of(report).get_text()
    assert max(len(word) for word in shown.split()) <= 160
    assert "x…" in shown
    # Two models stay two.
    assert len(values_of(report, "cache_by_model", "value")) == 2
