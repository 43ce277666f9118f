"""A report for people: one HTML file that needs nothing else."""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics_pipeline.reporting import wording
from analytics_pipeline.reporting.charts import charts_of
from analytics_pipeline.reporting.content import ReportContent
from analytics_pipeline.reporting.marts import USAGE
from analytics_pipeline.reporting.measure import unit_of

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE = "daily_report.html.j2"


def as_html(content: ReportContent) -> str:
    """The content as a page with its charts and styles inside; equal content gives equal text."""
    return _template().render(content=content, charts=charts_of(content))


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "change": wording.change,
        "clock": wording.clock,
        "label": wording.label,
        "long_date": wording.long_date,
        "number": wording.number,
        "only": _only,
        "readable": wording.readable,
        "short_date": wording.short_date,
        "spoken": wording.spoken,
        "unit_of": unit_of,
        "weekday": wording.weekday,
        "without": _without,
    }
    environment.globals |= {
        "usage_columns": {column for columns in USAGE.values() for column in columns},
        "usage_of": USAGE,
        "wording": wording,
    }
    return environment.get_template(TEMPLATE)


def _only(items: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: item for name, item in items.items() if name in names}


def _without(items: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: item for name, item in items.items() if name not in names}
