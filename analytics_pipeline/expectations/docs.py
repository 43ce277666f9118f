"""The Data Docs site: a page a day by Great Expectations, and an index that works offline."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from filelock import FileLock
from jinja2 import Environment, PackageLoader, select_autoescape

from analytics_pipeline.expectations.site import DAYS, INDEX, page_of, read_days, site_of
from analytics_pipeline.expectations.suite import SUITE, Expectation
from analytics_pipeline.expectations.validation import DayResult, gx_suite
from analytics_pipeline.lake.lake import Lake, publish_text


def publish_results(
    lake: Lake, expectations: Sequence[Expectation], results: Mapping[date, DayResult]
) -> None:
    """Put the pages of the days into the site, in place of earlier ones, and renew its index.

    Each file is replaced atomically, the index last, and one process at a time writes, so that a
    killed run leaves a site that works. The cost grows with the days published; of all others only
    one line each is read and written.
    """
    from great_expectations.render.renderer.page_renderer import (
        ExpectationSuitePageRenderer,
        ValidationResultsPageRenderer,
    )
    from great_expectations.render.view.view import DefaultJinjaPageView

    view: Any = DefaultJinjaPageView()
    of_suite: Any = ExpectationSuitePageRenderer()
    of_day: Any = ValidationResultsPageRenderer()
    suite_page = view.render(of_suite.render(gx_suite(expectations)))
    pages = {day: view.render(of_day.render(result.validation)) for day, result in results.items()}
    site = site_of(lake)
    locks = lake.state / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / "data_docs.lock"):
        publish_text(site / "expectations" / f"{SUITE}.html", suite_page)
        for day, page in pages.items():
            publish_text(page_of(lake, day), page)
        days = read_days(lake) | {
            day.isoformat(): list(result.failed) for day, result in results.items()
        }
        publish_text(site / DAYS, json.dumps(days, sort_keys=True))
        publish_text(site / INDEX, _index_page(lake, days))


def _index_page(lake: Lake, days: Mapping[str, Sequence[str]]) -> str:
    entries = [
        {
            "day": day,
            "href": page_of(lake, date.fromisoformat(day)).relative_to(site_of(lake)).as_posix(),
            "failed": failed,
        }
        for day, failed in sorted(days.items(), reverse=True)
    ]
    months = [
        (month, list(entries_of_month))
        for month, entries_of_month in groupby(entries, key=lambda entry: str(entry["day"])[:7])
    ]
    environment = Environment(
        loader=PackageLoader("analytics_pipeline.expectations"),
        autoescape=select_autoescape(["j2"]),
    )
    return environment.get_template("index.html.j2").render(
        months=months, suite_page=f"expectations/{SUITE}.html", days=len(entries)
    )
