"""Pseudonyms: keyed hashes that stand for the ids of people, and the keys they are made with."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from filelock import FileLock

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.settings import Settings

SHORTEST_SECRET = 16
GENERATED_KEY_FILE = "pseudonym.key"
CACHED_PSEUDONYMS = 500_000
DATED_SECRET = re.compile(r"(\d{4}-\d{2}-\d{2})\s+(\S.*)")


class PrivacyError(PipelineError):
    """A privacy setting cannot be carried out; the message names it and the mend."""


class PseudonymKey:
    """One secret, its public id, and the pseudonyms made with it."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self.id = hashlib.sha256(b"pseudonym key id\0" + self._secret).hexdigest()[:8]
        self._own = re.compile(rf"{self.id}-[0-9a-f]{{32}}\Z")
        self._made: dict[str, str] = {}

    def pseudonym(self, person: str) -> str:
        """The pseudonym of an id; of a pseudonym of this key, itself."""
        made = self._made.get(person)
        if made is None:
            made = self._make(person)
            if len(self._made) >= CACHED_PSEUDONYMS:
                self._made.clear()
            self._made[person] = made
        return made

    def made(self, text: str) -> bool:
        """Whether a text has the form of a pseudonym of this key."""
        return self._own.match(text) is not None

    def _make(self, person: str) -> str:
        if self.made(person):
            return person
        digest = hmac.digest(self._secret, person.encode("utf-8", "surrogatepass"), "sha256")
        return f"{self.id}-{digest.hex()[:32]}"


@dataclass(frozen=True)
class PseudonymKeys:
    """The keys by the event date from which each is valid, ascending.

    The key of an event follows from its date alone, so that the same event gets the same
    pseudonym whenever it is read. The first key is also that of older and of undated events.
    """

    keys: tuple[tuple[date, PseudonymKey], ...]

    @classmethod
    def of(cls, settings: Settings) -> "PseudonymKeys":
        """The configured keys, or else the one that is generated once for the lake.

        Raises PrivacyError where a secret is too short or the key file cannot be read.
        """
        privacy = settings.privacy
        if privacy.key is not None and privacy.key_file is not None:
            raise PrivacyError("Set only one of privacy.key and privacy.key_file.")
        if privacy.key is not None:
            return cls.parse(privacy.key.get_secret_value(), "privacy.key")
        if privacy.key_file is not None:
            try:
                text = privacy.key_file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise PrivacyError(
                    f"privacy.key_file {privacy.key_file} cannot be read: {error}"
                ) from error
            return cls.parse(text, f"privacy.key_file {privacy.key_file}")
        file = settings.lake / "_state" / GENERATED_KEY_FILE
        return cls.parse(generated_key(file), str(file))

    @classmethod
    def parse(cls, text: str, source: str) -> "PseudonymKeys":
        """Keys from lines of a secret, or of dates with a secret each."""
        lines = [line.strip() for line in text.splitlines()]
        lines = [line for line in lines if line and not line.startswith("#")]
        keys: dict[date, PseudonymKey] = {}
        for line in lines:
            dated = DATED_SECRET.fullmatch(line)
            if dated is None and len(lines) > 1:
                raise PrivacyError(
                    f"{source}: of several keys, each needs its own line, "
                    "YYYY-MM-DD and the secret that is valid from that event date on."
                )
            start = _valid_from(dated[1], source) if dated else date.min
            secret = dated[2] if dated else line
            if len(secret) < SHORTEST_SECRET:
                raise PrivacyError(
                    f"{source}: a secret is shorter than {SHORTEST_SECRET} characters. "
                    "Generate one with: openssl rand -hex 32"
                )
            if start in keys:
                raise PrivacyError(f"{source}: two keys are valid from {start}. Remove one.")
            keys[start] = PseudonymKey(secret)
        if not keys:
            raise PrivacyError(f"{source} holds no key. Generate one with: openssl rand -hex 32")
        return cls(tuple(sorted(keys.items(), key=lambda entry: entry[0])))

    def key_of(self, event_date: date | None) -> PseudonymKey:
        """The key that is valid on an event date."""
        chosen = self.keys[0][1]
        for start, key in self.keys[1:]:
            if event_date is None or event_date < start:
                break
            chosen = key
        return chosen

    def pseudonym(self, person: str, event_date: date | None) -> str:
        """The pseudonym of an id on an event date; a pseudonym of any of the keys is kept.

        An empty text names nobody and stays.
        """
        if not person or self.made(person):
            return person
        return self.key_of(event_date).pseudonym(person)

    def made(self, text: str) -> bool:
        """Whether a text is a pseudonym of one of these keys."""
        return any(key.made(text) for _, key in self.keys)

    def all_pseudonyms(self, person: str) -> Sequence[str]:
        """The pseudonyms that an id has with each key."""
        return [key.pseudonym(person) for _, key in self.keys]


def _valid_from(text: str, source: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise PrivacyError(f"{source}: {text} is not a date (YYYY-MM-DD).") from error


def generated_key(file: Path) -> str:
    """The random key in a file, which only its owner may read; generated where there is none.

    Processes that start at once get the same key.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(file.name + ".lock")):
        if not file.exists():
            draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as writing:
                writing.write(secrets.token_hex(32) + "\n")
                writing.flush()
                os.fsync(writing.fileno())
            draft.replace(file)
        return file.read_text(encoding="utf-8")
