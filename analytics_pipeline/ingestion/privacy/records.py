"""What becomes of the JSON text of a record: each literal and value by its policy or the rules.

Everything that no policy and no rule changes stays byte for byte as it came. The text is walked
from token to token, not parsed, so that repeated keys, odd spacing, numbers of any size and any
depth of nesting are no exceptions.
"""

from collections.abc import Callable
from datetime import date
from functools import lru_cache

from analytics_pipeline.ingestion.privacy.json_text import (
    TOKEN,
    Edits,
    decoded,
    encoded,
    value_end,
    value_start,
)
from analytics_pipeline.ingestion.privacy.keys import is_secret_key
from analytics_pipeline.ingestion.privacy.paths import PathTree
from analytics_pipeline.ingestion.privacy.policies import RecordPolicies
from analytics_pipeline.ingestion.privacy.redaction import PLACEHOLDER, Redaction, placeholder

CACHED_LITERALS = 65_536
LONGEST_CACHED_LITERAL = 200
NOT_A_SECRET = frozenset({"null", "true", "false", '""', "{}", "[]"})
NO_PERSON = frozenset({"null", '""', ""})
NO_POLICY = PathTree()
UNREADABLE = "record"

Pseudonym = Callable[[str], str]
PseudonymOn = Callable[[date | None], Pseudonym]


class JsonDoor:
    """Carries out policies and rules on JSON records, one at a time."""

    def __init__(self, policies: RecordPolicies, redaction: Redaction | None) -> None:
        self._tree = policies.tree
        self._picking = policies.allowed is not None
        self._redaction = redaction
        self._cached = lru_cache(CACHED_LITERALS)(self._redacted)

    def admitted(self, record: str, pseudonym: Pseudonym) -> str:
        """The text of a record as it may be stored."""
        if self._picking and record[:1] != "{" and not record.lstrip().startswith("{"):
            return placeholder(UNREADABLE)
        return self._walk(record, pseudonym, [])

    def persons(self, record: str) -> list[str]:
        """The ids of users that a record names; several where a key is repeated."""
        found: list[str] = []
        self._walk(record, str, found)
        return found

    def _walk(self, record: str, pseudonym: Pseudonym, persons: list[str]) -> str:
        edits = Edits(record)
        outer: list[tuple[PathTree | None, bool]] = []
        # The policies inside the object at hand, those of the value to come, and whether all of
        # the object at hand is allowed.
        inside: PathTree | None = None
        coming: PathTree | None = self._tree
        all_allowed = not self._picking
        key, position, objects = "", 0, 0
        while token := TOKEN.search(record, position):
            start, position = token.start(), token.end()
            kind = record[start]
            if kind in "{[":
                outer.append((inside, all_allowed))
                # Lists around a record do not hide it.
                coming = self._tree if objects == 0 else coming
                objects += kind == "{"
                inside = coming if kind == "{" else None
                all_allowed = all_allowed or coming is None or coming.is_allowed
                coming = None
            elif kind in "}]":
                inside, all_allowed = outer.pop() if outer else (None, all_allowed)
                objects -= kind == "}"
                coming = None
            elif token["colon"] is None:
                edits.replace(start, position, self.text(record[start:position], key))
            else:
                literal = token["literal"]
                key = decoded(literal)
                coming = inside.below.get(key) if inside is not None else None
                node = coming or NO_POLICY
                begin = value_start(record, position)
                if node.is_person:
                    value = record[begin : value_end(record, begin)]
                    persons += [decoded(value)] if value not in NO_PERSON else []
                if node.policy == "drop" or not (all_allowed or node.leads_to_allowed):
                    position = value_end(record, begin)
                    edits.remove_entry(start, position)
                elif node.policy is not None or (self._redaction and is_secret_key(key)):
                    position = value_end(record, begin)
                    value = record[begin:position]
                    edits.replace(begin, position, new_value(value, node.policy, key, pseudonym))
                else:
                    edits.replace(start, start + len(literal), self.text(literal, ""))
        return edits.applied()

    def text(self, literal: str, key: str) -> str:
        """A literal as it may be stored; ``key`` is the key whose value it is."""
        if self._redaction is None:
            return literal
        if len(literal) <= LONGEST_CACHED_LITERAL:
            return self._cached(literal, key)
        return self._redacted(literal, key)

    def _redacted(self, literal: str, key: str) -> str:
        assert self._redaction is not None
        text = decoded(literal)
        changed = self._redaction.redacted(text, key)
        return literal if changed == text else encoded(changed)


def new_value(value: str, policy: str | None, key: str, pseudonym: Pseudonym) -> str:
    """The JSON of a value under a policy; None is that of a key which names a secret."""
    if policy == "keep":
        return value
    if policy == "hash":
        return value if value in NO_PERSON else encoded(pseudonym(decoded(value)))
    if policy == "redact":
        return value if value == "null" else encoded(placeholder(key))
    return value if is_no_secret(value) else encoded(placeholder("secret"))


def is_no_secret(value: str) -> bool:
    """Whether there is nothing to hide in the value of a key that names a secret."""
    return value in NOT_A_SECRET or PLACEHOLDER.fullmatch(decoded(value)) is not None
