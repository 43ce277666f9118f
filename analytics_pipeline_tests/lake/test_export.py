"""Exports of tables: every value as it was, in each format, and text that no program executes."""

import csv
import json
import math
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.lake import export
from analytics_pipeline.lake.export import Exported, export_table
from analytics_pipeline.lake.lake import Lake, LakeError
from analytics_pipeline.lake.spreadsheet import FORMULA_STARTS, harmless, harmless_sql
from analytics_pipeline.lake.table import Column, Table, quoted

FIRST, LAST = date(2026, 11, 9), date(2026, 11, 10)
TABLE = Table(
    "daily_things",
    "Values of every type.",
    (
        Column("name", "VARCHAR", "Name."),
        Column("count", "BIGINT", "Count."),
        Column("share", "DOUBLE", "Share.", unit="share"),
        Column("at", "TIMESTAMP", "Time."),
        Column("on", "DATE", "Date."),
        Column("new", "BOOLEAN", "New?"),
        Column("bytes", "BLOB", "Bytes."),
    ),
    order_by=("count",),
)
AT = datetime.fromisoformat("2026-11-10T07:30:01.250")
EARLY = datetime.fromisoformat("0001-01-01T00:00:00")
ATTACKS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠A1", "=HYPERLINK(\"https://e\")",
    "<r><t>x</t></is></c><c r=\"A9\"><f>1+1</f></c><c><is></r>", "<r></r>", "_x0041_ _x000D_",
    "https://evil.example", "mailto:a@evil.example", "internal:A1", "file://c",
    "a\x00\x01\x1f\x7fb", "\ufffe\uffff", "two\nlines, \"quoted\"; it's",
    " leading and trailing ", "'quoted", "123", "1e5", "TRUE",
    "漢字 🙂 \u202eright to left", "&amp;<b>", "{=1+1}", "#REF!",
)  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("export") / "lake")
    texts = [
        {"name": text, "count": number, "share": number / 7, "at": AT, "on": LAST, "new": True,
         "bytes": b"\x00a=1"}
        for number, text in enumerate(ATTACKS)
    ]  # fmt: skip
    edges = [
        {"name": None, "count": 2**53 + 1, "share": math.nan, "at": None, "on": None, "new": None,
         "bytes": None},
        {"name": "", "count": -(2**63), "share": math.inf, "at": EARLY, "on": date.min,
         "new": False, "bytes": b""},
    ]  # fmt: skip
    for day, rows in ((FIRST, edges), (LAST, texts)):
        with lake.engine() as connection:
            types = ", ".join(f"{quoted(column.name)} {column.type}" for column in TABLE.columns)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE given ({types})")
            for row in rows:
                connection.execute(
                    "INSERT INTO given VALUES (?, ?, ?, ?, ?, ?, ?)", list(row.values())
                )
            lake.replace(connection, TABLE, day, "FROM given")
    return lake


def exported(lake: Lake, folder: Path, file_format: str, **days: date) -> tuple[Path, Exported]:
    file = folder / f"things.{file_format}"
    return file, export_table(lake, TABLE, file, file_format, **days)


def sheet_rows(file: Path) -> list[dict[str, Any]]:
    (sheet,) = openpyxl.load_workbook(file).worksheets
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def unescaped(text: str) -> str:
    """A text as Excel reads it: openpyxl leaves its escapes of control characters in place."""
    return re.sub(r"_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


def test_csv_has_every_text_and_no_formula(lake: Lake, tmp_path: Path) -> None:
    file, written = exported(lake, tmp_path, "csv", first=LAST)
    assert written == Exported(len(ATTACKS))
    rows = list(csv.DictReader(file.open(newline="", encoding="utf-8")))
    assert [row["name"] for row in rows] == [harmless(text) for text in ATTACKS]
    assert not [row for row in rows if row["name"].startswith(FORMULA_STARTS)]
    assert [float(row["share"]) for row in rows] == [number / 7 for number in range(len(ATTACKS))]
    edges = exported(lake, tmp_path, "csv", last=FIRST)[0].read_text().splitlines()
    assert edges[1].startswith(",-9223372036854775808,") or edges[1].startswith('"",-92')


def test_json_and_parquet_have_every_text_unchanged(lake: Lake, tmp_path: Path) -> None:
    file, written = exported(lake, tmp_path, "json")
    rows = [json.loads(line, parse_constant=pytest.fail) for line in file.open(encoding="utf-8")]
    assert written.rows == len(rows) == len(ATTACKS) + 2
    assert [row["name"] for row in rows[2:]] == list(ATTACKS)
    assert [row["share"] for row in rows[:2]] == [None, None]
    assert [row["count"] for row in rows[:2]] == [-(2**63), 2**53 + 1]
    file, _ = exported(lake, tmp_path, "parquet")
    table = pq.read_table(file).to_pylist()
    assert [row["name"] for row in table[2:]] == list(ATTACKS)
    assert table[2]["bytes"] == b"\x00a=1"
    assert table[0]["share"] == math.inf


def test_excel_has_numbers_dates_times_and_booleans_as_such(lake: Lake, tmp_path: Path) -> None:
    file, written = exported(lake, tmp_path, "xlsx")
    rows = sheet_rows(file)
    assert written.rows == len(rows) == len(ATTACKS) + 2
    (sheet,) = openpyxl.load_workbook(file).worksheets
    assert sheet.title == "daily_things"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:H{len(rows) + 1}"
    assert [cell.number_format for cell in sheet[4]][1:5] == [
        "0", "0.0%", "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"
    ]  # fmt: skip
    row = rows[5]
    assert row["count"] == 3
    assert row["share"] == pytest.approx(3 / 7, rel=1e-15)
    assert row["at"] == AT
    assert row["on"] == datetime.combine(LAST, datetime.min.time())
    assert row["event_date"] == row["on"]
    assert row["new"] is True
    assert row["bytes"] == "\\x00a=1"
    assert [row["count"] for row in rows[:2]] == [str(-(2**63)), str(2**53 + 1)]
    assert [row["share"] for row in rows[:2]] == ["inf", "nan"]
    assert rows[0]["on"] == "0001-01-01"


def test_excel_has_text_that_is_neither_formula_nor_link(lake: Lake, tmp_path: Path) -> None:
    file, _ = exported(lake, tmp_path, "xlsx", first=LAST)
    (sheet,) = openpyxl.load_workbook(file).worksheets
    assert sheet.max_row == len(ATTACKS) + 1
    for cell, text in zip(sheet["A"][1:], ATTACKS, strict=True):
        assert cell.data_type == "s", text
        assert cell.hyperlink is None
        assert unescaped(str(cell.value)) == text
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    kept_as_text = {unescaped(str(cell.value))[0] for cell in sheet["A"][1:] if cell.quotePrefix}
    assert kept_as_text == set(FORMULA_STARTS)


def test_more_rows_than_a_sheet_holds_are_refused_with_the_mend(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MAX_ROWS", len(ATTACKS))
    with pytest.raises(LakeError, match=r"--from, --to.*--format parquet"):
        exported(lake, tmp_path, "xlsx", first=LAST)
    assert list(tmp_path.iterdir()) == []


def test_a_text_longer_than_a_cell_is_cut_and_counted(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    long = Table("long", "", (Column("text", "VARCHAR", ""),), order_by=())
    with lake.engine() as connection:
        lake.replace(connection, long, LAST, "SELECT repeat('🙂', 20000) AS text")
    file = tmp_path / "long.xlsx"
    assert export_table(lake, long, file, "xlsx") == Exported(1, cut_texts=1)
    text = sheet_rows(file)[0]["text"]
    assert text == "🙂" * 16_383 + "…"


def test_a_file_is_replaced_whole_or_not_at_all(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="does not exist"):
        export_table(lake, TABLE, tmp_path / "absent" / "x.csv", "csv")
    with pytest.raises(LakeError, match="is a folder"):
        export_table(lake, TABLE, tmp_path, "csv")
    file, _ = exported(lake, tmp_path, "csv", last=FIRST)
    file, _ = exported(lake, tmp_path, "csv")
    assert len(pd.read_csv(file)) == len(ATTACKS) + 2
    assert [each.name for each in tmp_path.iterdir()] == ["things.csv"]


@given(text=st.text(st.characters(codec="utf-8")) | st.text("=+-@\t\r\n'＝", max_size=4))
@settings(deadline=None)
def test_sql_and_python_agree_on_what_is_harmless(text: str) -> None:
    row = duckdb.execute(f"SELECT {harmless_sql('t')} FROM (SELECT ?::VARCHAR AS t)", [text])
    assert row.fetchone() == (harmless(text),)
