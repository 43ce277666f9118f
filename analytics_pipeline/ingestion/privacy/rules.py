"""The vocabulary of redaction rules."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

# A letter may belong to an escape before, in a text that holds JSON itself.
BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt]))"
AFTER = r"(?![A-Za-z0-9])"


@dataclass(frozen=True)
class Rule:
    """What one kind of secret or personal data looks like, twice.

    ``pattern`` is the precise one; of its match, the group ``secret`` is replaced where it has
    one, else all of it, if ``accepts`` holds for the match. It is only tried on texts that contain
    one of ``anchors`` (in lower case; the text is compared in lower case too); on all texts where
    there is none. ``hint`` is an RE2 pattern for the JSON text that holds the text: it must match
    whenever the rule would replace something, and should match little else.
    """

    kind: str
    pattern: re.Pattern[str]
    hint: str
    anchors: tuple[str, ...] = ()
    accepts: Callable[[re.Match[str]], bool] | None = None

    def spans(self, text: str) -> Iterable[tuple[int, int]]:
        """Where in the text something is to be replaced."""
        for match in self.pattern.finditer(text):
            if self.accepts is None or self.accepts(match):
                yield match.span("secret" if "secret" in match.re.groupindex else 0)


def token(kind: str, prefix: str, characters: str, *anchors: str, hint: str | None = None) -> Rule:
    """The rule of a token that a provider marks with a prefix.

    Both are regular expressions without lookaround, ``characters`` with its repetition. They are
    their own hint unless one is given: because their characters may be escaped in JSON, or
    because a pattern that does not begin with letters of its own makes the search slow.
    """
    body = f"(?:{prefix}){characters}"
    return Rule(kind, re.compile(f"{BEFORE}{body}{AFTER}", re.ASCII), hint or body, anchors)
