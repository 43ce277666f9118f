"""The commands that act on incidents: alerts ack, resolve, silence and unsilence."""

import getpass
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_pipeline.cli_alert_records import incident_store, named_incident, silence_line
from analytics_pipeline.cli_options import (
    WRONG_USAGE,
    JsonOption,
    LakeOption,
    MatchOption,
    configure,
    fail,
    output,
    print_json,
)
from analytics_pipeline.settings import Settings

if TYPE_CHECKING:
    from analytics_pipeline.alerting.incidents.incident import Incident
    from analytics_pipeline.alerting.incidents.store import IncidentStore

IdArgument = Annotated[
    list[str], typer.Argument(metavar="ID…", help="Incidents, by their id or its beginning.")
]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Who does it; else the user of the system.")
]
CommentOption = Annotated[str, typer.Option("--comment", help="What is kept in the history.")]


def ack(
    incidents: IdArgument,
    by: ByOption = None,
    comment: CommentOption = "",
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that somebody is at it: escalation and reminders end."""
    author = _author(by)
    names = _changed(
        configure(lake=lake),
        incidents,
        lambda store, name: store.acknowledge(name, author, comment),
    )
    _print_done(names, "acknowledged", as_json)


def resolve(
    incidents: IdArgument,
    by: ByOption = None,
    comment: CommentOption = "",
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring incidents to their end by hand; what is found again opens again."""
    author = _author(by)
    names = _changed(
        configure(lake=lake),
        incidents,
        lambda store, name: store.resolve(name, author, comment),
    )
    _print_done(names, "resolved", as_json)


def _changed(
    settings: Settings,
    incidents: Sequence[str],
    change: "Callable[[IncidentStore, str], object]",
) -> list[str]:
    """The ids of the incidents, all of them changed, or none where one is not known."""
    with incident_store(settings) as store:
        names = [named_incident(store, each).id for each in incidents]
        for name in names:
            change(store, name)
    return names


def _print_done(names: Sequence[str], what: str, as_json: bool) -> None:
    if as_json:
        print_json({what: list(names)})
    else:
        output.print(f"{what.capitalize()}: {', '.join(names)}", markup=False)


def _author(by: str | None) -> str:
    try:
        return by or getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def silence(
    incident: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Only this incident and its like.")
    ] = None,
    match: MatchOption = None,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="Such as 30m, 2h or 1d.")
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", help="The end instead, in UTC.", formats=["%Y-%m-%dT%H:%M"]),
    ] = None,
    by: ByOption = None,
    comment: CommentOption = "",
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell nobody, for a time, of what matches; it is recorded all the same."""
    if (incident is None) is (match is None):
        fail("Give either the id of an incident, or --match.", WRONG_USAGE)
    if (duration is None) is (until is None):
        fail("Give either --for or --until.", WRONG_USAGE)
    settings = configure(lake=lake)
    with incident_store(settings) as store:
        new = store.silence(
            match or _matchers_of(named_incident(store, incident or "")),
            until.replace(tzinfo=UTC) if until else datetime.now(UTC) + _duration(duration or ""),
            _author(by),
            comment,
        )
        record = silence_line(new)
    if as_json:
        print_json(record)
    else:
        output.print(
            f"Silenced until {record['until']} UTC: {record['matchers']}\n"
            f"aicache-analytics alerts unsilence {new.id} ends it sooner.",
            markup=False,
        )


def _duration(text: str) -> timedelta:
    from analytics_pipeline.alerting.notifying.durations import read_duration

    try:
        return read_duration(text)  # type: ignore[no-any-return]
    except ValueError as error:
        fail(f"--for: {error}.", WRONG_USAGE)


def _matchers_of(incident: "Incident") -> list[Any]:
    """What matches an incident and what is found there again."""
    from analytics_pipeline.alerting.incidents.matching import LABEL, Matcher

    source = incident.source
    labels = [Matcher(LABEL + name, "=", value) for name, value in incident.labels.items()]
    return [Matcher("rule", "=", source.rule), Matcher("asset", "=", source.asset), *labels]


def unsilence(
    silence_id: Annotated[str, typer.Argument(metavar="ID", help="See alerts list --silences.")],
    by: ByOption = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a silence."""
    settings = configure(lake=lake)
    with incident_store(settings) as store:
        store.unsilence(silence_id, _author(by))
    _print_done([silence_id], "ended", as_json)
