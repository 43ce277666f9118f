"""Which documents follow from declarations."""

from collections.abc import Callable, Mapping
from pathlib import Path

from analytics_pipeline.documentation.alert_rules import alert_rules_document
from analytics_pipeline.documentation.events import events_document
from analytics_pipeline.documentation.formats import formats_document
from analytics_pipeline.documentation.metrics import metrics_document
from analytics_pipeline.documentation.settings import settings_document

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "alert-rules.md": alert_rules_document,
    "events.md": events_document,
    "formats.md": formats_document,
    "metrics.md": metrics_document,
    "settings.md": settings_document,
}


def write_documents(folder: Path = DOCS) -> None:
    """Write all of them into a folder."""
    folder.mkdir(exist_ok=True)
    for name, content in DOCUMENTS.items():
        (folder / name).write_text(content(), encoding="utf-8")
