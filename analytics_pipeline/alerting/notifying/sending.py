"""Sending one message to one URL, through Apprise."""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from analytics_pipeline.alerting.notifying.plain_text import one_line
from analytics_pipeline.alerting.notifying.wording import ERROR, Message

if TYPE_CHECKING:
    from apprise import NotifyType
    from apprise.plugins.base import NotifyBase

APPLICATION = "aicache-analytics"
DEADLINE_SECONDS = 20
LONGEST_ERROR = 300
# Of the names in a URL, shorter ones are no secret, and stand in too many words.
SHORTEST_SECRET = 5
OWN_SERVERS = {"json", "xml", "form"}
PROBLEM = re.compile(r"(?:Socket |I/O )?Exception: ")


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt.

    ``error`` says in a line why it was not taken, without the secrets of the URL. ``accepted`` are
    the recipients of the URL that have it, of this and of former attempts. ``permanent`` says that
    another attempt would end the same way.
    """

    taken: bool
    error: str = ""
    accepted: frozenset[str] = frozenset()
    permanent: bool = False


def send(url: str, message: Message, accepted: Iterable[str] = ()) -> Outcome:
    """Send a message to a URL of Apprise; recipients in ``accepted`` are passed over.

    Wherever the service takes a header or an identity of ours, it gets the id of the message, so
    that it can tell a message that is sent again.
    """
    import apprise

    plugin = _plugin(url)
    if plugin is None:
        problem = "it is no URL that Apprise knows, or a part of it is missing"
        return Outcome(False, problem, permanent=True)
    have = set(accepted)
    _remember(plugin, have)
    _identify(plugin, message)
    is_html = _takes_pages(plugin)
    service = apprise.Apprise(asset=plugin.asset)
    service.add(plugin)
    result = service.notify(
        title=message.subject,
        body=message.html if is_html else message.text,
        body_format=apprise.NotifyFormat.HTML if is_html else apprise.NotifyFormat.TEXT,
        notify_type=_type(message),
        timeout=DEADLINE_SECONDS,
        log_level=logging.DEBUG,
    )
    if result:
        return Outcome(True, accepted=frozenset(have))
    return Outcome(False, without_secrets(_error(result), url), frozenset(have))


def _takes_pages(plugin: Any) -> bool:
    """Whether a service takes HTML as mail does, and not only the few tags of a chat."""
    from apprise import NotifyFormat

    is_chat = NotifyFormat.MARKDOWN in plugin._formats()
    return plugin.resolve_format(None) is NotifyFormat.HTML and not is_chat


def problem_of(url: str) -> str | None:
    """What is wrong with a URL, as far as can be told without sending; None where nothing is."""
    return None if _plugin(url) is not None else "it is no URL that Apprise knows"


def shown(url: str) -> str:
    """Which service a URL is of, and its host where that is no secret, as it is of a chat."""
    plugin: Any = _plugin(url)
    if plugin is None:
        return "unknown"
    is_own = plugin.schemas() & OWN_SERVERS
    host = getattr(plugin, "smtp_host", "") or (plugin.host if is_own else "")
    return f"{plugin.service_name} at {host}" if host else str(plugin.service_name)


def _plugin(url: str) -> "NotifyBase | None":
    from apprise import Apprise, AppriseAsset
    from apprise.plugins import url_to_dict
    from apprise.plugins.email.base import NotifyEmail

    from analytics_pipeline.alerting.notifying.identified_email import IdentifiedEmail

    _keep_quiet(logging.getLogger("apprise"))
    asset = AppriseAsset(
        app_id=APPLICATION, app_desc=APPLICATION, async_mode=False,
        plugin_paths=[], storage_mode="memory", secure_logging=True,
    )  # fmt: skip
    plugin = Apprise.instantiate(url, asset=asset)
    if type(plugin) is not NotifyEmail:
        return plugin
    identified: Any = IdentifiedEmail
    parts: Any = url_to_dict
    email: NotifyBase = identified(**{**parts(url), "asset": asset})
    return email


def _keep_quiet(log: logging.Logger) -> None:
    """What Apprise logs goes into the outcome, without secrets, and nowhere else."""
    if log.propagate:
        log.propagate = False
        log.addHandler(logging.NullHandler())
        log.setLevel(logging.DEBUG)


def _remember(plugin: Any, accepted: set[str]) -> None:
    """Let the plugin pass over the recipients that have it, also after this process has ended."""

    def is_delivered(key: Any, per_message: bool = False) -> bool:
        return repr(plugin._slot(key, per_message)) in accepted

    def mark_delivered(key: Any, per_message: bool = False) -> None:
        accepted.add(repr(plugin._slot(key, per_message)))

    plugin.is_delivered, plugin.mark_delivered = is_delivered, mark_delivered


def _identify(plugin: Any, message: Message) -> None:
    takes = type(plugin).template_kwargs
    if hasattr(plugin, "identity"):
        plugin.identity, plugin.thread = message.id, message.facts.get("group", "")
    elif "headers" in takes:
        plugin.headers.update({"X-Notification-Id": message.id, "Idempotency-Key": message.id})
    if "payload" in takes:
        for name, value in message.facts.items():
            plugin.payload_extras.setdefault(name, value)
    if getattr(plugin, "dedup", "") is None:
        plugin.dedup = message.facts.get("group") or message.id


def _type(message: Message) -> "NotifyType":
    from apprise import NotifyType

    if message.says == "resolved":
        return NotifyType.SUCCESS
    if message.says in ("digest", "test"):
        return NotifyType.INFO
    return NotifyType.FAILURE if message.severity == ERROR else NotifyType.WARNING


def _error(result: Any) -> str:
    """What Apprise noted as the reason; details it has only for who looks for errors in it."""
    entries = list(result.logs())
    said = [entry.message for entry in entries if entry.level in ("WARNING", "ERROR", "CRITICAL")]
    details = [
        PROBLEM.split(entry.message, maxsplit=1)[1]
        for entry in entries
        if entry.level == "DEBUG" and PROBLEM.match(entry.message)
    ]
    if not said and not details:
        return f"it gave no reason ({result.status.name.lower()})"
    return " ".join(dict.fromkeys([*said, *details]))


def without_secrets(text: str, url: str) -> str:
    """The text in one line without any part of the URL but the name of its service and its host."""
    rest = url.partition("://")[2]
    before, at, after = rest.rpartition("@")
    parts = [*re.split(r"[:/@]", before if at else ""), *re.split(r"[/?&=:]", after)[1:]]
    for part in sorted({*parts, *map(unquote, parts)}, key=len, reverse=True):
        if len(part) >= SHORTEST_SECRET:
            text = text.replace(part, "…")
    return one_line(text, LONGEST_ERROR)
