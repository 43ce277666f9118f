"""Where the Data Docs site is, and which days it has."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.expectations.suite import SUITE
from analytics_pipeline.lake.lake import Lake

DAYS = "days.json"
INDEX = "index.html"


class DocsError(PipelineError):
    """The list of the site's days cannot be read; the message says how to start it anew."""


def site_of(lake: Lake) -> Path:
    """The folder of the site."""
    return lake.root / "data_docs"


def page_of(lake: Lake, day: date) -> Path:
    """The page of a day, as deep in the site as the links of Great Expectations' pages expect."""
    return site_of(lake) / "validations" / SUITE / day.isoformat() / "result" / INDEX


def failed_by_day(lake: Lake) -> Mapping[date, Sequence[str]]:
    """The expectations that each tested day does not meet, by name."""
    return {date.fromisoformat(day): failed for day, failed in read_days(lake).items()}


def read_days(lake: Lake) -> dict[str, list[str]]:
    """The days of the site with the names of the expectations that each did not meet."""
    file = site_of(lake) / DAYS
    if not file.exists():
        return {}
    try:
        return {str(day): [*failed] for day, failed in json.loads(file.read_text()).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise DocsError(
            f"{file} cannot be read ({error}). Delete it: the index then lists the days that are "
            "validated from now on, and the pages of the others stay."
        ) from error
