"""The headline metrics and their slices, as they stand in the lake."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from analytics_pipeline.insights.anomalies import Anomaly, Observed
from analytics_pipeline.insights.contributions import Part
from analytics_pipeline.insights.headlines import Headline, Slices
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table, date_list, quoted

Parts = dict[str, dict[str, Part]]
"""Parts by dimension and slice."""


@dataclass(frozen=True)
class Reader:
    """Reads the marts of a lake on one connection."""

    lake: Lake
    connection: duckdb.DuckDBPyConnection
    tables: Mapping[str, Table]

    def observed(
        self, headlines: Sequence[Headline], days: Iterable[date]
    ) -> dict[Headline, Observed]:
        """The values of the headline metrics on these days, without those that are null."""
        wanted = sorted(set(days))
        found: dict[Headline, Observed] = {}
        for name in dict.fromkeys(each.table for each in headlines):
            of_table = [each for each in headlines if each.table == name]
            columns = ", ".join(
                f"{quoted(each.column)}::DOUBLE, ({each.evidence or 'NULL'})::DOUBLE"
                for each in of_table
            )
            rows = self.connection.execute(
                f"SELECT event_date, {columns} FROM {self._scan(name, wanted)}"
            ).fetchall()
            for place, headline in enumerate(of_table):
                value, evidence = 1 + 2 * place, 2 + 2 * place
                found[headline] = Observed(
                    {row[0]: row[value] for row in rows if row[value] is not None},
                    {row[0]: row[evidence] for row in rows if row[evidence]},
                )
        return {each: found[each] for each in headlines}

    def parts(self, anomalies: Sequence[Anomaly]) -> dict[Anomaly, tuple[Parts, Parts]]:
        """The slices of each anomaly on its day, and what is usual of them.

        Usual is the median over the reference days; a slice is 0 on a day that does not have it.
        """
        found: dict[Anomaly, tuple[Parts, Parts]] = {
            each: (defaultdict(dict), defaultdict(dict)) for each in anomalies
        }
        for headline in dict.fromkeys(each.headline for each in anomalies):
            of_headline = [each for each in anomalies if each.headline == headline]
            by_day = {each.day: each for each in of_headline}
            for slices in headline.slices:
                for day, dimension, slice_, now, usual in self._divided(slices, of_headline):
                    of_day, expected = found[by_day[day]]
                    of_day[dimension][slice_] = now
                    expected[dimension][slice_] = usual
        return found

    def _divided(
        self, slices: Slices, anomalies: Sequence[Anomaly]
    ) -> list[tuple[date, str, str, Part, Part]]:
        compared = [
            (each.day, reference)
            for each in anomalies
            for reference in (each.day, *each.references)
        ]
        pairs = ", ".join(f"({date_list([day])}, {date_list([other])})" for day, other in compared)
        rows = self.connection.execute(
            f"""
            WITH compared(event_date, other_date) AS (VALUES {pairs}),
            references_of AS (
                SELECT event_date, count(*) - 1 AS days FROM compared GROUP BY event_date
            ),
            parts AS (
                SELECT
                    event_date AS other_date,
                    {slices.dimension} AS dimension,
                    {slices.slice} AS slice,
                    sum({slices.numerator})::DOUBLE AS numerator,
                    sum({slices.denominator or "NULL::DOUBLE"})::DOUBLE AS denominator
                FROM {self._scan(slices.table, {other for _, other in compared})}
                {slices.beside}
                WHERE ({slices.where}) AND ({slices.numerator}) IS NOT NULL
                GROUP BY ALL
            ),
            listed AS (
                SELECT
                    event_date,
                    dimension,
                    slice,
                    sum(numerator) FILTER (WHERE other_date = event_date) AS numerator,
                    sum(denominator) FILTER (WHERE other_date = event_date) AS denominator,
                    list(numerator) FILTER (WHERE other_date <> event_date) AS numerators,
                    list(denominator) FILTER (WHERE other_date <> event_date) AS denominators
                FROM compared JOIN parts USING (other_date)
                GROUP BY ALL
            )
            SELECT
                event_date,
                dimension,
                slice,
                coalesce(numerator, 0),
                coalesce(denominator, 0),
                list_median(list_resize(coalesce(numerators, []), days, 0.0)),
                list_median(list_resize(coalesce(denominators, []), days, 0.0))
            FROM listed JOIN references_of USING (event_date)
            ORDER BY ALL
            """
        ).fetchall()
        return [
            (day, dimension, slice_, Part(now, of_now), Part(usual, of_usual))
            for day, dimension, slice_, now, of_now, usual, of_usual in rows
        ]

    def _scan(self, name: str, days: Iterable[date]) -> str:
        return self.lake.scan(self.tables[name], days)
