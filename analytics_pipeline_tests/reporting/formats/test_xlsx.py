"""A report as an Excel workbook: its numbers are numbers, and its texts are nothing but text."""

import os
import re
import subprocess
import sys
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from analytics_pipeline.lake.spreadsheet import MAX_TEXT
from analytics_pipeline.reporting.formats.json import content_hash
from analytics_pipeline.reporting.formats.xlsx import as_xlsx
from analytics_pipeline_tests.reporting.formats.documents import DAY, report_of

PRINT_DIGEST = """
from hashlib import sha256
from analytics_pipeline.reporting.formats.xlsx import as_xlsx
from analytics_pipeline_tests.reporting.formats.documents import report_of
print(sha256(as_xlsx(report_of())).hexdigest())
"""


def opened(content: bytes) -> Workbook:
    return openpyxl.load_workbook(BytesIO(content))


@pytest.fixture(scope="module")
def book() -> Workbook:
    return opened(as_xlsx(report_of()))


def rows(book: Workbook, sheet: str) -> list[tuple[Any, ...]]:
    return list(book[sheet].iter_rows(values_only=True))


def test_the_first_sheet_has_status_hash_and_contents(book: Workbook) -> None:
    front = rows(book, "Report")
    texts = [cell for row in front for cell in row if cell]
    assert texts[:2] == ["aicache daily report, for engineers", "Tuesday, 10 November 2026"]
    assert {"Attention", "1 rule is violated: atlas", "atlas"} <= set(texts)
    assert content_hash(report_of()) in texts
    head = front.index(("Sheet", "Section", "Contents"))
    assert [row[0] for row in front[head + 1 :]] == book.sheetnames[1:]


def test_numbers_are_unrounded_and_shown_by_their_unit(book: Workbook) -> None:
    sheet = book["Models"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:H4"
    cells = {cell.value: found for cell, found in zip(sheet[1], sheet[2], strict=True)}
    assert cells["Queries"].value == 1000
    assert (cells["Hit rate"].value, cells["Hit rate"].number_format) == (0.1, "0.0%")
    assert cells["P95 response time"].number_format.endswith('" s"')
    assert cells["Cost (USD)"].number_format.endswith('" USD"')
    assert cells["Seen on"].value == datetime.combine(DAY, datetime.min.time())
    assert cells["Seen on"].number_format == "yyyy-mm-dd"
    assert cells["Started at"].value == datetime.fromisoformat("2026-11-10T07:30:00.250")
    assert cells["Chosen"].value is True
    assert sheet.column_dimensions["A"].width >= 28
    assert rows(book, "Models")[4][:1] == ("The first 3 of 6.",)
    figures = {row[1]: row for row in rows(book, "Cache")}
    assert figures["Hit rate"][2] == pytest.approx(0.7123456789012345, rel=1e-15)
    assert figures["Queries"][2:4] == (123_456, "queries")
    assert book["Cache"]["C2"].number_format == "0.0%"
    headline = rows(book, "Headlines")
    assert (headline[1][0], headline[1][2]) == ("Hit rate", "share")
    numbers = (headline[1][1], *headline[1][3:6])
    expected = (0.7123456789012345, 0.75, -0.0376543210987655, -0.0502)
    assert numbers == pytest.approx(expected, rel=1e-15)
    assert headline[2][8] == "Nothing was timed: atlas"
    assert len(rows(book, "Headlines by day")) == 4


def test_alerts_definitions_and_inputs_have_sheets(book: Workbook) -> None:
    assert [row[3:6] for row in rows(book, "Alerts")[1:]] == [(False, 0.71, 0.75), (None,) * 3]
    assert [row[2] for row in rows(book, "Alerts - violations")[1:]] == ["model=atlas"] * 2
    assert rows(book, "Definitions")[1][0] == "daily_cache_metrics.hit_rate"
    assert [row[1] for row in rows(book, "Inputs")[1:]] == ["daily_cache_metrics", "atlas", "atlas"]


def test_equal_reports_give_equal_bytes_in_every_process() -> None:
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "NZ"}
    other = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert other.stdout.strip() == sha256(as_xlsx(report_of())).hexdigest()
    properties = opened(as_xlsx(report_of())).properties
    assert properties.created == properties.modified == datetime.fromisoformat("2000-01-01")


def unescaped(text: str) -> str:
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


@given(
    text=st.text(st.characters(codec="utf-8"))
    | st.text("=+-@\t\r\n'<>&;_x0A", max_size=12)
    | st.builds("<r>{}</r>".format, st.text("<>/rtf=1 ", max_size=12))
)
@settings(max_examples=60, deadline=None)
def test_no_text_becomes_a_formula_or_a_link_or_breaks_the_file(text: str) -> None:
    book = opened(as_xlsx(report_of(text)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert not [sheet for sheet in book if sheet._hyperlinks]
    said = unescaped(str(book["Headlines in words"]["B1"].value))
    assert re.fullmatch(r"Look at [\s\S]*\.", said)
    assert len(said) == len(f"Look at {text}.")


def test_a_text_longer_than_a_cell_is_cut() -> None:
    book = opened(as_xlsx(report_of("x" * 100_000)))
    assert len(str(book["Models"]["A2"].value)) == MAX_TEXT


def test_sheets_have_names_that_excel_allows() -> None:
    from analytics_pipeline.lake.workbook import open_workbook

    target = BytesIO()
    names = ["History", "a/b:c*[d]?\\", "'quoted'", "", "x" * 50, "X" * 50, "x" * 50]
    with open_workbook(target, title="names") as book:
        given = [book.sheet(name).name for name in names]
    assert opened(target.getvalue()).sheetnames == given
    assert len({name.casefold() for name in given}) == len(names)
    assert not [name for name in given if len(name) > 31 or set(name) & set("[]:*?/\\'")]
    assert "history" not in {name.casefold() for name in given}
