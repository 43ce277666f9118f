"""Builds that were cut short: what they changed must reach the later days that are made from it."""

import json
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date

from analytics_pipeline.lake.lake import Lake, publish_text


@contextmanager
def noted_build(lake: Lake, marts: Collection[str], days: Collection[date]) -> Iterator[bool]:
    """Note a build until it has ended well; tells whether one of the same days has not.

    Such a build may have written a day of which nobody can see any more that it changed. Its note
    goes when a build of all its marts and days ends well.
    """
    folder = lake.state / "metric_builds"
    own = folder / f"{uuid.uuid4().hex}.json"
    build = {"marts": set(marts), "days": {day.isoformat() for day in days}}
    earlier = {}
    for file in folder.glob("*.json"):
        earlier[file] = {key: set(names) for key, names in json.loads(file.read_text()).items()}
    publish_text(own, json.dumps({key: sorted(names) for key, names in build.items()}))
    yield any(build["days"] & other["days"] for other in earlier.values())
    own.unlink(missing_ok=True)
    for file, other in earlier.items():
        if all(other[key] <= build[key] for key in build):
            file.unlink(missing_ok=True)
