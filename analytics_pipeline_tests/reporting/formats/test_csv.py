"""A report as CSV: one tidy table with every number of the JSON."""

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.lake.spreadsheet import FORMULA_STARTS
from analytics_pipeline.reporting.document import Section
from analytics_pipeline.reporting.formats.csv import REPORT_COLUMNS, as_csv
from analytics_pipeline.reporting.formats.json import as_json
from analytics_pipeline_tests.reporting.formats.documents import DAY, DAYS, models, report_of

KEY = ["section", "block", "name", "slice", "first", "last"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    text = StringIO(as_csv(report_of()))
    return pd.read_csv(text, keep_default_na=False, na_values={"value": [""]})


def test_it_is_tidy(table: pd.DataFrame) -> None:
    assert list(table.columns) == [column.name for column in REPORT_COLUMNS]
    assert not table.duplicated(KEY).any()
    assert table["value"].dtype == float
    assert (table[["section", "block", "name", "first", "last"]] != "").all(axis=None)


def numbers(value: Any) -> Iterator[float]:
    """Every number of a JSON document."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from numbers(item)
    elif isinstance(value, int | float):
        yield float(value)


def test_it_has_every_number_of_the_json(table: pd.DataFrame) -> None:
    sections = json.loads(as_json(report_of()))["sections"]
    del sections["cache"]["models"]["total"]
    history = sections["alerts"]["alerts"]["evaluations"][str(DAY)][0].pop("history")
    assert history
    assert sorted(table["value"].dropna()) == sorted(numbers(sections))


def test_numbers_stand_under_their_dates_with_unit_and_definition(table: pd.DataFrame) -> None:
    headline = table[(table["block"] == "headlines") & table["name"].str.startswith("hit_rate")]
    found = {
        (row.name_, row.first_, row.last_): row.value
        for row in headline.rename(
            columns={"name": "name_", "first": "first_", "last": "last_"}
        ).itertuples()
    }
    first, day = str(DAYS[0]), str(DAY)
    assert found["hit_rate", day, day] == 0.7123456789012345
    assert found["hit_rate_previous", first, first] == 0.75
    assert found["hit_rate_by_day", first, first] == 0.7
    assert pd.isna(found["hit_rate_by_day", str(DAYS[1]), str(DAYS[1])])
    assert set(headline["unit"]) == {"share"}
    costs = table[(table["block"] == "models") & (table["name"] == "cost")]
    assert costs["slice"].to_list() == ["atlas", "(none stated)", "atlas2"]
    assert set(costs["unit"]) == {"USD"}
    rates = table[(table["block"] == "models") & (table["name"] == "hit_rate")]
    assert set(rates["definition"]) == {"daily_cache_metrics.hit_rate"}


def test_a_list_whose_names_repeat_stays_tidy() -> None:
    twice = models("atlas", None, "(none stated)", "atlas", "atlas (4)", "atlas")
    report = replace(report_of(), sections=(Section("cache", (twice,)),))
    table = pd.read_csv(StringIO(as_csv(report)), keep_default_na=False)
    assert not table.duplicated(KEY).any()
    assert table["slice"].nunique() == 6


@given(text=st.text(st.characters(codec="utf-8")) | st.text("=+-@\t\r\n'\",1A()", max_size=8))
def test_no_cell_of_text_begins_a_formula_and_none_is_lost(text: str) -> None:
    _, *rows = csv.reader(StringIO(as_csv(report_of(text)), newline=""))
    assert {len(row) for row in rows} == {len(REPORT_COLUMNS)}
    texts = [cell for row in rows for cell in (*row[:4], *row[7:])]
    assert not [cell for cell in texts if cell.startswith(FORMULA_STARTS)]
    assert f"{text}2" in texts or f"'{text}2" in texts
    for row in rows:
        assert row[6] == "" or float(row[6]) is not None


def test_negative_numbers_stay_numbers(table: pd.DataFrame) -> None:
    assert -0.0376543210987655 in set(table["value"])
