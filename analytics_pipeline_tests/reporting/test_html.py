"""The page of a report: its links, its definitions, its print, and what each view shows."""

from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup, Tag

from analytics_pipeline.reporting.document import Report
from analytics_pipeline.reporting.formats.html import as_html
from analytics_pipeline_tests.reporting.page_reading import (
    around,
    definition_links,
    list_of,
    page_of,
    shown_block,
)
from analytics_pipeline_tests.reporting.report_lake import DAY, block_of, catalog
from analytics_pipeline_tests.workspace import Workspace


@pytest.fixture(scope="module", params=["report", "executive", "empty"])
def any_page(request: pytest.FixtureRequest) -> BeautifulSoup:
    return page_of(request.getfixturevalue(request.param))


def test_every_link_resolves_and_every_id_is_there_once(any_page: BeautifulSoup) -> None:
    ids = [str(element["id"]) for element in any_page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    links = {str(link["href"]) for link in any_page.find_all("a")}
    assert len(links) > 5
    assert {link[:1] for link in links} == {"#"}
    assert {link[1:] for link in links} <= set(ids)


def test_every_number_leads_to_its_definition(report: Report, page: BeautifulSoup) -> None:
    links = list(definition_links(page))
    assert len(links) > 500
    unlinked = [number for number, link in links if link is None]
    assert not [number for number in unlinked if list_of(number) != "alerts"]
    evaluations = block_of(report, "alerts").evaluations[DAY]
    for number, link in links:
        if list_of(number) == "alerts":
            rule = len(around(number, "tr").find_previous_siblings("tr"))
            assert (link is not None) == (evaluations[rule].metric in report.definitions)


def test_a_definition_has_what_the_catalog_says(report: Report, page: BeautifulSoup) -> None:
    known = catalog()
    terms = page.select("#definitions dt")
    assert len(terms) > 200
    named = set()
    for term in terms:
        definition = report.definitions[str(term["id"])]
        said = " ".join(each.get_text(" ", strip=True) for each in _descriptions(term))
        assert definition.description in said
        if definition.id in known:
            formula = known[definition.id].formula
            assert formula
            assert formula in said
            assert f"docs/metrics.md#{definition.id}" in said
            named.add(definition.id)
        else:
            assert "docs/metrics.md" not in said
        if definition.unit:
            assert definition.unit in term.get_text()
    assert "daily_cache_metrics.hit_rate" in named
    assert "top_queries.queries" not in named


def _descriptions(term: Tag) -> Iterator[Tag]:
    for sibling in term.find_next_siblings():
        if sibling.name != "dd":
            return
        yield sibling


def test_executives_read_little_and_nothing_from_logs(executive: Report, sample: Workspace) -> None:
    page = page_of(executive)
    assert len(as_html(executive)) < 60_000
    assert [section.id for section in executive.sections] == [
        "headlines", "alerts", "cost", "recommendations", "forecast",
    ]  # fmt: skip
    assert len(page.select("[data-card]")) == 6
    assert len(page.find_all("img")) == 1
    said = page.get_text()
    for text in ("cedar", "atlas", "semaphore", "python", ".jsonl", "gateway", "cache-1", "search"):
        assert text not in said, text
    assert "First of all: raise the hit rate where the model is slow." in said
    assert "spare 1.25 USD a day" in said
    violated = block_of(executive, "alerts").evaluations[DAY]
    assert violated
    assert all(evaluation.passed is False for evaluation in violated)


def test_pictures_say_in_words_what_they_show(page: BeautifulSoup) -> None:
    alternatives = [str(image["alt"]) for image in page.find_all("img")]
    assert len(alternatives) >= 4
    for alternative in alternatives:
        assert alternative.endswith(".")
        assert any(character.isdigit() for character in alternative)
    assert "Forecast" in page.get_text()


def test_rows_that_are_not_shown_are_counted(page: BeautifulSoup, report: Report) -> None:
    slow = block_of(report, "slow_queries").listing
    assert slow.total > len(slow.rows) == 20
    said = f"Shown are 10 of {slow.total}; the JSON of this report has 20."
    assert said in shown_block(page, "slow_queries").get_text()
