"""What is recommended, by its expected value, and what was unusual with its likely causes."""

from datetime import date

from analytics_pipeline.lake.table import Table
from analytics_pipeline.reporting.document import Paragraphs, Section
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.texts import texts

RECOMMENDATIONS: Table | None = None
ANOMALY_CAUSES: Table | None = None


def recommendations_section(sources: Sources, day: date) -> Section:
    """The section on recommendations."""
    return Section(
        "recommendations", (Paragraphs("recommendations", (texts().absences.no_stage,)),)
    )


def anomalies_section(sources: Sources, day: date) -> Section:
    """The section on anomalies."""
    return Section("anomalies", (Paragraphs("anomalies", (texts().absences.no_stage,)),))
