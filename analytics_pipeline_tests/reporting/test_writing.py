"""The files of a report: all of one content, replaced atomically, and told by their manifest."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.reporting import writing
from analytics_pipeline.reporting.code_version import code_hash, code_version
from analytics_pipeline.reporting.document import Report
from analytics_pipeline.reporting.formats.json import content_hash
from analytics_pipeline.reporting.formats.pdf import PdfError
from analytics_pipeline.reporting.writing import WrittenReport, write_report
from analytics_pipeline_tests.reporting.formats.documents import report_of

ALL = ("html", "json", "csv", "xlsx", "pdf")
EARLY = datetime(2026, 11, 11, 6, 0, 0, 123, tzinfo=UTC)
LATE = datetime(2026, 11, 12, 6, 0, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def folder(lake: Lake) -> Path:
    return lake.root / "reports" / "event_date=2026-11-10"


def manifest(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return document


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {file.name: (file.read_bytes(), file.stat().st_ino) for file in folder.iterdir()}


def test_the_manifest_tells_what_lies_there(lake: Lake, folder: Path) -> None:
    report = report_of()
    written = write_report(lake, report, ALL, now=EARLY)
    assert list(written.files) == list(ALL)
    assert {file.parent for file in written.files.values()} == {folder}
    entry = manifest(folder)["reports"]["report"]
    assert entry["rendered_at"] == "2026-11-11T06:00:00Z"
    assert written.rendered_at == EARLY.replace(microsecond=0)
    assert entry["content_sha256"] == written.content_sha256 == content_hash(report)
    assert entry["content_sha256"] == sha256(written.files["json"].read_bytes()).hexdigest()
    assert entry["code"]["sha256"] == code_version().sha256
    assert {"jinja2", "matplotlib", "xlsxwriter", "weasyprint"} == set(entry["code"]["libraries"])
    assert entry["inputs"]["partitions"]["daily_cache_metrics"] == {"2026-11-10": "a" * 64}
    assert {name: file["sha256"] for name, file in entry["files"].items()} == {
        file.name: sha256(file.read_bytes()).hexdigest() for file in written.files.values()
    }
    assert {file.name for file in folder.iterdir()} == {*entry["files"], "manifest.json"}


def test_equal_content_is_rendered_again_to_the_same_files_and_time(
    lake: Lake, folder: Path
) -> None:
    write_report(lake, report_of(), ALL, now=EARLY)
    before = state(folder)
    again = write_report(lake, report_of(), ALL, now=LATE)
    assert state(folder) == before
    assert again.rendered_at == EARLY.replace(microsecond=0)


def test_other_content_replaces_every_file_of_the_report(lake: Lake, folder: Path) -> None:
    write_report(lake, report_of(), ALL, now=EARLY)
    before = state(folder)
    write_report(lake, report_of("cedar"), ["json"], now=LATE)
    after = state(folder)
    assert set(after) == set(before)
    assert not [name for name in after if after[name] == before[name]]
    assert manifest(folder)["reports"]["report"]["rendered_at"] == "2026-11-12T06:00:00Z"
    write_report(lake, report_of("cedar"), ALL, now=LATE)
    assert state(folder) == after


def test_reports_of_several_views_stand_side_by_side(lake: Lake, folder: Path) -> None:
    write_report(lake, report_of(), ["json"], now=EARLY)
    write_report(lake, report_of(view="executive"), ["json", "csv"], now=LATE)
    write_report(lake, report_of("../../etc", view="team"), ["json"], now=LATE)
    reports = manifest(folder)["reports"]
    assert list(reports) == sorted(reports)
    assert reports["report"]["rendered_at"] == "2026-11-11T06:00:00Z"
    assert list(reports["executive"]["files"]) == ["executive.csv", "executive.json"]
    (team,) = set(reports) - {"report", "executive"}
    assert reports[team]["team"] == "../../etc"
    assert {file.parent for file in folder.rglob("*")} == {folder}


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"reports": 3}', '{"reports": {"report": 3}}'])
def test_a_damaged_manifest_is_written_anew(lake: Lake, folder: Path, damage: str) -> None:
    write_report(lake, report_of(), ["json"], now=EARLY)
    (folder / "manifest.json").write_text(damage)
    write_report(lake, report_of(), ["json"], now=LATE)
    assert manifest(folder)["reports"]["report"]["rendered_at"] == "2026-11-12T06:00:00Z"


@pytest.mark.parametrize("name", ["report.json", "report.pdf"])
def test_a_damaged_or_lost_file_is_mended(lake: Lake, folder: Path, name: str) -> None:
    write_report(lake, report_of(), ALL, now=EARLY)
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(b"half")
    write_report(lake, report_of(), ALL, now=LATE)
    assert (folder / name).read_bytes() == whole
    (folder / name).unlink()
    write_report(lake, report_of(), ALL, now=LATE)
    assert (folder / name).read_bytes() == whole
    assert manifest(folder)["reports"]["report"]["rendered_at"] == "2026-11-11T06:00:00Z"


def test_an_unchanged_page_is_not_printed_again_unless_the_code_is_another(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[str] = []

    def counting(html: str) -> bytes:
        printed.append(html)
        return b"%PDF"

    monkeypatch.setattr(writing, "as_pdf", counting)
    for _ in range(3):
        write_report(lake, report_of(), ["html", "pdf"], now=EARLY)
    assert len(printed) == 1
    other = replace(code_version(), sha256="0" * 64)
    monkeypatch.setattr(writing, "code_version", lambda: other)
    write_report(lake, report_of(), ["html", "pdf"], now=EARLY)
    assert len(printed) == 2


def test_without_a_printer_an_outdated_pdf_goes_and_an_asked_one_fails(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(lake, report_of(), ALL, now=EARLY)

    def missing(_: str) -> bytes:
        raise PdfError("PDF needs weasyprint.")

    monkeypatch.setattr(writing, "as_pdf", missing)
    before = state(folder)
    with pytest.raises(PdfError):
        write_report(lake, report_of("cedar"), ALL, now=LATE)
    assert state(folder) == before
    written = write_report(lake, report_of("cedar"), ["json"], now=LATE)
    assert "pdf" not in written.files
    assert not (folder / "report.pdf").exists()
    assert "report.pdf" not in manifest(folder)["reports"]["report"]["files"]


def test_a_killed_writer_leaves_whole_files_and_the_next_one_mends(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(lake, report_of(), ALL, now=EARLY)
    texts = {"atlas": state(folder)}
    places: list[Path] = []
    replaced = Path.replace

    class Killed(BaseException):
        pass

    def replace_some(self: Path, target: Path) -> Path:
        if len(places) == 2:
            raise Killed
        places.append(target)
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", replace_some)
    with pytest.raises(Killed):
        write_report(lake, report_of("cedar"), ALL, now=LATE)
    monkeypatch.undo()
    (folder / ".report.html.abandoned.tmp").write_bytes(b"half")
    left = state(folder)
    written = write_report(lake, report_of("cedar"), ALL, now=LATE)
    done = state(folder)
    assert set(done) == set(texts["atlas"])
    for name in done:
        assert left[name][0] in (done[name][0], texts["atlas"][name][0])
    assert manifest(folder)["reports"]["report"]["content_sha256"] == written.content_sha256


def test_code_that_differs_has_another_hash(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "notes.txt").write_text("not code")
    before = code_hash(tmp_path)
    (tmp_path / "notes.txt").write_text("still not")
    assert code_hash(tmp_path) == before
    (tmp_path / "b.j2").write_text("")
    assert code_hash(tmp_path) != before


def written_once(lake: Lake, report: Report) -> WrittenReport:
    return write_report(lake, report, ["json"], now=EARLY)


def test_text_that_is_no_unicode_is_written_all_the_same(lake: Lake) -> None:
    written = written_once(lake, report_of("\udcff", view="team"))
    document = json.loads(written.files["json"].read_bytes())
    assert document["team"] == "\udcff"
