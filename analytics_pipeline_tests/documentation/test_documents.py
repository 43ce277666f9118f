"""The documents that follow from declarations are what the declarations give."""

import re
from pathlib import Path

import pytest

from analytics_pipeline.documentation.documents import DOCS, DOCUMENTS
from analytics_pipeline.documentation.mapping_tables import is_told
from analytics_pipeline.ingestion.formats.catalog import FORMATS
from analytics_pipeline.ingestion.formats.declaration import paths_of

ROOT = DOCS.parent
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
TEXTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "samples/README.md")),
    ROOT / "samples" / "LICENSES.md",
    *sorted(DOCS.glob("*.md")),
]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_what_the_declarations_give(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == DOCUMENTS[name](), (
        f"docs/{name} is not up to date: run python -m analytics_pipeline.documentation"
    )


def test_every_computed_field_has_a_note() -> None:
    lacking = [
        f"{source.name}, {mapping.event_type}: {name}"
        for source in FORMATS
        for mapping in source.mappings
        for name in mapping.fields
        if not is_told(mapping, name)
    ]
    assert not lacking, f"Give each a note in the notes of its mapping: {lacking}"


def test_every_note_is_of_a_field() -> None:
    strange = [
        f"{source.name}, {mapping.event_type}: {name}"
        for source in FORMATS
        for mapping in source.mappings
        for name in mapping.notes.keys() - mapping.fields.keys()
    ]
    assert not strange


def test_every_format_says_by_what_it_is_recognized() -> None:
    silent = [each.name for each in FORMATS if each.recognizes and not each.recognized_by]
    assert not silent, f"Give each recognized_by: {silent}"


def test_mappings_of_one_event_type_are_told_apart() -> None:
    for source in FORMATS:
        titles = [(each.event_type, each.records) for each in source.mappings]
        if len(titles) > 1:
            assert all(records for _, records in titles), source.name


def test_every_path_of_a_mapping_is_in_the_document() -> None:
    document = (DOCS / "formats.md").read_text(encoding="utf-8")
    for source in FORMATS:
        for mapping in source.mappings:
            for sql in mapping.fields.values():
                for path in paths_of(sql):
                    assert path == "file_time" or f"`{path}`" in document, path


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_no_merge_left_its_marks(text: Path) -> None:
    assert not re.search(r"^(<<<<<<<|>>>>>>>) ", text.read_text(encoding="utf-8"), re.MULTILINE)


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    of_headings = {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
    return of_headings | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(text: Path) -> None:
    for target, anchor in LINK.findall(text.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        linked = text.parent / target if target else text
        assert linked.exists(), f"{text.name} links to {target}"
        if anchor:
            found = anchors(linked.read_text(encoding="utf-8"))
            assert anchor in found, f"{text.name} links to {target}#{anchor}"
