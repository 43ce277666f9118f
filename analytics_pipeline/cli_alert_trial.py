"""The command that tries alert rules: aicache-analytics alerts evaluate."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_pipeline.cli_alert_records import print_records
from analytics_pipeline.cli_options import (
    WRONG_USAGE,
    JsonOption,
    LakeOption,
    check_range,
    configure,
    day_option,
    fail,
    print_json,
)

if TYPE_CHECKING:
    from analytics_pipeline.alerting.findings import Evaluation


def evaluate(
    rules: Annotated[
        list[str] | None, typer.Argument(metavar="[RULE]…", help="Only these rules; else all.")
    ] = None,
    first: Annotated[
        date | None,
        day_option("--from", "First day; else the last one."),
    ] = None,
    last: Annotated[
        date | None,
        day_option("--to", "Last day; else the newest."),
    ] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what rules find, to try them and their limits: nothing is recorded, nobody is told."""
    settings = configure(lake=lake)
    from analytics_pipeline.alerting.evaluation import evaluate_days, judged_by_checks
    from analytics_pipeline.alerting.ruleset import rules_of
    from analytics_pipeline.events.tables import VALIDATED_EVENTS
    from analytics_pipeline.lake.lake import Lake
    from analytics_pipeline.metrics.errors import suggestion

    source = Lake.of(settings)
    known = {rule.name: rule for rule in judged_by_checks(rules_of(settings))}
    for name in rules or ():
        if name not in known:
            said = f"There is no active rule {name} to evaluate"
            fail(f"{said}; {suggestion(name, known)}", WRONG_USAGE)
    dates = source.dates(VALIDATED_EVENTS)
    if not dates:
        fail(f"{source.root} has no events yet: nothing was taken in.")
    last = last or max(dates[-1], first or dates[-1])
    first = first or last
    check_range(settings, first, last)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    chosen = [known[name] for name in dict.fromkeys(rules or known)]
    with source.engine() as connection:
        found = evaluate_days(source, connection, days, settings, chosen)
    outcomes = [(day, each) for day, of_day in found.items() for each in of_day]
    if as_json:
        print_json([_as_json(day, each) for day, each in outcomes])
        return
    records = [
        {
            "date": day,
            "rule": each.name,
            "found": {True: "ok", False: each.severity, None: "-"}[each.passed],
            "message": each.message,
        }
        for day, each in outcomes
    ]
    print_records(records, False, "There is no rule to evaluate.")


def _as_json(day: date, evaluation: "Evaluation") -> dict[str, Any]:
    history = {past.isoformat(): value for past, value in evaluation.history.items()}
    return {"event_date": day, **asdict(evaluation), "history": history}
