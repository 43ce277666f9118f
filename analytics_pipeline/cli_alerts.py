"""The commands on alerts: aicache-analytics alerts …"""

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_pipeline.cli_alert_records import (
    dead_letters,
    incident_details,
    incident_line,
    incident_store,
    message_line,
    print_records,
    silence_line,
)
from analytics_pipeline.cli_alert_sending import deliver, test
from analytics_pipeline.cli_alert_trial import evaluate
from analytics_pipeline.cli_options import (
    WRONG_USAGE,
    JsonOption,
    LakeOption,
    configure,
    fail,
    output,
    print_json,
)

if TYPE_CHECKING:
    from analytics_pipeline.alerting.incidents.incident import Incident
    from analytics_pipeline.alerting.incidents.store import IncidentStore

alerts_app = typer.Typer(
    help="See incidents and what was told of them, acknowledge, silence and resolve them; try "
    "rules and receivers.",
    no_args_is_help=True,
)

ACTIVE = ("open", "acknowledged", "silenced")
STATUSES = (*ACTIVE, "resolved")

IdArgument = Annotated[
    list[str], typer.Argument(metavar="ID…", help="Incidents, by their id or its beginning.")
]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Who does it; else the user of the system.")
]
CommentOption = Annotated[str, typer.Option("--comment", help="What is kept in the history.")]
MatchOption = Annotated[
    list[str] | None,
    typer.Option(
        "--match",
        metavar="MATCHER",
        help="Such as 'rule = hit_rate' or 'team =~ \"search|ads\"'; all that are given must hold.",
    ),
]


def _named(store: "IncidentStore", name: str) -> "Incident":
    """The incident whose id is this, or begins so."""
    rows = store.connection.execute(
        "SELECT id FROM incident WHERE id = ?1 OR substr(id, 1, length(?1)) = ?1 LIMIT 6", (name,)
    ).fetchall()
    found = [row[0] for row in rows]
    if name in found:
        found = [name]
    if not found:
        fail(f"There is no incident {name}; aicache-analytics alerts list --all shows them.")
    if len(found) > 1:
        fail(f"Several incidents begin with {name}: {', '.join(found)}.", WRONG_USAGE)
    return store.incident(found[0])


def _author(by: str | None) -> str:
    try:
        return by or getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


@alerts_app.command("list", epilog="Example: aicache-analytics alerts list --match 'team = cache'")
def list_alerts(
    status: Annotated[
        list[str] | None,
        typer.Option("--status", help="open, acknowledged, silenced or resolved; repeatable."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is resolved, or was recorded only.")
    ] = False,
    match: MatchOption = None,
    dead: Annotated[
        bool, typer.Option("--dead", help="The messages that could not be delivered, and why.")
    ] = False,
    silences: Annotated[
        bool, typer.Option("--silences", help="The silences that have not ended.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 100,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the incidents that are under way, the newest first."""
    for each in status or ():
        if each not in STATUSES:
            fail(f"There is no status {each}. There are: {', '.join(STATUSES)}.", WRONG_USAGE)
    settings = configure(lake=lake)
    from analytics_pipeline.alerting.incidents.matching import matcher

    matchers = [matcher(each) for each in match or ()]
    with incident_store(settings) as store:
        if dead:
            print_records(dead_letters(store, limit), as_json, "Every message was delivered.")
            return
        if silences:
            records = [silence_line(each) for each in store.silences()]
            print_records(records, as_json, "Nothing is silenced.")
            return
        found = store.incidents(
            status or (None if everything else ACTIVE),  # type: ignore[arg-type]
            matchers=matchers,
            recorded_only=None if everything else False,
            limit=limit,
        )
        under_way = store.incidents(ACTIVE, matchers=matchers, recorded_only=True)  # type: ignore[arg-type]
        recorded = len(under_way)
    if as_json:
        from analytics_pipeline.alerting.incidents.changes import as_json as fields_of

        print_json([fields_of(incident) for incident in found])
    else:
        nothing = "No incident is under way."
        if recorded:
            days = settings.alerting.notify_days
            nothing += (
                f" Recorded only, of event dates more than {days} days back "
                f"(alerting.notify_days): {recorded:,}. --all shows them."
            )
        print_records([incident_line(each) for each in found], as_json, nothing)


@alerts_app.command(epilog="Example: aicache-analytics alerts show 4a9a25e17830-20261126")
def show(
    incident: Annotated[str, typer.Argument(metavar="ID", help="The id, or its beginning.")],
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an incident: what was found, what became of it, who was told of it, or why nobody."""
    settings = configure(lake=lake)
    from analytics_pipeline.alerting.incidents.changes import as_json as fields_of
    from analytics_pipeline.alerting.notifying import outbox

    with incident_store(settings) as store:
        known = _named(store, incident)
        history = store.history(known.id)
        told = outbox.notifications(store.connection, incident_id=known.id)
        untold = outbox.untold(store.connection, known.id)
        messages = [message_line(store, each, known.id) for each in reversed(told)]
    entries = [
        {"at": f"{event.at:%Y-%m-%d %H:%M:%S}", "change": event.change, "date": event.event_date,
         "by": event.by, "message": event.message, "told": untold.get(event.sequence, "")}
        for event in history
    ]  # fmt: skip
    if as_json:
        print_json({"incident": fields_of(known), "history": entries, "messages": messages})
        return
    for name, value in incident_details(known).items():
        if value not in (None, "", ()):
            output.print(f"{name:<15}{value}", markup=False)
    for title, records in (("History", entries), ("Messages", messages)):
        output.print(f"\n{title}")
        print_records(records, False, "None.")


@alerts_app.command(epilog="Example: aicache-analytics alerts ack 4a9a25e17830-20261126 --by ann")
def ack(
    incidents: IdArgument,
    by: ByOption = None,
    comment: CommentOption = "",
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that somebody is at it: escalation and reminders end."""
    settings = configure(lake=lake)
    with incident_store(settings) as store:
        names = [_named(store, each).id for each in incidents]
        for name in names:
            store.acknowledge(name, _author(by), comment)
    _print_done(names, "acknowledged", as_json)


@alerts_app.command(epilog="Example: aicache-analytics alerts resolve 4a9a25e17830-20261126")
def resolve(
    incidents: IdArgument,
    by: ByOption = None,
    comment: CommentOption = "",
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring incidents to their end by hand; what is found again opens again."""
    settings = configure(lake=lake)
    with incident_store(settings) as store:
        names = [_named(store, each).id for each in incidents]
        for name in names:
            store.resolve(name, _author(by), comment)
    _print_done(names, "resolved", as_json)


def _print_done(names: Sequence[str], what: str, as_json: bool) -> None:
    if as_json:
        print_json({what: list(names)})
    else:
        output.print(f"{what.capitalize()}: {', '.join(names)}", markup=False)


@alerts_app.command(
    epilog="Example: aicache-analytics alerts silence --match 'rule = hit_rate' --for 2h "
    "--comment 'Known, fixed tomorrow'"
)
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
            match or _matchers_of(_named(store, incident or "")),
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


@alerts_app.command(epilog="Example: aicache-analytics alerts unsilence 3f9c1a2b4d5e")
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


alerts_app.command(
    epilog="Example: aicache-analytics alerts evaluate hit_rate --from 2026-11-01 --to 2026-11-24"
)(evaluate)
alerts_app.command(epilog="Example: aicache-analytics alerts test --receiver on-call")(test)
alerts_app.command(epilog="Example: aicache-analytics alerts deliver --dead")(deliver)
