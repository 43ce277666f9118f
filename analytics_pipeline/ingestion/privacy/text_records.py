"""What becomes of a record that is no JSON: lines of logs, broken JSON, raw bytes."""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from analytics_pipeline.ingestion.privacy.json_text import decoded
from analytics_pipeline.ingestion.privacy.paths import parts_of
from analytics_pipeline.ingestion.privacy.policies import RecordPolicies
from analytics_pipeline.ingestion.privacy.records import UNREADABLE, Pseudonym, PseudonymOn
from analytics_pipeline.ingestion.privacy.redaction import Redaction, placeholder

ESCAPED_PRINTABLE = re.compile(r"\\u00([2-7][0-9A-Fa-f])")
# A value as it stands behind a name: in quotes of any kind, cut off or not, or without.
VALUE = (
    r'(?:"(?P<double>(?:[^"\\]|\\.)*)|\'(?P<single>[^\']*)|\\"(?P<escaped>(?:(?!\\").)*)'
    r"|(?P<plain>[^\s\"'\\,;&{}()\[\]]+))"
)


# What stands between a name and its value, also in an attribute of OpenTelemetry.
BETWEEN = r"[\"'\\]{0,2}\s*(?:,\s*\\*\"value\\*\"\s*:\s*\{\s*\\*\"[a-z]+Value\\*\"\s*)?[:=]"


def names_hint(names: tuple[str, ...]) -> str:
    """RE2 pattern of texts in which one of the names stands before a value."""
    return rf"(?:{'|'.join(map(re.escape, names))}){BETWEEN}"


def _named_values(names: tuple[str, ...]) -> re.Pattern[str] | None:
    if not names:
        return None
    alternatives = "|".join(re.escape(name) for name in names)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{alternatives}){BETWEEN}\s*{VALUE}", re.DOTALL)


class TextDoor:
    """Carries out policies and rules on records of text, one at a time.

    In a format with a ``pattern`` the paths are the names of its groups; in any text the value
    behind the last key of a path, as in user_id=… and "user_id": …, follows its policy. Of a text
    without a pattern nothing can be told to be allowed.
    """

    def __init__(
        self, policies: RecordPolicies, redaction: Redaction | None, pattern: str | None = None
    ) -> None:
        self._policies = policies
        self._redaction = redaction
        self._pattern = re.compile(pattern) if pattern else None
        self._named = [
            (policy, named)
            for policy in ("hash", "redact", "drop")
            if (named := _named_values(policies.names(policy)))
        ]
        self._persons = _named_values(tuple(parts_of(path)[-1] for path in policies.persons))

    def admitted(self, record: str, pseudonym: Pseudonym) -> str:
        """The text of a record as it may be stored."""
        if self._hides_all:
            return placeholder(UNREADABLE)
        plain = _unescaped(record)
        changed = self._policies_carried_out(plain, pseudonym)
        if self._redaction is not None:
            changed = self._redaction.redacted_record(changed)
        return record if changed == plain else changed

    def all_admitted(
        self, records: pa.StringArray, days: pa.Array, pseudonym_on: PseudonymOn
    ) -> pa.Array:
        """The same of a batch; null where there is none.

        The rules look only at what the hint still finds when the policies are carried out.
        """
        of_day = {day: pseudonym_on(day) for day in days.unique().to_pylist()}
        texts = records.to_pylist()
        if self._hides_all:
            return pa.array([text and placeholder(UNREADABLE) for text in texts], pa.string())
        plain = [text and _unescaped(text) for text in texts]
        changed = [
            text and self._policies_carried_out(text, of_day[day])
            for text, day in zip(plain, days.to_pylist(), strict=True)
        ]
        if self._redaction is not None:
            hinted = pc.match_substring_regex(
                pa.array(changed, pa.string()), self._redaction.text_hint
            )
            for number in pc.indices_nonzero(hinted).to_pylist():
                changed[number] = self._redaction.redacted_record(changed[number])
        return pa.array(
            [
                text if after == before else after
                for text, before, after in zip(texts, plain, changed, strict=True)
            ],
            pa.string(),
        )

    @property
    def _hides_all(self) -> bool:
        return self._policies.allowed is not None and self._pattern is None

    def _policies_carried_out(self, plain: str, pseudonym: Pseudonym) -> str:
        changed = self._groups_changed(plain, pseudonym)
        for policy, named in self._named:
            changed = _changed(changed, named, policy, pseudonym)
        return changed

    def admitted_bytes(self, raw: bytes, pseudonym: Pseudonym) -> bytes:
        """The bytes of a record as they may be stored; where each other is zero, without those."""

        def pseudonym_of_bytes(person: str) -> str:
            read = person.encode("latin-1", "replace")
            return pseudonym(read.decode("utf-8", "replace"))

        for read in (raw, raw.replace(b"\0", b"")):
            text = read.decode("latin-1")
            changed = self.admitted(text, pseudonym_of_bytes)
            if changed != text:
                return changed.encode("latin-1", "replace")
        return raw

    def persons_of_bytes(self, raw: bytes) -> list[str]:
        """The ids of users that the bytes of a record name."""
        read = {raw.decode("utf-8", "replace"), raw.replace(b"\0", b"").decode("utf-8", "replace")}
        return [person for text in read for person in self.persons(text)]

    def persons(self, record: str) -> list[str]:
        """The ids of users that a record names."""
        plain = _unescaped(record)
        found = [plain[start:end] for start, end, name in self._groups(plain)
                 if name in self._policies.persons]  # fmt: skip
        if self._persons:
            found += [_read(match) for match in self._persons.finditer(plain)]
        return [person for person in found if person]

    def _groups(self, text: str) -> Iterator[tuple[int, int, str]]:
        match = self._pattern.match(text) if self._pattern else None
        if match is not None:
            for name in match.re.groupindex:
                if match[name]:
                    yield (*match.span(name), name)

    def _groups_changed(self, text: str, pseudonym: Pseudonym) -> str:
        allowed = self._policies.allowed
        for start, end, name in sorted(self._groups(text), reverse=True):
            policy = self._policies.paths.get(name)
            if policy == "hash":
                text = text[:start] + pseudonym(text[start:end]) + text[end:]
            elif policy in ("redact", "drop") or (allowed is not None and name not in allowed):
                text = text[:start] + placeholder(name) + text[end:]
        return text


def _unescaped(text: str) -> str:
    return ESCAPED_PRINTABLE.sub(lambda escape: chr(int(escape[1], 16)), text)


def _read(match: re.Match[str]) -> str:
    name = match.lastgroup or ""
    return decoded(f'"{match["double"]}"') if name == "double" else match[name]


def _changed(text: str, named: re.Pattern[str], policy: str, pseudonym: Pseudonym) -> str:
    def changed(match: re.Match[str]) -> str:
        value = match[match.lastgroup or 0]
        if not value or value in ("null", "None", "-"):
            return match[0]
        new = pseudonym(_read(match)) if policy == "hash" else placeholder(policy)
        start = match.start(match.lastgroup or 0) - match.start()
        return match[0][:start] + new + match[0][start + len(value) :]

    return named.sub(changed, text)
