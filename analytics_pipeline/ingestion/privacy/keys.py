"""Names that say that their value is a secret, as keys of JSON and in free text."""

import re
from functools import lru_cache

from analytics_pipeline.ingestion.privacy.rules import Rule

SECRET_WORDS = (
    "password", "passwd", "passwort", "passphrase", "passcode", "pwd", "secret", "secrets",
    "token", "apikey", "credential", "credentials", "authorization", "cookie", "accesskey",
    "secretkey", "privatekey", "accountkey", "authtoken", "accesstoken", "refreshtoken",
    "cvv", "cvc", "ssn", "passport",
)  # fmt: skip
# Words that say it also as the end of a longer one, such as PGPASSWORD.
ENDINGS = (
    "password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "secretkey",
    "privatekey",
)  # fmt: skip
SECRET_PAIRS = (
    "api key", "access key", "secret key", "private key", "account key", "auth key", "signing key",
    "encryption key", "subscription key", "shared key", "master key", "service key", "license key",
    "connection string", "card number", "credit card", "security number", "passport number",
    "phone number", "mobile number",
)  # fmt: skip
# A token of text, of a cost, of time or of a page, none of them a secret.
COUNTED = frozenset((
    "prompt", "completion", "input", "output", "cached", "cache", "reasoning", "total", "max",
    "min", "per", "first", "last", "next", "previous", "stop", "eos", "bos", "pad", "sep",
    "unk", "mask", "special", "page", "continuation", "sync", "count", "time", "by", "each",
    "single", "audio", "image", "thinking",
))  # fmt: skip
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_KEYS = "|".join(
    sorted(
        (*SECRET_WORDS, *(pair.replace(" ", r"(?:\\?[ _.-])?") for pair in SECRET_PAIRS)),
        key=len,
        reverse=True,
    )
)
# What may stand between a name and its value in the JSON text of either.
_BETWEEN = r"(?:[\s\"'\\\]]|\\[tnr])*"
KEYS_HINT = rf"(?i:(?:{_KEYS})[0-9]*{_BETWEEN}[:=])"
_KEYS_AT_END = re.compile(rf"(?:{_KEYS})[0-9]*\Z", re.IGNORECASE | re.ASCII)


@lru_cache(4096)
def is_secret_key(key: str) -> bool:
    """Whether a key says that its value is a secret, such as apiKey or x-access-token.

    Its last word decides, so that token_count and password_policy are none.
    """
    if not _KEYS_AT_END.search(key):
        return False
    words = [word.lower() for word in WORD.findall(key.rstrip("0123456789"))]
    last = words[-1]
    if last.endswith("token"):
        before = last.removesuffix("token") or (words[-2] if len(words) > 1 else "")
        return before not in COUNTED
    return last in SECRET_WORDS or last.endswith(ENDINGS) or " ".join(words[-2:]) in SECRET_PAIRS


# Values that a text about code has after such a name.
HARMLESS = frozenset((
    "none", "null", "nil", "true", "false", "undefined", "str", "string", "int", "integer",
    "float", "bool", "boolean", "bytes", "object", "any", "optional", "required", "missing",
    "invalid", "expired", "empty", "unset", "text", "varchar", "char", "self", "type", "the",
    "this", "that", "these", "your", "our", "their", "with", "when", "what", "which", "where",
    "and", "for", "from", "not", "was", "are", "has", "bearer", "basic", "redacted", "hidden",
    "masked", "secret", "password", "token",
))  # fmt: skip
PLACEHOLDER = re.compile(
    r"\[REDACTED|\$|%[({]|<|\{|\*+$|x+$|\.{2,}|(?:os|process|env|settings|config|self|req|request)\.",
    re.IGNORECASE,
)


NAME_BEFORE = re.compile(r"[A-Za-z0-9_.-]*\Z", re.ASCII)
LONGEST_NAME_BEFORE = 40


def _is_secret_value(match: re.Match[str]) -> bool:
    text, value = match.string, match["secret"]
    before = NAME_BEFORE.search(text[max(0, match.start() - LONGEST_NAME_BEFORE) : match.start()])
    if not is_secret_key((before[0] if before else "") + match["key"]):
        return False
    if value.lower().rstrip(".!?") in HARMLESS or PLACEHOLDER.match(value):
        return False
    called = match["quote"] == "" and text[match.end() : match.end() + 1] in ("(", "[")
    counted = value.isdigit() and len(value) < 6 and "token" in match["key"].lower()
    return not called and not counted


_PLAIN = r"[^\s\"'`,;&<>(){}\[\]\\]"
NAMED_SECRET = Rule(
    "secret",
    re.compile(
        rf"(?P<key>(?:{_KEYS})[0-9]*)(?:\\*[\"'`\]]){{0,2}}[ \t]*(?::=|=>|={{1,3}}|:)[ \t]*"
        r"(?P<quote>\\*[\"'`]|)(?:(?:bearer|basic|token)[ \t]+|)"
        rf"(?P<secret>(?<=[\"'`])[^\"'`\\\r\n]{{3,}}|{_PLAIN}{{3,}})",
        re.IGNORECASE | re.ASCII,
    ),
    KEYS_HINT,
    tuple(sorted({*SECRET_WORDS, "key", "string", "number", "card"})),
    _is_secret_value,
)
