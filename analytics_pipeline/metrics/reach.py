"""Which days a change of a day concerns: those whose rows are made from it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta

from analytics_pipeline.metrics.compiling import CompiledModel, compiled
from analytics_pipeline.metrics.project import Model, Project


def reach(project: Project, name: str) -> int:
    """How many days after a day the rows of a mart may still change with that day's events."""
    query = compiled(project, name)
    own = query.model.history_days
    through = [
        (own if ref.history else 0) + (reach(project, ref.name) if ref.name in project.marts else 0)
        for ref in query.reads
    ]
    return max(through, default=0)


def days_with_history(days: Iterable[date], history_days: int) -> list[date]:
    """The days, and so many before each, ascending."""
    found = {day - timedelta(days=back) for day in days for back in range(history_days + 1)}
    return sorted(found)


def looked_back(model: Model, days: Sequence[date]) -> list[date]:
    """The days, and those before the first that the model computes anew with it."""
    back = model.lookback if days else 0
    return sorted({*days, *(min(days) - timedelta(days=n) for n in range(1, back + 1))})


def later_days(days: Sequence[date], existing: Iterable[date], within: int) -> list[date]:
    """Those of the existing days that lie at most so many days after one of the days."""
    reached = _days_after(days, within) - set(days)
    return sorted(reached & set(existing))


def affected_days(
    query: CompiledModel,
    candidates: Collection[date],
    changed: Mapping[str, Collection[date]],
    asked: Sequence[date],
) -> list[date]:
    """Those of the candidates whose rows are made from a day that changed.

    ``changed`` has the days of models that were just computed; of other tables, the days that were
    asked for are taken for changed.
    """
    affected: set[date] = set()
    if candidates:
        for ref in query.reads:
            back = query.model.history_days if ref.history else 0
            affected |= _days_after(changed.get(ref.name, asked), back)
    return sorted(affected & set(candidates))


def _days_after(days: Iterable[date], within: int) -> set[date]:
    """The days, and so many after each."""
    return {day + timedelta(days=after) for day in days for after in range(within + 1)}
