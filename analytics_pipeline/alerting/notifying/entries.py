"""The entries of alerts.yml that say who is told, by which route, and when."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, model_validator

from analytics_pipeline.alerting.findings import Severity
from analytics_pipeline.alerting.incidents.matching import Matcher, MatcherError, matcher
from analytics_pipeline.alerting.notifying.durations import Duration
from analytics_pipeline.alerting.notifying.time_intervals import (
    ALL_DAYS,
    Weekdays,
    Zone,
    moments,
    read_dates,
    read_time,
)
from analytics_pipeline.errors import PipelineError
from analytics_pipeline.metrics.yaml_file import Entry

SEVERITIES = {"error": "ERROR", "warn": "WARN", "warning": "WARN"}
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NEVER = timedelta(0)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotifyingError(PipelineError):
    """The configuration of receivers or routes is wrong; the message names the entry."""


def listed(value: Any) -> Any:
    """What may be one or several, as several."""
    return value if isinstance(value, list | tuple) else [value]


def _variables(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not VARIABLE.fullmatch(name):
            # What is written there may be a secret: it is not shown.
            raise NotifyingError(
                "url_env of a receiver takes the name of an environment variable, such as "
                "ONCALL_SLACK_URL, and what stands there is none."
            )
    return names


def _severity(value: Any) -> Any:
    return SEVERITIES.get(str(value).lower(), value)


def _matchers(value: Any) -> Any:
    """Conditions as people write them: one text, a list of them, or names with their values.

    A name with a list of values has to have one of them.
    """
    if isinstance(value, Mapping):
        return tuple(_of_name(str(name), wanted) for name, wanted in value.items())
    try:
        read = (each if isinstance(each, Matcher) else matcher(str(each)) for each in listed(value))
        return tuple(_with_severity(each) for each in read)
    except MatcherError as error:
        raise ValueError(str(error)) from error


def _of_name(name: str, wanted: Any) -> Matcher:
    if not isinstance(wanted, list | tuple):
        return _with_severity(Matcher(name, "=", str(wanted)))
    values = [_with_severity(Matcher(name, "=", str(each))).value for each in wanted]
    return Matcher(name, "=~", "|".join(re.escape(value) for value in values))


def _with_severity(condition: Matcher) -> Matcher:
    """Severities are written in any case, and a warning may be one."""
    if condition.name != "severity" or condition.operator not in ("=", "!="):
        return condition
    value = _severity(condition.value)
    if value not in SEVERITIES.values():
        raise ValueError(f"severity is error or warn, not {condition.value!r}")
    return Matcher("severity", condition.operator, value)


def _repetition(value: Any) -> Any:
    return NEVER if value == "never" else value


Names = Annotated[tuple[str, ...], BeforeValidator(listed)]
Variables = Annotated[
    tuple[str, ...], Field(min_length=1), AfterValidator(_variables), BeforeValidator(listed)
]
Repetition = Annotated[Duration, BeforeValidator(_repetition)]
Matchers = Annotated[tuple[Matcher, ...], BeforeValidator(_matchers)]
Severities = Annotated[
    tuple[Annotated[Severity, BeforeValidator(_severity)], ...], BeforeValidator(listed)
]


def _as_quiet_hours(value: Any) -> Any:
    return {"during": value} if isinstance(value, str | list | tuple) else value


class QuietHours(Entry):
    """Times in which what is due is held until they end, unless it is of an excepted severity."""

    during: Names
    except_: Severities = Field((), alias="except")


Quiet = Annotated[QuietHours, BeforeValidator(_as_quiet_hours)]


class Receiver(Entry):
    """Somebody who is told: a person, a rota, a channel; by one or more URLs of Apprise."""

    url_env: Variables
    description: str = ""
    quiet_hours: Quiet | None = None


class Escalation(Entry):
    """Who is told next, when nobody acknowledged in time."""

    after: Duration
    to: Names


class Digest(Entry):
    """When what was collected is told in one message: at a time of the day, or at regular times."""

    at: Annotated[int, BeforeValidator(read_time)] | None = None
    zone: Zone = "UTC"
    weekdays: Weekdays = ALL_DAYS
    every: Duration | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "Digest":
        if (self.at is None) == (self.every is None):
            raise ValueError('a digest has either `at: "08:00"` or `every: 1h`')
        return self

    def next_after(self, moment: datetime) -> datetime:
        """The first time of the digest after a moment."""
        if self.every is not None:
            passed = (moment - EPOCH) // self.every
            return EPOCH + (passed + 1) * self.every
        zone, at = ZoneInfo(self.zone), self.at or 0
        day = moment.astimezone(zone).date()
        candidates = (day + timedelta(days=step) for step in range(9))
        due = (moments(each, at, zone)[0] for each in candidates if each.weekday() in self.weekdays)
        return next(each for each in due if each > moment)


class Telling(Entry):
    """How a route tells; what an entry leaves out is as in the route around it."""

    to: Names | None = None
    group_by: Names | None = None
    group_wait: Duration | None = None
    group_interval: Duration | None = None
    repeat_interval: Repetition | None = None
    send_resolved: bool | None = None
    escalate: tuple[Escalation, ...] | None = None
    quiet_hours: Quiet | None = None
    digest: Digest | None = None


class RouteEntry(Telling):
    """Incidents that match, in the given times, and who is told of them."""

    name: str | None = None
    match: Matchers = ()
    during: Names = ()
    not_during: Names = ()
    continue_: bool = Field(False, alias="continue")
    routes: "Annotated[tuple[RouteEntry, ...], BeforeValidator(listed)]" = ()


class Maintenance(Entry):
    """A window in which nobody is told of what matches; what is open at its end is told then.

    ``from`` and ``to``, or ``during``, are times of telling. Of an event date in ``event_dates``
    nobody is told at all.
    """

    name: str
    match: Matchers = ()
    from_: AwareDatetime | None = Field(None, alias="from")
    to: AwareDatetime | None = None
    during: Names = ()
    event_dates: Annotated[tuple[date, date], BeforeValidator(read_dates)] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> "Maintenance":
        if (self.from_ is None) != (self.to is None):
            raise ValueError(f"maintenance {self.name}: from and to stand together")
        if self.from_ is not None and self.to is not None and self.to <= self.from_:
            raise ValueError(f"maintenance {self.name}: to lies before from")
        if self.from_ is None and not self.during and self.event_dates is None:
            raise ValueError(f"maintenance {self.name}: give from and to, during, or event_dates")
        return self


class DeliverySettings(Entry):
    """How often a message is tried where a receiver does not take it."""

    attempts: int = Field(10, gt=0)
    first_retry: Duration = timedelta(seconds=30)
    longest_retry: Duration = timedelta(hours=1)
