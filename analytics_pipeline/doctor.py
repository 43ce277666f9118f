"""The examination of an installation: configuration, folders, disk, Dagster instance, updates."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.settings import Settings

LOW_SPACE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing that was examined, whether it is in order, and what was seen or is to be done."""

    subject: str
    passed: bool
    message: str


def examine(settings: Settings) -> list[Finding]:
    """Examine everything a run needs; what cannot be examined is a finding that failed."""
    examinations: dict[str, Callable[[Settings], tuple[bool, str]]] = {
        "landing zone": _landing_zone,
        "lake": _lake,
        "disk": _disk,
        "ledger": _ledger,
        "alert rules": _alert_rules,
        "alerts": _alerts,
        "definitions": _definitions,
        "dagster instance": _instance,
        "publishing": _publishing,
        "pdf": _pdf,
    }
    findings = []
    for subject, examination in examinations.items():
        try:
            passed, message = examination(settings)
        except (PipelineError, OSError) as error:
            passed, message = False, str(error)
        except Exception as error:
            passed, message = False, f"{type(error).__name__}: {error}".splitlines()[0]
        findings.append(Finding(subject, passed, message))
    return findings


def _landing_zone(settings: Settings) -> tuple[bool, str]:
    from analytics_pipeline.ingestion.discovery import Problem, open_landing_zone

    zone = open_landing_zone(settings)
    problems: list[Problem] = []
    files = sum(1 for _ in zone.walk(problems=problems))
    if problems:
        return False, "; ".join(f"{path}: {reason}" for path, reason in problems)
    return True, f"{zone.location} with {files:,} files"


def _lake(settings: Settings) -> tuple[bool, str]:
    folder = _nearest_folder(settings.lake)
    if not os.access(folder, os.W_OK):
        return False, f"{folder} cannot be written. Give this user the right, or set another lake."
    return True, str(settings.lake)


def _nearest_folder(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _disk(settings: Settings) -> tuple[bool, str]:
    free = shutil.disk_usage(_nearest_folder(settings.lake)).free
    return free >= LOW_SPACE_BYTES, f"{free / 1e9:,.1f} GB free where the lake lies"


def _ledger(settings: Settings) -> tuple[bool, str]:
    from analytics_pipeline.ingestion.ledger import Ledger
    from analytics_pipeline.ingestion.pending_updates import PendingUpdates
    from analytics_pipeline.lake.lake import Lake

    state = Lake.of(settings).state
    if not state.exists():
        return True, "the lake is new: nothing was taken yet"
    with Ledger.open(state) as ledger, PendingUpdates.open(state) as pending:
        refused, awaiting = ledger.refusals(), pending.awaiting_update()
        known = ledger.version_count()
    if refused:
        reasons = "; ".join(f"{path}: {problem}" for path, problem in refused.items())
        return False, f"files could not be read: {reasons}"
    return True, f"{known:,} files taken, {len(awaiting):,} dates await an update"


def _alert_rules(settings: Settings) -> tuple[bool, str]:
    from analytics_pipeline.alerting.configuration import read_alerts_file
    from analytics_pipeline.alerting.ruleset import all_rules

    rules = all_rules(settings)
    active = sum(rule.is_active for rule in rules)
    file = read_alerts_file(settings)
    own = f"with {file.shown}" if file.sections else "there is no file of your own"
    return True, f"{active} are active, {len(rules) - active} are switched off; {own}"


def _alerts(settings: Settings) -> tuple[bool, str]:
    from analytics_pipeline.alerting.examination import examine_alerts

    return examine_alerts(settings)


def _definitions(_: Settings) -> tuple[bool, str]:
    from analytics_pipeline.definitions import defs

    graph = defs.resolve_asset_graph()
    return True, f"{len(graph.get_all_asset_keys())} assets, {len(graph.asset_check_keys)} checks"


def _instance(settings: Settings) -> tuple[bool, str]:
    from analytics_pipeline.execution import open_instance

    with open_instance(settings) as instance:
        runs = instance.get_runs_count()
    return True, f"{os.environ['DAGSTER_HOME']} with {runs:,} runs"


def _publishing(settings: Settings) -> tuple[bool, str]:
    if settings.publish_url is None:
        return True, "no database is configured (setting publish_url)"
    from analytics_pipeline.lake.lake import Lake
    from analytics_pipeline.metrics.tables import mart_tables
    from analytics_pipeline.publishing.database import open_database
    from analytics_pipeline.publishing.publish import days_awaiting

    with open_database(settings) as connection:
        awaiting = days_awaiting(
            Lake.of(settings), connection, settings.publish_schema, mart_tables()
        )
        parameters = connection.get_dsn_parameters()
    days = {day for of_table in awaiting.values() for day in of_table}
    server = f"{parameters.get('host', 'localhost')}:{parameters['port']}"
    where = f"schema {settings.publish_schema} of {parameters['dbname']} on {server}"
    command = "; aicache-analytics publish sends them" if days else ""
    return True, f"{where} lacks {len(days):,} days of the lake{command}"


def _pdf(settings: Settings) -> tuple[bool, str]:
    from analytics_pipeline.reporting.formats.pdf import PdfError, check_pdf

    try:
        return True, f"reports can be printed by weasyprint {check_pdf()}"
    except PdfError as error:
        if "pdf" in settings.reporting.formats:
            raise
        return True, f"not in the setting reporting.formats, and not possible here: {error}"
