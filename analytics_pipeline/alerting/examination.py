"""Whether alerts reach somebody: receivers, what waits, and what could not be delivered."""

from datetime import UTC, datetime

from analytics_pipeline.alerting.configuration import read_alerts_file
from analytics_pipeline.alerting.notifying import outbox
from analytics_pipeline.alerting.notifying.configuration import notifying_configuration
from analytics_pipeline.alerting.rounds import DEAD_LETTERS_SHOWN, open_store, policy_of
from analytics_pipeline.alerting.store import FILE_NAME
from analytics_pipeline.alerting.trying import problems_of
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import Settings

NOBODY = (
    "no receiver is configured: incidents are recorded, and nobody is told "
    "(receivers in alerts.yml, docs/alerts.md)"
)


def examine_alerts(settings: Settings) -> tuple[bool, str]:
    """Whether all is in order, and what was seen or is to be done.

    Raises AlertsFileError or NotifyingError where the file of alerts is wrong.
    """
    file = read_alerts_file(settings)
    policy_of(settings, file)
    configuration = notifying_configuration(file)
    urls = sum(len(receiver.url_env) for receiver in configuration.receivers.values())
    said = f"{len(configuration.receivers)} receivers with {urls} URLs" if urls else NOBODY
    problems = problems_of(configuration)
    if (Lake.of(settings).state / FILE_NAME).exists():
        with open_store(settings, file) as store:
            counts = outbox.counts(store.connection)
            dead = outbox.dead_since(store.connection, datetime.now(UTC) - DEAD_LETTERS_SHOWN)
            active = len(store.incidents(["open", "acknowledged", "silenced"]))
        said += f"; {active:,} incidents under way, {counts.get('sent', 0):,} messages sent"
        if failing := counts.get("failed", 0):
            said += f", {failing:,} to be tried again"
        if dead:
            problems.append(
                f"{dead:,} messages of the last {DEAD_LETTERS_SHOWN.days} days could not be "
                "delivered; aicache-analytics alerts list --dead "
                "shows why, and aicache-analytics alerts deliver --dead tries them again"
            )
    return not problems, "; ".join(problems) if problems else said
