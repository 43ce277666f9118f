"""What the sections of a report are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.lake.table import Table
from analytics_pipeline.reporting.document import Figures, Rows
from analytics_pipeline.reporting.marts import DailyMarts
from analytics_pipeline.reporting.measure import Absence, Listing, Metric
from analytics_pipeline.reporting.stored import Stored
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.settings import Settings


@dataclass(frozen=True)
class Sources:
    """The stored tables, the marts, and the evaluated alert rules of each of the reports' days.

    ``failed_expectations`` names those that a day does not meet; a day that was not tested is not
    in it.
    """

    stored: Stored
    marts: DailyMarts
    alerts: Mapping[date, Sequence[Evaluation]]
    failed_expectations: Mapping[date, Sequence[str]]
    settings: Settings

    def figures(self, mart: str, day: date) -> Figures:
        """Every number of a mart with one row a day."""
        metrics = self.marts.metrics(mart, day)
        if metrics:
            return Figures(mart, metrics)
        said = texts().absences.no_mart.format(table=mart)
        return Figures(mart, {mart: Metric(None, None, said)})

    def rows(
        self,
        id: str,
        mart: str,
        day: date,
        shown: Sequence[str],
        key: str,
        absence: Absence,
        *,
        order: str | None = None,
        group: tuple[str, str | int] | None = None,
        limit: int | None = None,
        kept: int | None = None,
        folded: bool = False,
    ) -> Rows:
        """A list of the rows of a mart; ``limit`` of them are shown, ``kept`` of them read."""
        table = self.marts.table(mart)
        if table is None:
            said = texts().absences.no_mart_rows.format(table=mart)
            return Rows(id, Listing((), (), None, said), (), key, mart)
        return self.stored_rows(
            id, table, day, shown, key, absence,
            order=order, group=group, limit=limit, kept=kept, folded=folded,
        )  # fmt: skip

    def stored_rows(
        self,
        id: str,
        table: Table,
        day: date,
        shown: Sequence[str],
        key: str,
        absence: Absence,
        *,
        order: str | None = None,
        group: tuple[str, str | int] | None = None,
        limit: int | None = None,
        kept: int | None = None,
        folded: bool = False,
    ) -> Rows:
        """A list of the rows of a table of the lake, as ``rows`` gives those of a mart."""
        listing = self.stored.listing(table, day, absence, order=order, limit=kept, group=group)
        columns = tuple(name for name in shown if name in table.column_names)
        return Rows(id, listing, columns, key, table.name, limit, folded and bool(listing.rows))
