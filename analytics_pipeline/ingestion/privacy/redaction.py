"""Redaction of secrets and personal data in free text, and the hint that there may be some."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from analytics_pipeline.ingestion.privacy.keys import KEYS_HINT, NAMED_SECRET
from analytics_pipeline.ingestion.privacy.personal import PERSONAL_RULES, national_phone
from analytics_pipeline.ingestion.privacy.providers import PROVIDER_RULES
from analytics_pipeline.ingestion.privacy.rules import Rule

# Any character may be written as an escape in JSON, and then no other hint sees it.
ESCAPED_ASCII = r"\\u00[0-7]"
SHORTEST_SECRET = 6
MOST_PASSES = 8
PLACEHOLDER = re.compile(r"\[REDACTED:[^\]]*\]")
VERSION = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
VERSION_KEY = re.compile(r"version|release", re.IGNORECASE)

# A line of an armoured key whose first line is another record.
KEY_BODY = Rule(
    "private_key",
    re.compile(r"\A\s*(?=[^a-z\n]*[a-z])(?=[^A-Z\n]*[A-Z])(?=[^0-9\n]*[0-9])"
               r"(?P<secret>[A-Za-z0-9+/]{64,76}={0,2})\s*\Z"),
    r"^\s*[A-Za-z0-9+/]{64,76}={0,2}\s*$",
)  # fmt: skip


def placeholder(kind: str) -> str:
    """What stands in the place of something redacted."""
    return f"[REDACTED:{kind}]"


@dataclass(frozen=True)
class Redaction:
    """The rules in force, in the order in which they are applied.

    ``hint`` is one RE2 pattern that matches the JSON text of every record in which a rule would
    change something, or ``text_hint`` where the record is no JSON.
    """

    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, phone_regions: Sequence[str] = ()) -> "Redaction":
        """All rules; phone numbers as written inside a country only for these countries."""
        national = (national_phone(region) for region in phone_regions)
        return cls((*PROVIDER_RULES, NAMED_SECRET, *PERSONAL_RULES, *national))

    @property
    def hint(self) -> str:
        """RE2 pattern of JSON records that may hold something to redact."""
        return "|".join(dict.fromkeys([*(r.hint for r in self.rules), KEYS_HINT, ESCAPED_ASCII]))

    @property
    def text_hint(self) -> str:
        """RE2 pattern of records of text that may hold something to redact."""
        return f"{self.hint}|{KEY_BODY.hint}"

    def redacted(self, text: str, key: str = "") -> str:
        """The text without its secrets; ``key`` is the JSON key whose value it is.

        Returns the same object where there is nothing to redact.
        """
        if len(text) < SHORTEST_SECRET:
            return text
        # What was replaced may part what stood beside it, and so let another rule see it.
        for _ in range(MOST_PASSES):
            changed = self._passed(text, key)
            if changed == text:
                break
            text = changed
        return text

    def _passed(self, text: str, key: str) -> str:
        folded = text.lower()
        is_version = VERSION_KEY.search(key) and VERSION.fullmatch(text)
        numbers = {number for anchor, number in self._anchored if anchor in folded}
        for number in sorted(numbers.union(self._always)):
            rule = self.rules[number]
            if rule.kind != "ip" or not is_version:
                text = replaced(rule, text)
        return text

    @cached_property
    def _anchored(self) -> tuple[tuple[str, int], ...]:
        return tuple(
            (anchor, number) for number, rule in enumerate(self.rules) for anchor in rule.anchors
        )

    @cached_property
    def _always(self) -> tuple[int, ...]:
        return tuple(number for number, rule in enumerate(self.rules) if not rule.anchors)

    def redacted_record(self, text: str) -> str:
        """The text of a record that is no JSON without its secrets."""
        return self.redacted(replaced(KEY_BODY, text))


def replaced(rule: Rule, text: str) -> str:
    """The text with what a rule finds replaced; the same object where it finds nothing."""
    parts: list[str] = []
    done = 0
    for start, end in rule.spans(text):
        parts += (text[done:start], placeholder(rule.kind))
        done = end
    return "".join([*parts, text[done:]]) if parts else text
