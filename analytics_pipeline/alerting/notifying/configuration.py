"""Who is told what: the part of alerts.yml that names receivers, routes, quiet hours and windows.

Where a message goes to is a URL of Apprise, which holds a token or a password: it comes from the
environment, and the file names the variable only.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from analytics_pipeline.alerting.configuration import AlertsFile, validated
from analytics_pipeline.alerting.notifying.entries import (
    DeliverySettings,
    Maintenance,
    NotifyingError,
    QuietHours,
    Receiver,
    RouteEntry,
    Telling,
    listed,
)
from analytics_pipeline.alerting.notifying.time_intervals import TimeInterval, TimeIntervals
from analytics_pipeline.metrics.yaml_file import Entry


class NotifyingConfiguration(Entry):
    """Receivers, routes and times of alerts.yml; all of it may be left out."""

    receivers: dict[str, Receiver] = Field({})
    routes: Annotated[tuple[RouteEntry, ...], BeforeValidator(listed)] = ()
    time_intervals: dict[str, TimeIntervals] = Field({})
    maintenance: tuple[Maintenance, ...] = ()
    defaults: Telling = Telling()
    delivery: DeliverySettings = DeliverySettings()

    @model_validator(mode="before")
    @classmethod
    def _without_secrets(cls, data: Any) -> Any:
        """Refuse a URL before anything is said of it: what is said of wrong entries shows them."""
        if isinstance(data, Mapping) and isinstance(data.get("receivers"), Mapping):
            for name, receiver in data["receivers"].items():
                for key, text in _texts(receiver):
                    if "://" in text and key != "description":
                        raise NotifyingError(
                            f"receivers.{name}.{key}: a URL of a receiver holds a token or a "
                            "password and does not belong into a file. Set an environment "
                            "variable to it, and name that: url_env: NAME_OF_THE_VARIABLE."
                        )
        return data

    @model_validator(mode="after")
    def _names_exist(self) -> "NotifyingConfiguration":
        problems = list(self._unknown_names())
        if problems:
            raise NotifyingError("\n".join(problems))
        return self

    def _unknown_names(self) -> Iterator[str]:
        for name, receiver in self.receivers.items():
            yield from self._unknown_quiet(f"receivers.{name}", receiver.quiet_hours)
        yield from self._unknown_in("defaults", self.defaults)
        for number, route in enumerate(self.routes, start=1):
            yield from self._unknown_in_route(f"routes.{number}", route, bool(self.defaults.to))
        for window in self.maintenance:
            yield from self._unknown_times(f"maintenance.{window.name}", window.during)

    def _unknown_in_route(self, place: str, route: RouteEntry, told: bool) -> Iterator[str]:
        yield from self._unknown_in(place, route)
        yield from self._unknown_times(place, (*route.during, *route.not_during))
        told = told or route.to is not None
        if not told and not route.routes:
            yield f"{place}: it names no receiver; add `to: RECEIVER`, or `to: []` for nobody."
        for number, inner in enumerate(route.routes, start=1):
            yield from self._unknown_in_route(f"{place}.{number}", inner, told)

    def _unknown_in(self, place: str, telling: Telling) -> Iterator[str]:
        steps = [name for step in telling.escalate or () for name in step.to]
        for name in dict.fromkeys((*(telling.to or ()), *steps)):
            if name not in self.receivers:
                yield f"{place}: there is no receiver {name}; there {_named(self.receivers)}."
        yield from self._unknown_quiet(place, telling.quiet_hours)

    def _unknown_quiet(self, place: str, quiet: QuietHours | None) -> Iterator[str]:
        yield from self._unknown_times(f"{place}.quiet_hours", quiet.during if quiet else ())

    def _unknown_times(self, place: str, names: tuple[str, ...]) -> Iterator[str]:
        for name in names:
            if name not in self.time_intervals:
                there = _named(self.time_intervals)
                yield f"{place}: there is no time interval {name}; there {there}."

    def intervals(self, names: tuple[str, ...]) -> tuple[TimeInterval, ...]:
        """The time intervals of these names, as one."""
        return tuple(each for name in names for each in self.time_intervals[name])


def _named(known: Iterable[str]) -> str:
    names = ", ".join(known)
    return f"are: {names}" if names else "is none"


def _texts(value: Any, key: str = "url_env") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, key)
    elif isinstance(value, str):
        yield key, value


def url_of(variable: str, receiver: str) -> str:
    """The URL that a variable holds; raises NotifyingError that names receiver and variable."""
    url = os.environ.get(variable, "").strip()
    if not url:
        raise NotifyingError(
            f"receiver {receiver}: the environment variable {variable} is not set. Set it to a "
            "URL of Apprise, such as mailto:// or slack://, where messages are sent from."
        )
    return url


def notifying_configuration(file: AlertsFile) -> NotifyingConfiguration:
    """The receivers, routes and times of the user's file of alerts; none where there is no file.

    Raises AlertsFileError or NotifyingError, which name each wrong entry.
    """
    found = [file.section(key) for key in NotifyingConfiguration.model_fields]
    content = {section.key: section.data for section in found if section.data is not None}
    return validated(NotifyingConfiguration, content, found[0].file, (), file.shown)
