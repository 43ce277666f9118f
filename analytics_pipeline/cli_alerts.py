"""The commands on alerts: aicache-analytics alerts …"""

from typing import Annotated

import typer

from analytics_pipeline.cli_alert_actions import ack, resolve, silence, unsilence
from analytics_pipeline.cli_alert_records import (
    dead_letters,
    incident_details,
    incident_line,
    incident_store,
    message_line,
    named_incident,
    print_records,
    silence_line,
)
from analytics_pipeline.cli_alert_sending import deliver, test
from analytics_pipeline.cli_alert_trial import evaluate
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

alerts_app = typer.Typer(
    help="See incidents and what was told of them, acknowledge, silence and resolve them; try "
    "rules and receivers.",
    no_args_is_help=True,
)

ACTIVE = ("open", "acknowledged", "silenced")
STATUSES = (*ACTIVE, "resolved")


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
        known = named_incident(store, incident)
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


alerts_app.command(epilog="Example: aicache-analytics alerts ack 4a9a25e17830-20261126 --by ann")(
    ack
)
alerts_app.command(epilog="Example: aicache-analytics alerts resolve 4a9a25e17830-20261126")(
    resolve
)
alerts_app.command(
    epilog="Example: aicache-analytics alerts silence --match 'rule = hit_rate' --for 2h "
    "--comment 'Known, fixed tomorrow'"
)(silence)
alerts_app.command(epilog="Example: aicache-analytics alerts unsilence 3f9c1a2b4d5e")(unsilence)
alerts_app.command(
    epilog="Example: aicache-analytics alerts evaluate hit_rate --from 2026-11-01 --to 2026-11-24"
)(evaluate)
alerts_app.command(epilog="Example: aicache-analytics alerts test --receiver on-call")(test)
alerts_app.command(epilog="Example: aicache-analytics alerts deliver --dead")(deliver)
