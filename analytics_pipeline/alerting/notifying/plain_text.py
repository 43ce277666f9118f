"""Text from logs and tables as one harmless line of a message."""

import re
import unicodedata

LONGEST = 400
# A chat would call everybody, or a reader's program make a link of what a log says.
CALLS = re.compile(r"@(?=\w)|(?<=\w):(?=//)|(?<=<)(?=[!@#])")
NO_BREAK = "\u200b"


def one_line(text: str, longest: int = LONGEST) -> str:
    """The text without line breaks and control characters, shortened.

    What separates lines or columns becomes a space; invisible characters that turn or hide text
    are left out.
    """
    shown = "".join(
        " " if category in ("Cc", "Zl", "Zp", "Zs") else character
        for character in text
        if (category := unicodedata.category(character)) not in ("Cf", "Co", "Cs", "Cn")
    )
    return shortened(shown, longest)


def shortened(text: str, longest: int) -> str:
    """The text with single spaces, cut where it is too long."""
    shown = " ".join(text.split())
    return shown if len(shown) <= longest else shown[: longest - 1].rstrip() + "…"


def harmless(text: str, longest: int = LONGEST) -> str:
    """One line of a foreign text in which no name is called and no address becomes a link."""
    return CALLS.sub(lambda found: found[0] + NO_BREAK, one_line(text, longest))
