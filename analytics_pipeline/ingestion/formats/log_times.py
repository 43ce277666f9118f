"""SQL of the times of text logs, as ISO 8601 texts."""

from analytics_pipeline.ingestion.formats.expressions import Restated
from analytics_pipeline.lake.table import literal

# The years in which a date without one may lie: this or the last, and the last leap years, since
# only these have a 29 February.
YEARS = ("y", "y - 1", "y - y % 4", "y - y % 4 - 4", "y - y % 4 - 8")


def written_time(group: str) -> Restated:
    """SQL of a time that is ISO 8601 but for its comma: 2015-10-18 18:01:47,978.

    The times module reads the comma too; with a point it is many times faster.
    """
    return Restated(f"replace($({group}), ',', '.')", "a comma before the fraction is read too")


def parsed_time(group: str, *formats: str) -> Restated:
    """SQL of a time in one of some formats of strptime; of formats with %z, there is only one.

    A text in none of them stays as it is, so that it is refused as a time instead of missed.
    """
    text = f"$({group})"
    if any("%z" in each for each in formats):
        (only,) = formats
        # As text it is '2000-10-10 20:55:36+00', since the engine works in UTC.
        moment = f"try_strptime({text}, {literal(only)})::VARCHAR || ':00'"
    else:
        moment = f"try_strptime({text}, [{', '.join(map(literal, formats))}])::VARCHAR"
    return Restated(f"coalesce({moment}, {text})", f"in the form {' or '.join(formats)}")


def yearless_time(group: str, time_format: str = "%b %d %H:%M:%S") -> Restated:
    """SQL of a time without a year, as syslog writes it: Jun 14 15:16:01.

    The year is the latest for which the time is not after the modification of the file; a day is
    granted, since the time may be of any zone. A text in another format stays as it is.
    """
    text = f"$({group})"
    latest = "TRY_CAST($(file_time) AS TIMESTAMP) + INTERVAL 1 DAY"
    dated = literal(f"%Y {time_format}")
    candidates = ", ".join(
        f"list_transform([try_strptime(({year}) || ' ' || {text}, {dated})], "
        "lambda t: CASE WHEN t <= latest THEN t END)[1]"
        for year in YEARS
    )
    found = (
        f"list_transform([{latest}], lambda latest: list_transform([year(latest)], "
        f"lambda y: coalesce({candidates}))[1])[1]"
    )
    return Restated(
        f"coalesce(({found})::VARCHAR, {text})",
        f"{time_format}, of the latest year in which it is at most a day after the file changed",
    )
