"""Writing a dashboard: a folder of files that a browser opens, from disk or from a web server.

Each table and month is a file of its own, so an update writes those of the months that it touches.
A file is replaced as a whole, and not at all where it would say the same; index.js, which names
them, comes last.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock

from analytics_pipeline.lake.lake import Lake, full_disk_reported, publish_text
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reach import reach
from analytics_pipeline.reporting.dashboard.catalog_file import catalog_content
from analytics_pipeline.reporting.dashboard.data_files import (
    FORMAT,
    Month,
    days_of,
    month_of,
    month_scripts,
    script,
    selected_rows,
    shown_month,
)
from analytics_pipeline.reporting.dashboard.selection import SiteTable, site_tables
from analytics_pipeline.settings import Settings

FOLDER = "dashboard"
TEAM_FOLDER = "dashboard_teams"
PAGE = "index.html"
DATA = "data"
STATIC = Path(__file__).parent / "static"
PLOTLY = "plotly.min.js"
ENGAGEMENT = "daily_engagement_metrics"
# Elements that plotly.js looks for before it adds styles of its own, which the policy of the page
# would refuse.
STYLE_GUARD = re.compile(r'getElementById\("([0-9a-f]{64})"\)')
GUARDS_AT = "<!-- style guards -->"
MONTHS_AT_ONCE = 12


@dataclass
class BuiltDashboard:
    """What was written of a dashboard: the names of its files, and how large all of it is."""

    page: Path
    written: list[str] = field(default_factory=list)
    bytes: int = 0

    @property
    def months(self) -> list[str]:
        """The months of which a file was written, ascending."""
        return sorted({Path(name).stem for name in self.written if name.startswith(f"{DATA}/")})


def dashboard_folder(lake: Lake, team: str | None = None) -> Path:
    """Where the dashboard of everyone or of a team stands.

    The name of a team may be anything, so its folder is called by what is plain in it, and by a
    hash.
    """
    if team is None:
        return lake.root / FOLDER
    plain = re.sub(r"[^a-z0-9]+", "-", team.lower()).strip("-")[:40]
    digest = hashlib.sha256(team.encode()).hexdigest()[:8]
    return lake.root / TEAM_FOLDER / "-".join(filter(None, (plain, digest)))


def build_dashboard(
    lake: Lake,
    folder: Path,
    project: Project,
    settings: Settings,
    *,
    days: Iterable[date] | None = None,
    team: str | None = None,
    incidents: Table | None = None,
) -> BuiltDashboard:
    """Bring a dashboard up to date, and say what was written.

    ``days`` are those that changed: only their months are looked at, and the later ones whose rows
    are made from them; all months where None, and where the dashboard was made from other tables or
    columns. With a ``team`` it has that team's rows and no others. ``incidents`` is the table whose
    rows mark days, as site_tables tells.
    """
    tables = site_tables(project, settings, team, incidents)
    smallest = settings.reporting.min_group_size
    everyones = tables if team is None else site_tables(project, settings, None)
    catalog = catalog_content(project, tables, everyones, team, smallest)
    engagement = project.marts.get(ENGAGEMENT)
    with full_disk_reported(lake.root), _Site.open(lake, folder) as site:
        queries = _Queries(lake, smallest, engagement.table if engagement else None)
        for table in tables:
            site.remember(table, queries.version(table))
            _write_months(site, queries, table, _months(lake, project, table, site, days))
        site.forget_tables_but({table.name for table in tables})
        _write_pages(site)
        site.write("catalog.js", script("setCatalog", catalog))
        site.write("index.js", script("setIndex", site.index()))
        return BuiltDashboard(folder / PAGE, site.written, site.size())


def _months(
    lake: Lake, project: Project, table: SiteTable, site: "_Site", days: Iterable[date] | None
) -> list[Month]:
    """The months to look at, ascending."""
    if days is None or not site.knows(table):
        return sorted({month_of(day) for day in lake.dates(table.table)})
    later = reach(project, table.name) if table.name in project.marts else 0
    touched = {day + timedelta(days=after) for day in days for after in range(later + 1)}
    return sorted({month_of(day) for day in touched})


@dataclass(frozen=True)
class _Queries:
    lake: Lake
    smallest_group: int
    user_counts: Table | None

    def of(self, table: SiteTable, days: Sequence[date]) -> str:
        return selected_rows(self.lake, table, days, self.smallest_group, self.user_counts)

    def version(self, table: SiteTable) -> str:
        """What the files of a table are made by."""
        made_by = [FORMAT, self.of(table, []), table.columns]
        return hashlib.sha256(json.dumps(made_by).encode()).hexdigest()[:16]

    def inputs(self, table: SiteTable, month: Month) -> str | None:
        """The identity of the partitions of a month, None where it has none."""
        read = [table.table]
        if table.small_groups and not table.users and self.user_counts:
            read.append(self.user_counts)
        found = [
            (file.parent.parent.name, day.isoformat(), at.st_size, at.st_mtime_ns, at.st_ino)
            for of_table in read
            for day in days_of(month)
            if (file := self.lake.partition_file(of_table, day)).exists() and (at := file.stat())
        ]
        own = any(name == table.name for name, *_ in found)
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16] if own else None


def _write_months(
    site: "_Site", queries: _Queries, table: SiteTable, months: Sequence[Month]
) -> None:
    """Write the months whose partitions are others than those that their files were made from."""
    inputs = {month: queries.inputs(table, month) for month in months}
    changed = [
        month for month, found in inputs.items() if found and not site.has(table, month, found)
    ]
    for at in range(0, len(changed), MONTHS_AT_ONCE):
        part = changed[at : at + MONTHS_AT_ONCE]
        days = [day for month in part for day in days_of(month)]
        with queries.lake.engine() as connection:
            texts = month_scripts(connection, table, queries.of(table, days), part)
        for month, text in texts.items():
            stored = [
                day
                for day in days_of(month)
                if queries.lake.partition_file(table.table, day).exists()
            ]
            site.put(table, month, text, str(inputs[month]), stored[0], stored[-1])


def _write_pages(site: "_Site") -> None:
    """Write what is the same in every dashboard: page, scripts, styles and plotly.js."""
    from plotly.offline import get_plotlyjs

    plotly = get_plotlyjs()
    guards = "".join(f'<meta id="{name}">' for name in sorted(set(STYLE_GUARD.findall(plotly))))
    for file in sorted(STATIC.rglob("*.*")):
        text = file.read_text(encoding="utf-8")
        site.write(file.relative_to(STATIC).as_posix(), text.replace(GUARDS_AT, guards))
    site.write(PLOTLY, plotly)


class _Site:
    """The files of a dashboard while it is written, and what they were made from."""

    def __init__(self, folder: Path, state_file: Path) -> None:
        self.folder = folder
        self.written: list[str] = []
        self._state_file = state_file
        self._lock = FileLock(state_file.with_suffix(".lock"))
        self._tables: dict[str, dict[str, Any]] = {}

    @classmethod
    def open(cls, lake: Lake, folder: Path) -> "_Site":
        """The site in a folder, whose notes stand in the state of the lake."""
        digest = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]
        return cls(folder, lake.state / "dashboards" / f"{digest}.json")

    def __enter__(self) -> "_Site":
        self._state_file.parent.mkdir(parents=True, exist_ok=True)
        # Whoever holds it last has read partitions at least as new as everyone before.
        self._lock.acquire()
        if (self.folder / PAGE).exists():
            # Without notes that can be read, all is written that differs.
            with suppress(OSError, ValueError):
                self._tables = json.loads(self._state_file.read_text(encoding="utf-8"))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                publish_text(self._state_file, json.dumps(self._tables, sort_keys=True))
        finally:
            self._lock.release()

    def knows(self, table: SiteTable) -> bool:
        """Whether it has files of the table that are made as they are made now."""
        return bool(self._tables[table.name]["months"])

    def remember(self, table: SiteTable, version: str) -> None:
        """Note by what the files of a table are made; those made otherwise count no more."""
        if self._tables.get(table.name, {}).get("version") != version:
            self._tables[table.name] = {"version": version, "months": {}}

    def has(self, table: SiteTable, month: Month, inputs: str) -> bool:
        """Whether the file of a month is made from these partitions, and still there."""
        noted = self._tables[table.name]["months"].get(shown_month(month))
        return bool(noted and noted["inputs"] == inputs) and self._file(table, month).exists()

    def put(
        self, table: SiteTable, month: Month, text: str, inputs: str, first: date, last: date
    ) -> None:
        """Write the file of a month, and note what it is made from."""
        self.write(self._file(table, month).relative_to(self.folder).as_posix(), text)
        self._tables[table.name]["months"][shown_month(month)] = {
            "inputs": inputs,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "first": first.isoformat(),
            "last": last.isoformat(),
        }

    def write(self, name: str, text: str) -> None:
        """Write a file where it would say anything else."""
        file = self.folder / name
        content = text.encode()
        if file.exists() and file.stat().st_size == len(content) and file.read_bytes() == content:
            return
        publish_text(file, text)
        self.written.append(name)

    def forget_tables_but(self, names: set[str]) -> None:
        """Take away what an earlier version of the declarations wrote."""
        for name in set(self._tables) - names:
            shutil.rmtree(self.folder / DATA / name, ignore_errors=True)
            del self._tables[name]

    def index(self) -> Mapping[str, Any]:
        """The content of index.js: the range of dates, and by table the hashes of its months."""
        months = [each for noted in self._tables.values() for each in noted["months"].values()]
        return {
            "first": min((each["first"] for each in months), default=None),
            "last": max((each["last"] for each in months), default=None),
            "months": {
                name: {
                    month: noted["months"][month]["sha256"][:12]
                    for month in sorted(noted["months"])
                }
                for name, noted in sorted(self._tables.items())
            },
        }

    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())

    def _file(self, table: SiteTable, month: Month) -> Path:
        return self.folder / DATA / table.name / f"{shown_month(month)}.js"
