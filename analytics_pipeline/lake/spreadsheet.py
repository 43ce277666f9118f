"""What a spreadsheet program can hold, and what it would take a text for.

A cell that begins like a formula is evaluated when a CSV file is opened, whoever wrote it (OWASP,
CSV Injection); the wide forms of these characters count where the program runs in Japanese.
"""

from analytics_pipeline.lake.table import literal

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
MAX_ROWS = 1_048_576
MAX_TEXT = 32_767
"""Characters of a cell, in units of UTF-16."""
MAX_SHEET_NAME = 31
EXACT_INTEGERS = 2**53
"""Whole numbers up to here are stored exactly; a cell holds a double."""


def harmless(text: str) -> str:
    """A text for a CSV file, preceded by an apostrophe where it would be taken for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def harmless_sql(text: str) -> str:
    """SQL that does to the text expression ``text`` what ``harmless`` does."""
    starts = ", ".join(map(literal, FORMULA_STARTS))
    return f"CASE WHEN left({text}, 1) IN ({starts}) THEN '''' || {text} ELSE {text} END"


def cut_to_cell(text: str) -> str:
    """The text as far as it fits into a cell, with … at its end where some is left off."""
    if len(text) * 2 <= MAX_TEXT:
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= MAX_TEXT * 2:
        return text
    return units[: (MAX_TEXT - 1) * 2].decode("utf-16-le", "ignore") + "…"
