"""Writing an Excel file: numbers, dates and times as such, and text that stays text."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from math import isfinite
from typing import IO, TYPE_CHECKING, Any

from analytics_pipeline.lake.spreadsheet import (
    EXACT_INTEGERS,
    FORMULA_STARTS,
    MAX_SHEET_NAME,
    cut_to_cell,
)

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

DATE, TIME = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
FIRST_DATE = date(1900, 3, 1)
"""Excel takes 1900 for a leap year, so that days before this one are another day there."""
FORBIDDEN_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", "_"))
WIDEST, NARROWEST = 60, 8
CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed time, so that equal content gives equal bytes


class Workbook:
    """An Excel file that is being written. Texts are never taken for formulas, links or numbers.

    ``cut_texts`` counts the texts that were longer than a cell can hold.
    """

    def __init__(self, target: IO[bytes] | str, *, title: str, in_rows: bool = False) -> None:
        """Write to ``target``; ``in_rows`` keeps no row in memory once the next one is begun."""
        import xlsxwriter

        self._book = xlsxwriter.Workbook(
            target,
            {
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "constant_memory": in_rows,
                "in_memory": not in_rows,
            },
        )
        self._book.set_properties(
            {"title": title, "author": "aicache-analytics", "created": CREATED}
        )
        self._names: set[str] = set()
        self.cut_texts = 0
        self.cell_format = cache(self._new_format)

    def _new_format(self, number_format: str | None, style: str | None, quoted: bool) -> "Format":
        properties: dict[str, Any] = {"valign": "top"}
        if number_format:
            properties["num_format"] = number_format
        if quoted:
            properties["quote_prefix"] = True
        if style == "wrapped":
            properties["text_wrap"] = True
        elif style == "head":
            properties |= {"bold": True, "bottom": 1, "bg_color": "#E8EDF3", "text_wrap": True}
        elif style == "title":
            properties |= {"bold": True, "font_size": 14}
        return self._book.add_format(properties)

    def sheet(self, name: str) -> "Sheet":
        """A further sheet, under this name as far as Excel allows it and no other sheet has it."""
        allowed = name.translate(FORBIDDEN_IN_NAMES).strip() or "Sheet"
        unique, number = allowed[:MAX_SHEET_NAME].rstrip(), 1
        while unique.casefold() in self._names | {"history"}:
            number += 1
            ending = f" {number}"
            unique = allowed[: MAX_SHEET_NAME - len(ending)] + ending
        self._names.add(unique.casefold())
        return Sheet(self, self._book.add_worksheet(unique), unique)

    def close(self) -> None:
        """Finish the file."""
        self._book.close()


class Sheet:
    """One sheet of a workbook, written row by row."""

    def __init__(self, book: Workbook, sheet: "Worksheet", name: str) -> None:
        self.name = name
        self._book = book
        self._sheet = sheet
        self._row = 0

    def columns(self, widths: list[int]) -> None:
        """Set the widths of the columns, in characters, within what can be read."""
        for position, width in enumerate(widths):
            self._sheet.set_column(position, position, min(max(width, NARROWEST), WIDEST) + 2)

    def head(self, names: list[str]) -> None:
        """Write the names of the columns, which stay in sight where they are the first row."""
        if self._row == 0:
            self._sheet.freeze_panes(1, 0)
        self.row(list(names), style="head")

    def filtered(self, columns: int) -> None:
        """Let people filter the rows so far, of which the first is the head."""
        self._sheet.autofilter(0, 0, max(self._row - 1, 0), columns - 1)

    def row(
        self,
        values: list[Any],
        formats: list[str | None] | None = None,
        style: str | None = None,
    ) -> None:
        """Write the next row; ``formats`` are Excel's formats of its numbers."""
        for column, value in enumerate(values):
            number_format = formats[column] if formats else None
            self._write(column, value, number_format, style)
        self._row += 1

    def _write(self, column: int, value: Any, number_format: str | None, style: str | None) -> None:
        row, sheet, form = self._row, self._sheet, self._book.cell_format
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value, form(None, style, False))
        elif isinstance(value, int) and abs(value) > EXACT_INTEGERS:
            self._write_text(column, str(value), style)
        elif isinstance(value, int | float):
            if isfinite(value):
                sheet.write_number(row, column, value, form(number_format, style, False))
            else:
                self._write_text(column, str(value), style)
        elif isinstance(value, datetime) and value.date() >= FIRST_DATE:
            sheet.write_datetime(row, column, value, form(number_format or TIME, style, False))
        elif isinstance(value, date) and not isinstance(value, datetime) and value >= FIRST_DATE:
            sheet.write_datetime(row, column, value, form(number_format or DATE, style, False))
        elif isinstance(value, date):
            self._write_text(column, value.isoformat(), style)
        elif value is not None and value != "":
            self._write_text(column, str(value), style)

    def _write_text(self, column: int, text: str, style: str | None) -> None:
        fitting = cut_to_cell(text)
        self._book.cut_texts += fitting != text
        form = self._book.cell_format(None, style, fitting.startswith(FORMULA_STARTS))
        if fitting.startswith("<r>") and fitting.endswith("</r>"):
            # The library takes such a text for its own XML and would write it unescaped; in two
            # pieces it is text.
            plain = self._book.cell_format(None, None, False)
            self._sheet.write_rich_string(self._row, column, "<", plain, fitting[1:], form)
        else:
            self._sheet.write_string(self._row, column, fitting, form)


@contextmanager
def open_workbook(
    target: IO[bytes] | str, *, title: str, in_rows: bool = False
) -> Iterator[Workbook]:
    """A workbook that is finished at the end."""
    book = Workbook(target, title=title, in_rows=in_rows)
    yield book
    book.close()
