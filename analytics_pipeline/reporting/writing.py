"""Writing the files of a report into the lake."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock

from analytics_pipeline.lake.lake import STAGED, Lake, full_disk_reported, publish_files
from analytics_pipeline.reporting.code_version import code_version
from analytics_pipeline.reporting.document import Report
from analytics_pipeline.reporting.files import FORMATS, MANIFEST, report_files, report_name
from analytics_pipeline.reporting.formats.csv import as_csv
from analytics_pipeline.reporting.formats.html import as_html
from analytics_pipeline.reporting.formats.json import as_bytes, as_json
from analytics_pipeline.reporting.formats.pdf import PdfError, as_pdf
from analytics_pipeline.reporting.formats.xlsx import as_xlsx
from analytics_pipeline.reporting.manifest import (
    RENDERED_AT,
    entry_of,
    manifest_text,
    read_manifest,
    same_rendering,
)


@dataclass(frozen=True)
class WrittenReport:
    """The files of a report by format, its content hash, and when it was rendered (UTC)."""

    files: Mapping[str, Path]
    content_sha256: str
    rendered_at: datetime


def write_report(
    lake: Lake, report: Report, formats: Collection[str], *, now: datetime | None = None
) -> WrittenReport:
    """Render a report and replace its files, each atomically, once all of them are rendered.

    Files of the report in other formats, from an earlier time, are rendered as well, so that all
    of them say the same; a PDF is removed where this machine can make none. A file that would not
    change is not touched, and the manifest keeps the time of rendering where nothing has changed.
    Raises PdfError where PDF is among ``formats`` and cannot be made here.
    """
    names = report_files(lake.root, report.first, report.kind, report.view, report.team)
    folder, name = names["json"].parent, report_name(report.view, report.team)
    locks = lake.state / "locks" / "reports"
    locks.mkdir(parents=True, exist_ok=True)
    with full_disk_reported(lake.root), FileLock(locks / f"{folder.name}.lock"):
        for abandoned in folder.glob(f".*{STAGED}"):
            abandoned.unlink(missing_ok=True)
        entries = read_manifest(folder)
        former = entries.get(name, {})
        content = as_bytes(as_json(report))
        rendered = _render(report, content, formats, names, former)
        entry = entry_of(
            report,
            sha256(content).hexdigest(),
            {names[each].name: data for each, data in rendered.items()},
            code_version(),
            now or datetime.now(UTC),
        )
        if same_rendering(entry, former):
            entry = former
        for each in set(FORMATS) - set(rendered):
            names[each].unlink(missing_ok=True)
        manifest = {folder / MANIFEST: as_bytes(manifest_text(entries | {name: entry}))}
        files = {names[each]: data for each, data in rendered.items()}
        publish_files({file: data for file, data in files.items() if _differs(file, data)})
        publish_files({file: data for file, data in manifest.items() if _differs(file, data)})
    return WrittenReport(
        {each: names[each] for each in FORMATS if each in rendered},
        entry["content_sha256"],
        datetime.fromisoformat(entry[RENDERED_AT]),
    )


def _render(
    report: Report,
    content: bytes,
    formats: Collection[str],
    names: Mapping[str, Path],
    former: Mapping[str, Any],
) -> dict[str, bytes]:
    """The bytes of the report in the formats, and in those in which it was written before."""
    known = former.get("files", {})
    earlier = [each for each in FORMATS if names[each].name in known and names[each].exists()]
    # The page is drawn once for HTML and PDF, and not at all for the other formats.
    html = cache(lambda: as_html(report))
    renderers: dict[str, Callable[[], bytes]] = {
        "html": lambda: as_bytes(html()),
        "json": lambda: content,
        "csv": lambda: as_bytes(as_csv(report)),
        "xlsx": lambda: as_xlsx(report),
        "pdf": lambda: _printed(html(), names, former) or as_pdf(html()),
    }
    rendered = {}
    for each, render in renderers.items():
        if each not in formats and each not in earlier:
            continue
        try:
            rendered[each] = render()
        except PdfError:
            if each in formats:
                raise
    return rendered


def _printed(html: str, names: Mapping[str, Path], former: Mapping[str, Any]) -> bytes | None:
    """The PDF that is there, where the same code made it from the same page: printing is slow."""
    known = former.get("files", {})
    page, pdf = known.get(names["html"].name, {}), known.get(names["pdf"].name, {})
    same_page = page.get("sha256") == sha256(as_bytes(html)).hexdigest()
    if not (same_page and former.get("code") == asdict(code_version())):
        return None
    try:
        found = names["pdf"].read_bytes()
    except OSError:
        return None
    return found if sha256(found).hexdigest() == pdf.get("sha256") else None


def _differs(file: Path, content: bytes) -> bool:
    try:
        return file.read_bytes() != content
    except OSError:
        return True
