"""All texts stand in one place: none is missing, none is unused."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

import analytics_pipeline.reporting
from analytics_pipeline.optimization.tables import KINDS
from analytics_pipeline.reporting.document import Report
from analytics_pipeline.reporting.texts import Absences, PageTexts, Sentences, Texts, texts

FOLDER = Path(analytics_pipeline.reporting.__file__).parent
CODE = "\n".join(
    file.read_text()
    for pattern in ("*.py", "*.j2")
    for file in sorted(FOLDER.rglob(pattern))
    if file.parent.name != "texts"
)


@pytest.mark.parametrize("group", [PageTexts, Sentences, Absences])
def test_the_code_uses_every_text(group: type[BaseModel]) -> None:
    verdicts = {"better", "worse"}  # read by the verdict of a comparison
    unused = [
        name for name in group.model_fields
        if name not in verdicts and not re.search(rf"\.{name}\b", CODE)
    ]  # fmt: skip
    assert not unused


def test_every_section_and_block_of_a_report_has_its_texts_and_no_other_is_there(
    report: Report, executive: Report
) -> None:
    sections = {section.id for each in (report, executive) for section in each.sections}
    blocks = {
        block.id for each in (report, executive) for section in each.sections
        for block in section.blocks
    }  # fmt: skip
    said = texts()
    assert sections <= set(said.sections)
    assert blocks <= set(said.blocks)
    for id in set(said.sections) - sections:
        assert f'"{id}"' in CODE, id
    for id in set(said.blocks) - blocks:
        assert f'"{id}"' in CODE, id


def test_every_number_that_no_table_declares_is_described() -> None:
    described = {name.partition(".")[0] for name in texts().descriptions}
    for group in described:
        assert re.search(rf'["{{]{group}\b', CODE), group


def test_every_kind_of_recommendation_has_words() -> None:
    assert set(texts().classes["kind"]) == set(KINDS)


def test_a_text_that_is_missing_or_that_nothing_knows_is_refused() -> None:
    known = texts().model_dump()
    with pytest.raises(ValidationError, match=r"sentences\.forecast\n"):
        Texts.model_validate(known | {"sentences": {**known["sentences"], "forecast": None}})
    with pytest.raises(ValidationError, match="coffee"):
        Texts.model_validate(known | {"coffee": "black"})
