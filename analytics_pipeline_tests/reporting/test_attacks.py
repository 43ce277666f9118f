"""Text from logs, taken through the whole pipeline, stays text in every format of a report."""

import base64
import csv
import json
import re
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import dagster as dg
import openpyxl
import pypdfium2 as pdfium
import pytest
from bs4 import BeautifulSoup
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from pypdf import PdfReader
from selenium.webdriver import Chrome

from analytics_pipeline.lake.export import export_table
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.spreadsheet import FORMULA_STARTS
from analytics_pipeline.reporting.formats.pdf import as_pdf
from analytics_pipeline.reporting.wording import MAX_TEXT, UNSEEN, visible
from analytics_pipeline.tables import all_tables
from analytics_pipeline_tests.attacks import ATTACKS, FILE_NAMES, HOST, drop_attacks
from analytics_pipeline_tests.browser import open_browser
from analytics_pipeline_tests.end_to_end.test_command_line import command_line, printed_json
from analytics_pipeline_tests.reporting.formats.test_json import SCHEMA
from analytics_pipeline_tests.reporting.formats.test_pdf import active_parts

DAY = date(2026, 11, 10)
VIEWS = ("report", "executive")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with the reports of a day whose every text is an attack, by the command line."""
    folder = tmp_path_factory.mktemp("attacks")
    drop_attacks(folder / "landing" / str(DAY), DAY)
    printed_json(
        command_line(
            "run", "--landing", folder / "landing", "--lake", folder / "lake", "--json",
            AICACHE_PRIVACY__FIELDS='{"user_id": "keep"}',
            AICACHE_PRIVACY__REDACT_TEXT="false",
            AICACHE_REPORTING__FORMATS='["html", "json", "csv", "xlsx"]',
        )
    )  # fmt: skip
    return Lake(folder / "lake")


@pytest.fixture(scope="module")
def reports(lake: Lake) -> Path:
    return lake.root / "reports" / f"event_date={DAY}"


def parsed(reports: Path, view: str) -> BeautifulSoup:
    return BeautifulSoup((reports / f"{view}.html").read_text(encoding="utf-8"), "html.parser")


def seen(text: str) -> str:
    """A text as a page shows it, without regard to its length, spaces and capitals."""
    return " ".join(visible(text[: MAX_TEXT - 1]).lower().split())


def test_the_attacks_reach_the_reports(lake: Lake, reports: Path) -> None:
    said = seen_in(parsed(reports, "report").get_text(" "))
    missing = [attack for attack in ATTACKS if seen(attack) not in said]
    assert missing == []
    document = json.loads((reports / "report.json").read_text(encoding="utf-8"))
    texts = set(strings(document))
    assert {attack for attack in ATTACKS if attack.strip() and len(attack) < 500} <= texts
    assert {f"{DAY}/{name}" for name in FILE_NAMES} <= texts
    with lake.engine() as connection:
        rows = [lake.row_counts(connection, table, [DAY])[DAY] for table in all_tables().values()]
    assert len([count for count in rows if count]) > 25


def seen_in(text: str) -> str:
    return " ".join(text.lower().split())


def strings(value: Any) -> Iterator[str]:
    """Every text of a JSON document, names too."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("view", VIEWS)
def test_html_has_no_element_and_no_attribute_of_an_attack(reports: Path, view: str) -> None:
    page = parsed(reports, view)
    elements = page.find_all(True)
    names = {element.name for element in elements}
    assert not names & {"script", "iframe", "base", "object", "embed", "form", "link", "math",
                        "image", "foreignobject", "button", "input", "textarea"}  # fmt: skip
    assert [element.name for element in page.find_all(["style", "title", "html", "body"])] == [
        "html", "title", "style", "body"
    ]  # fmt: skip
    assert len(page.find_all("meta", attrs={"http-equiv": True})) == 1
    attributes = {name for element in elements for name in element.attrs}
    assert attributes <= {
        "alt", "aria-hidden", "aria-label", "aria-labelledby", "charset", "class", "content", "cx",
        "cy", "data-block", "data-card", "data-listing", "data-name", "datetime", "fill", "height",
        "href", "http-equiv", "id", "lang", "name", "points", "preserveaspectratio", "r", "role",
        "scope", "src", "stroke", "stroke-linecap", "stroke-linejoin", "stroke-width", "tabindex",
        "value", "viewbox", "width", "colspan", "rowspan", "title", "open", "hidden",
    }  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_html_needs_nothing_and_leads_nowhere(reports: Path, view: str) -> None:
    page = parsed(reports, view)
    policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert policy is not None
    assert str(policy["content"]).startswith("default-src 'none'")
    for element in page.find_all(src=True):
        assert str(element["src"]).startswith("data:image/svg+xml;base64,")
    for element in page.find_all(href=True):
        assert urlsplit(str(element["href"]))[:4] == ("", "", "", "")
    styles = " ".join(style.get_text() for style in page.find_all("style"))
    assert "url(" not in styles
    assert "@import" not in styles


@pytest.mark.parametrize("view", VIEWS)
def test_html_hides_no_sign(reports: Path, view: str) -> None:
    page = parsed(reports, view)
    texts = [page.get_text()] + [
        str(value) for element in page.find_all(True) for value in element.attrs.values()
    ]
    assert not [text for text in texts if UNSEEN.search(text.replace("\n", ""))]
    assert "49" not in {text.strip() for text in page.find_all(string=True)}


def test_charts_are_pictures_without_scripts_links_or_texts_from_logs(reports: Path) -> None:
    images = parsed(reports, "report").find_all("img")
    assert images
    for image in images:
        picture = base64.b64decode(str(image["src"]).partition(",")[2]).decode()
        for element in ElementTree.fromstring(picture).iter():
            name = element.tag.rpartition("}")[2].lower()
            assert name not in {"script", "a", "image", "foreignobject"}
            for attribute, value in element.attrib.items():
                assert not attribute.rpartition("}")[2].startswith("on")
                assert not attribute.endswith("href") or value.startswith("#")
        assert HOST not in picture


def requested(browser: Chrome) -> set[str]:
    """The URLs that a browser asked for since it was last asked, data apart."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = {
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }
    return {url for url in urls if not url.startswith("data:")}


def test_a_browser_runs_nothing_and_asks_for_nothing(reports: Path, tmp_path: Path) -> None:
    careless = tmp_path / "careless.html"
    staying = [attack for attack in ATTACKS if "refresh" not in attack]
    careless.write_text("<meta charset=utf-8>" + "<hr>".join(staying), encoding="utf-8")
    canary = "return document.documentElement.dataset.canary || null"
    with open_browser() as browser:
        browser.get(careless.as_uri())
        assert browser.execute_script(canary), "the attacks work where nothing is escaped"
        assert [url for url in requested(browser) if HOST in url]
        for view in VIEWS:
            address = (reports / f"{view}.html").as_uri()
            browser.get(address)
            for details in browser.find_elements("css selector", "details"):
                browser.execute_script("arguments[0].open = true", details)
            assert browser.execute_script(canary) is None
            assert browser.execute_script("return document.scripts.length") == 0
            assert browser.current_url == address
            assert requested(browser) == {address}


def test_pdf_acts_on_nothing_and_leads_nowhere(reports: Path) -> None:
    page = parsed(reports, "report")
    definitions = page.find(id="definitions")
    assert definitions is not None
    definitions.decompose()
    content = as_pdf(str(page))
    assert active_parts(content) == []
    assert PdfReader(BytesIO(content)).attachments == {}
    texts = [sheet.get_textpage().get_text_range() for sheet in pdfium.PdfDocument(content)]
    assert "{{7*7}}" in "".join(texts)


@pytest.mark.parametrize("view", VIEWS)
def test_csv_has_no_formula_and_as_many_cells_in_each_row(reports: Path, view: str) -> None:
    with (reports / f"{view}.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert rows
    assert {len(row) for row in rows} == {len(head)}
    texts = [cell for row in rows for cell in (*row[:6], *row[7:])]
    assert not [text for text in texts if text.startswith(FORMULA_STARTS)]
    for row in rows:
        assert row[6] == "" or float(row[6]) is not None


@pytest.mark.parametrize("view", VIEWS)
def test_excel_has_no_formula_and_no_link(reports: Path, view: str) -> None:
    assert_harmless_workbook(reports / f"{view}.xlsx")


def assert_harmless_workbook(file: Path) -> None:
    book = openpyxl.load_workbook(file)
    for sheet in book:
        assert not sheet._hyperlinks
        for row in sheet.iter_rows():
            assert not [cell for cell in row if cell.data_type == "f"]
    assert not book.defined_names.keys() - {"_xlnm._FilterDatabase"}


@pytest.mark.parametrize("view", VIEWS)
def test_json_is_as_its_schema_says(reports: Path, view: str) -> None:
    text = (reports / f"{view}.json").read_text(encoding="utf-8")
    Draft202012Validator(SCHEMA).validate(json.loads(text, parse_constant=pytest.fail))


def test_exports_of_every_table_have_no_formula(lake: Lake, tmp_path: Path) -> None:
    for table in all_tables().values():
        file = tmp_path / f"{table.name}.csv"
        export_table(lake, table, file, "csv", first=DAY, last=DAY)
        with file.open(newline="", encoding="utf-8") as lines:
            csv.field_size_limit(10**7)
            head, *rows = csv.reader(lines)
        assert {len(row) for row in rows} <= {len(head)}
        cells = {cell for row in rows for cell in row if cell.startswith(FORMULA_STARTS)}
        assert not [cell for cell in cells if not re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", cell)]
    for name in ("daily_cache_metrics_by_slice", "top_queries", "quarantined_lines"):
        file = tmp_path / f"{name}.xlsx"
        export_table(lake, all_tables()[name], file, "xlsx", first=DAY, last=DAY)
        assert_harmless_workbook(file)


def test_what_dagster_shows_as_markdown_has_no_link_no_image_and_no_html(lake: Lake) -> None:
    texts = list(markdown_of(lake.root / "_dagster"))
    assert any("data:image" in text for text in texts)
    parser = MarkdownIt("commonmark", {"html": True})
    for text in texts:
        blocks = parser.parse(text)
        for token in [part for each in blocks for part in (each, *(each.children or []))]:
            assert token.type not in {"html_inline", "html_block", "link_open"}, text[:200]
            if token.type == "image":
                assert str(token.attrs["src"]).startswith("data:image/")


def markdown_of(home: Path) -> Iterator[str]:
    """What Dagster's pages show as Markdown: metadata of that kind, and what checks found."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for key in instance.all_asset_keys():
            records = instance.fetch_materializations(key, limit=100).records
            for record in records:
                assert record.asset_materialization is not None
                for value in record.asset_materialization.metadata.values():
                    if isinstance(value, dg.MarkdownMetadataValue):
                        yield value.value or ""
        events = instance.event_log_storage.get_records_for_run
        for run in instance.get_runs():
            kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
            for record in events(run.run_id, of_type=kind).records:
                event = record.event_log_entry.dagster_event
                assert event is not None
                yield event.asset_check_evaluation_data.description or ""
