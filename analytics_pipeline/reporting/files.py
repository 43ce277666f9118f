"""Where the reports are, and what their files are called."""

import re
import unicodedata
from datetime import date
from hashlib import sha256
from pathlib import Path

from analytics_pipeline.reporting.document import Kind, View

FORMATS = ("html", "json", "csv", "xlsx", "pdf")
MANIFEST = "manifest.json"
SLUG_LENGTH = 40
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
HASHED = re.compile(r"-[0-9a-f]{8}$")


def report_folder(lake_root: Path, first: date, kind: Kind = "daily") -> Path:
    """The folder of the reports of a period, which is the one that ``first`` lies in."""
    week = first.isocalendar()
    periods = {
        "daily": f"event_date={first.isoformat()}",
        "weekly": f"week={week.year:04}-W{week.week:02}",
        "monthly": f"month={first:%Y-%m}",
    }
    return lake_root / "reports" / periods[kind]


def report_name(view: View, team: str | None = None) -> str:
    """The name of a report's files without their ending: report, executive, team-NAME."""
    if view == "team":
        return f"team-{slug(team or '')}"
    return "report" if view == "engineer" else view


def report_files(
    lake_root: Path,
    first: date,
    kind: Kind = "daily",
    view: View = "engineer",
    team: str | None = None,
) -> dict[str, Path]:
    """The file of a report in each of FORMATS, whether it was written or not."""
    folder, name = report_folder(lake_root, first, kind), report_name(view, team)
    return {file_format: folder / f"{name}.{file_format}" for file_format in FORMATS}


def slug(name: str) -> str:
    """A name as part of a file name: a to z, 0 to 9 and single hyphens, never empty.

    A name that has to be changed ends in eight digits of its hash, so that two names share no
    file, on a file system that takes capitals for small letters neither.
    """
    if SLUG.fullmatch(name) and len(name) <= SLUG_LENGTH and not HASHED.search(name):
        return name
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", letters)[:SLUG_LENGTH].strip("-")
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{words}-{digest}" if words else f"x-{digest}"
