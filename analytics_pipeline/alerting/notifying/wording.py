"""The words of a message, from what it tells of. The texts are the templates beside this module."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from analytics_pipeline.alerting.incidents.incident import Incident
from analytics_pipeline.alerting.notifying.deciding import Item
from analytics_pipeline.alerting.notifying.durations import worded
from analytics_pipeline.alerting.notifying.outbox import Notification
from analytics_pipeline.alerting.notifying.plain_text import harmless, one_line, shortened
from analytics_pipeline.alerting.notifying.planning import identity
from analytics_pipeline.alerting.notifying.routing import Route

if TYPE_CHECKING:
    from jinja2 import Environment

LONGEST_SUBJECT = 160
SHOWN_AT_MOST = 20
WARNING, ERROR = "WARN", "ERROR"


@dataclass(frozen=True)
class Message:
    """A message as it is sent.

    ``says`` is what it is about: opened, worsened, flapping, resolved, digest, escalation or
    reminder. ``facts`` are what a webhook gets beside the text.
    """

    id: str
    says: str
    severity: str
    subject: str
    text: str
    html: str
    facts: Mapping[str, str]


def word(
    notification: Notification,
    items: Sequence[Item],
    explained: Mapping[str, int],
    route: Route | None,
    ui_url: str | None,
    now: datetime,
) -> Message:
    """Word a message of at least one incident.

    ``explained`` is the number of incidents that each one explains. What a log or a table says is
    shown as text and nothing else.
    """
    ordered = sorted(items, key=_worst_first)
    says = what_it_says(notification, ordered)
    shown = [_shown(item, explained, ui_url, now) for item in ordered]
    firing = [each for each in shown if each["role"] == "firing"]
    severity, after = _severity(ordered), _after(notification, route)
    context = {
        "says": says,
        "step": notification.step,
        "after": after,
        "severity": severity,
        "firing": firing[:SHOWN_AT_MOST],
        "resolved": [each for each in shown if each["role"] == "resolved"][:SHOWN_AT_MOST],
        "count": len(shown),
        "firing_count": len(firing),
        "left_out": max(0, len(firing) - SHOWN_AT_MOST)
        + max(0, len(shown) - len(firing) - SHOWN_AT_MOST),
        "first": (firing or shown)[0],
        "where": _where(ordered),
        "id": notification.id,
    }
    text, html = _environment(False), _environment(True)
    return Message(
        id=notification.id,
        says=says,
        severity=severity,
        subject=shortened(text.get_template("subject.txt.j2").render(context), LONGEST_SUBJECT),
        text=text.get_template("message.txt.j2").render(context).strip() + "\n",
        html=html.get_template("message.html.j2").render(context),
        facts={
            "notification_id": notification.id,
            "says": says,
            "severity": severity.lower(),
            "receiver": notification.receiver,
            "incidents": ",".join(item.incident.id for item in ordered),
            "group": identity(notification.group_key),
        },
    )


def what_it_says(notification: Notification, items: Sequence[Item]) -> str:
    """What a message is about, in one word."""
    if notification.kind != "news":
        return notification.kind
    firing = [item for item in items if item.role == "firing"]
    if not firing:
        return "resolved"
    if all(item.incident.flapping for item in firing):
        return "flapping"
    if all(item.changes <= {"worsened", "repeated", "acknowledged"} for item in firing):
        return "worsened"
    return "opened"


def _after(notification: Notification, route: Route | None) -> str | None:
    """After which time an escalation is told; None where the route has changed since."""
    if route is None or notification.kind != "escalation":
        return None
    steps = route.escalate[notification.step - 1 :]
    return worded(steps[0].after) if steps else None


def _worst_first(item: Item) -> tuple[bool, bool, datetime, str]:
    incident = item.incident
    return (
        item.role == "resolved", incident.severity != ERROR, incident.opened_at, incident.id
    )  # fmt: skip


def _severity(items: Sequence[Item]) -> str:
    return ERROR if any(item.incident.severity == ERROR for item in items) else WARNING


def _where(items: Sequence[Item]) -> str:
    """What several incidents have in common, to be told in a subject."""
    groups = {item.incident.source.group for item in items} - {""}
    assets = {item.incident.source.asset for item in items} - {""}
    if len(assets) == 1:
        return one_line(assets.pop())
    if len(groups) == 1:
        return one_line(groups.pop())
    return f"{len(assets)} assets"


def _shown(
    item: Item, explained: Mapping[str, int], ui_url: str | None, now: datetime
) -> dict[str, Any]:
    incident, source = item.incident, item.incident.source
    ended = incident.resolved_at or now
    limits = (incident.lower, incident.upper)
    return {
        "id": incident.id,
        "role": item.role,
        "severity": incident.severity,
        "rule": one_line(source.rule),
        "asset": one_line(source.asset),
        "labels": [
            (harmless(name, 60), harmless(str(value), 120))
            for name, value in sorted(incident.labels.items())
        ],
        "message": harmless(incident.message),
        "description": harmless(source.description),
        "response": harmless(source.response.replace("`", "")),
        "value": _number(incident.value),
        "expected": _number(incident.expected),
        "range": _range(*limits) if any(limit is not None for limit in limits) else None,
        "dates": _dates(incident.first_date, incident.last_date),
        "since": _time(incident.opened_at),
        "ended": _time(ended),
        "lasted": worded(ended - incident.opened_at),
        "occurrences": incident.occurrences,
        "owner": one_line(source.owner),
        "team": one_line(source.team),
        "runbook": one_line(source.runbook),
        "runbook_is_link": source.runbook.startswith(("https://", "http://")),
        "explains": explained.get(incident.id, 0),
        "acknowledged_by": incident.acknowledged_by and harmless(incident.acknowledged_by, 60),
        "flapping": incident.flapping,
        "link": link_to_check(incident, ui_url),
        "worsened": "worsened" in item.changes,
    }


def link_to_check(incident: Incident, ui_url: str | None) -> str | None:
    """The page of an asset check in the Dagster UI; that of all runs for a job."""
    if not ui_url:
        return None
    base, source = ui_url.rstrip("/"), incident.source
    if not source.asset:
        return f"{base}/runs"
    key = "/".join(quote(part, safe="") for part in source.asset.split("/"))
    return f"{base}/assets/{key}?view=checks&checkDetail={quote(source.rule, safe='')}"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:,.6g}"


def _range(lower: float | None, upper: float | None) -> str:
    if lower is None:
        return f"at most {_number(upper)}"
    if upper is None:
        return f"at least {_number(lower)}"
    return f"{_number(lower)} to {_number(upper)}"


def _dates(first: date | None, last: date | None) -> str | None:
    if first is None:
        return None
    return first.isoformat() if last in (None, first) else f"{first} to {last}"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


@cache
def _environment(escaped: bool) -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("analytics_pipeline.alerting.notifying"),
        autoescape=escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def word_test(receiver: str, description: str, now: datetime) -> Message:
    """A message that says of itself that it is a test."""
    context = {"receiver": receiver, "description": description, "sent": _time(now)}
    text = _environment(False).get_template("test.txt.j2").render(context)
    name = identity("test", receiver, now.isoformat())
    page = _environment(True).from_string("<pre>{{ text }}</pre>").render(text=text)
    facts = {"notification_id": name, "says": "test", "receiver": receiver}
    subject = f"[TEST] aicache-analytics reaches {receiver}"
    return Message(name, "test", WARNING, one_line(subject), text, page, facts)
