"""How incidents are treated: when they are told, come back, explain each other, go together."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from analytics_pipeline.alerting.incidents.incident import Report
from analytics_pipeline.alerting.incidents.matching import LABEL, NAMES, Matcher, matcher
from analytics_pipeline.errors import PipelineError

EVENT_DATE = "event_date"
CAUSE = "cause"


def _read(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return matcher(value)
    except PipelineError as error:
        raise ValueError(str(error)) from error


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Matchers = Annotated[
    tuple[Annotated[Matcher, BeforeValidator(_read)], ...], BeforeValidator(_one_or_more)
]
"""Matchers as the file has them: one text, or a list, all of which must hold."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Inhibition(_Entry):
    """One entry under ``inhibit:``: while ``source`` is open, ``target`` is told to nobody.

    ``equal`` names properties and labels in which both must be the same; ``event_date`` asks for
    dates in common. With ``downstream`` the target's asset must depend on the source's.
    """

    source: Matchers = Field(min_length=1)
    target: Matchers = ()
    equal: tuple[str, ...] = ()
    downstream: bool = False


def _inhibition(**keys: object) -> Inhibition:
    return Inhibition.model_validate(keys)


ERROR = "severity = ERROR"
DATA_ARE_MISSING = 'rule =~ ".*(missing|fresh|volume).*"'

DEFAULT_INHIBITIONS = (
    _inhibition(source=[ERROR, "group = ingestion"], equal=[EVENT_DATE], downstream=True),
    _inhibition(source=[ERROR, DATA_ARE_MISSING], equal=[EVENT_DATE], downstream=True),
    # That there are no data is also why there are fewer than usual.
    _inhibition(
        source=[ERROR, DATA_ARE_MISSING],
        target=["severity = WARN", DATA_ARE_MISSING],
        equal=[EVENT_DATE, "asset"],
    ),
    # A run that failed is an incident without an asset; it explains why data are not there.
    _inhibition(source=['asset = ""', ERROR], target=[DATA_ARE_MISSING], equal=[EVENT_DATE]),
)


class Policy(_Entry):
    """How incidents are treated. ``inhibit`` and ``group_by`` are keys of the file of alerts.

    ``notify_days`` is the setting of that name. An incident that is found again within
    ``window_dates`` event dates after its end (without dates, within ``window``) is the former one
    again; the time it is found as the ``flapping_openings``-th, it stays open until it was not
    found for as long. ``grace`` is how long after the end of what explained it an incident has to
    end as well before it is told.
    """

    inhibit: tuple[Inhibition, ...] = DEFAULT_INHIBITIONS
    group_by: tuple[str, ...] = (EVENT_DATE, CAUSE)
    notify_days: int = Field(3, ge=0)
    window_dates: int = Field(7, ge=0)
    window: timedelta = timedelta(hours=24)
    flapping_openings: int = Field(3, ge=2)
    grace: timedelta = timedelta(minutes=15)

    @field_validator("group_by")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = (EVENT_DATE, CAUSE, *NAMES)
        for name in names:
            if name not in known and not name.startswith(LABEL):
                raise ValueError(
                    f"incidents cannot be grouped by {name!r}: it can be one of "
                    f"{', '.join(known)}, or {LABEL}NAME for a label"
                )
        return names

    def is_recorded_only(self, report: Report, today: date) -> bool:
        """Whether what is reported lies so far back that nobody is told."""
        day = report.event_date or report.evaluated_at.date()
        return (today - day).days > self.notify_days
