"""Consent: the users whose events are counted and never stored."""

from functools import cached_property

from analytics_pipeline.ingestion.privacy.pseudonyms import PrivacyError, PseudonymKeys
from analytics_pipeline.settings import Settings

CACHED_PERSONS = 500_000


class OptOuts:
    """The users who opted out, by their id or one of their pseudonyms."""

    def __init__(self, listed: frozenset[str], keys: PseudonymKeys | None) -> None:
        self._listed = listed
        self._keys = keys
        self._known: dict[str, bool] = {}

    @classmethod
    def of(cls, settings: Settings, keys: PseudonymKeys | None) -> "OptOuts":
        """The configured list; raises PrivacyError where it cannot be read."""
        file = settings.privacy.opt_out_file
        if file is None:
            return cls(frozenset(), keys)
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise PrivacyError(f"privacy.opt_out_file {file} cannot be read: {error}") from error
        stripped = (line.strip() for line in lines)
        return cls(frozenset(line for line in stripped if line and line[0] != "#"), keys)

    @cached_property
    def none(self) -> bool:
        """Whether nobody opted out."""
        return not self._listed

    def include(self, person: str) -> bool:
        """Whether a user, by id or by pseudonym, opted out."""
        known = self._known.get(person)
        if known is None:
            names = [person, *(self._keys.all_pseudonyms(person) if self._keys else ())]
            known = any(name in self._listed for name in names)
            if len(self._known) >= CACHED_PERSONS:
                self._known.clear()
            self._known[person] = known
        return known
