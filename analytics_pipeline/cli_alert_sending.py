"""The commands that send: aicache-analytics alerts test, aicache-analytics alerts deliver"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from analytics_pipeline.cli_alert_records import incident_store
from analytics_pipeline.cli_options import (
    FAILED,
    WRONG_USAGE,
    JsonOption,
    LakeOption,
    configure,
    fail,
    output,
    print_json,
)


def test(
    receiver: Annotated[
        str | None, typer.Option("--receiver", help="Only this receiver; else all.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Send a message that says that it is a test to each URL, and say what became of it."""
    settings = configure()
    from analytics_pipeline.alerting.configuration import read_alerts_file
    from analytics_pipeline.alerting.notifying.configuration import notifying_configuration
    from analytics_pipeline.alerting.trying import send_tests

    configuration = notifying_configuration(read_alerts_file(settings))
    known = tuple(configuration.receivers)
    if not known:
        fail("No receiver is configured: see receivers in docs/alerts.md.")
    if receiver is not None and receiver not in known:
        fail(f"There is no receiver {receiver}. There are: {', '.join(known)}.", WRONG_USAGE)
    trials = []
    for trial in send_tests(configuration, known if receiver is None else (receiver,)):
        trials.append(trial)
        if not as_json:
            mark = "ok  " if trial.reached else "FAIL"
            said = trial.url if trial.reached else trial.error
            output.print(f"{mark}  {trial.receiver}, {trial.variable}: {said}", markup=False)
    if as_json:
        print_json([asdict(trial) for trial in trials])
    if not all(trial.reached for trial in trials):
        raise typer.Exit(FAILED)


def deliver(
    dead: Annotated[
        bool, typer.Option("--dead", help="Also try again what could not be delivered.")
    ] = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Do once what the daemon does: take ended runs into account, and tell what is due."""
    settings = configure(lake=lake)
    from analytics_pipeline.alerting.notifying.delivering import revive
    from analytics_pipeline.alerting.rounds import alert_round
    from analytics_pipeline.definitions import defs
    from analytics_pipeline.execution import open_instance

    if dead:
        with incident_store(settings) as store:
            revive(store.connection, datetime.now(UTC))
    with open_instance(settings) as instance:
        done = alert_round(settings, instance, defs.get_repository_def())
    if as_json:
        print_json(
            {
                "runs": done.runs,
                "changes": done.changes,
                **{
                    name: [asdict(each) for each in getattr(done.delivery, name)]
                    for name in ("sent", "failed", "dead")
                },
            }
        )
    else:
        output.print(f"{done.in_words()}.", markup=False)
    if done.delivery.failed or done.delivery.dead:
        raise typer.Exit(FAILED)
