"""Finding things on the page of a report by another parser than the one that wrote it."""

from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

from analytics_pipeline.reporting.document import Report
from analytics_pipeline.reporting.formats.html import as_html


def page_of(report: Report) -> BeautifulSoup:
    """The page of a report."""
    return BeautifulSoup(as_html(report), "html.parser")


def one(element: Tag, selector: str) -> Tag:
    """The first element that a CSS selector finds."""
    found = element.select_one(selector)
    assert found is not None, selector
    return found


def around(element: Tag, name: str) -> Tag:
    """The nearest element of a name that an element stands in."""
    found = element.find_parent(name)
    assert found is not None, name
    return found


def shown_block(page: Tag, id: str) -> Tag:
    """A block of the report."""
    return one(page, f'[data-block="{id}"]')


def named(element: Tag, name: str) -> Tag:
    """What is marked with the name of a number or of a column."""
    return one(element, f'[data-name="{name}"]')


def list_of(element: Tag) -> str | None:
    """The id of the list that an element stands in; None where it stands in none."""
    table = element.find_parent("table")
    return str(table["data-listing"]) if table else None


def numbers_in(element: Tag) -> list[float]:
    """The unrounded numbers in an element."""
    return [float(str(data["value"])) for data in element.select("data")]


def rows_of(element: Tag) -> tuple[list[str], list[list[Tag]]]:
    """The names of the columns of a table, and the cells of its rows."""
    columns = [str(head["data-name"]) for head in element.select("thead th[data-name]")]
    return columns, [row.find_all(["td", "th"]) for row in element.select("tbody tr")]


def definition_links(page: Tag) -> Iterator[tuple[Tag, Tag | None]]:
    """Each number of the page with the link to its definition, where it has one.

    That is the link of its card, of its name, of the head of its column, or of its alert rule.
    """
    for number in page.select("data"):
        cell = number.find_parent("td")
        if cell is None:
            owner = number.find_parent("li")
            assert owner is not None
            yield number, owner.select_one("a")
            continue
        row = around(cell, "tr")
        if list_of(number) == "alerts":
            yield number, row.select_one("a")
            continue
        place = row.find_all(["th", "td"], recursive=False).index(cell)
        yield number, around(cell, "table").select("thead th")[place].select_one("a")
