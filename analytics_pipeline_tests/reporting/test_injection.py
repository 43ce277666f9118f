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

from analytics_pipeline.reporting.content import ReportContent
from analytics_pipeline.reporting.exports import as_csv, as_json
from analytics_pipeline.reporting.render import as_html
from analytics_pipeline_tests.reporting.report_lake import (
    DAY,
    build_tables,
    content_of,
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
    events: list[dict[str, Any]] = []
    for number, attack in enumerate(ATTACKS):
        events += [
            query_event(
                timestamp=f"{DAY}T10:00:{number:02}Z", event_id=f"{attack}{copy}", query=attack,
                response_time=3 + copy, model=attack, user_id=attack, context={"language": attack},
                cache_hit=False,
            )
            for copy in range(2)
        ]  # fmt: skip
        events.append({
            "event_type": "system_metric", "timestamp": f"{DAY}T11:00:00Z",
            "metric_name": attack, "value": 1.5, "unit": attack,
        })  # fmt: skip
        events.append({
            "event_type": "log_entry", "timestamp": f"{DAY}T11:00:00Z", "level": "ERROR",
            "message": attack,
        })  # fmt: skip
        events.append({"event_type": attack, "timestamp": f"{DAY}T11:00:00Z"})
    events.append({
        "event_type": "system_metric", "timestamp": f"{DAY}T11:00:00Z",
        "metric_name": "cpu_usage", "value": 50, "unit": ATTACKS[0],
    })  # fmt: skip
    return events


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> ReportContent:
    workspace = Workspace.create(tmp_path_factory.mktemp("attack") / "workspace")
    events = attacks()
    for position, name in enumerate(
        ("=cmd.jsonl", "<img src=x onerror=alert(1)>.jsonl", "'\";&.jsonl")
    ):
        workspace.drop(name, events[position::3])
    workspace.ingest()
    build_tables(workspace.lake, workspace.settings, [DAY])
    return content_of(workspace)


@pytest.fixture(scope="module")
def attacked_page(attacked: ReportContent) -> BeautifulSoup:
    return BeautifulSoup(as_html(attacked), "html.parser")


def test_the_attacks_reached_the_report(attacked: ReportContent) -> None:
    queries = {row["query"] for row in attacked.insights.top_queries.rows}
    assert queries == set(ATTACKS)
    assert {row["metric_name"] for row in attacked.metric_values.rows} >= set(ATTACKS)
    assert len(attacked.conservation.files.rows) == 3


def test_html_has_no_element_and_no_attribute_of_an_attack(
    attacked_page: BeautifulSoup, page: BeautifulSoup
) -> None:
    names = {element.name for element in attacked_page.find_all(True)}
    assert names <= {element.name for element in page.find_all(True)} | {"br"}
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


def test_csv_has_no_formula(attacked: ReportContent) -> None:
    rows = list(csv.reader(StringIO(as_csv(attacked), newline="")))
    assert {len(row) for row in rows} == {5}
    texts = [cell for row in rows[1:] for cell in (*row[:3], row[4])]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'=cmd.jsonl" in texts
    assert "'-2+3" in texts
    for row in rows[1:]:
        assert row[3] == "" or float(row[3]) is not None


def test_json_has_the_text_as_it_was(attacked: ReportContent) -> None:
    document = json.loads(as_json(attacked))
    assert {row["query"] for row in document["insights"]["top_queries"]["rows"]} == set(ATTACKS)


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
    for anchor in page.find_all("a", href=re.compile("^#")):
        assert page.find(id=str(anchor["href"])[1:]), anchor


def test_charts_are_pictures_without_scripts_or_links(attacked_page: BeautifulSoup) -> None:
    pictures = [
        base64.b64decode(str(image["src"]).partition(",")[2]).decode()
        for image in attacked_page.find_all("img")
    ]
    assert len(pictures) == 3
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
    workspace.drop("long.jsonl", [query_event(query=long, response_time=2, model=long)])
    workspace.ingest()
    build_tables(workspace.lake, workspace.settings, [DAY])
    content = content_of(workspace)
    assert len(as_json(content)) < 60_000
    shown = BeautifulSoup(as_html(content), "html.parser").get_text()
    assert max(len(word) for word in shown.split()) <= 160
    assert "x…" in shown
