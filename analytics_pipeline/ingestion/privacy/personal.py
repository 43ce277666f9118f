"""The rules of personal data: known by their form and, where they have one, their check digits."""

import ipaddress
import re
from collections.abc import Iterable

from analytics_pipeline.ingestion.privacy.rules import Rule

# In JSON text, what is not part of the word, number or UUID before; a letter may be an escape's.
ESCAPE = r"\\(?:[bfnrt]|u[0-9A-Fa-f]{4})"
BOUNDARY = rf"(?:^|[^0-9A-Za-z_.-]|{ESCAPE})"

EMAIL = Rule(
    "email",
    re.compile(r"(?<![\w.%+-])(?!git@)[\w.%+-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,24}(?!\w)"),
    r'@[^\s"]',
    ("@",),
)

CARD_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
    r"|(?:6011|64[4-9]\d|65\d\d|62\d\d)\d{12,15}|35\d{14}|(?:50|5[6-8]|63|67)\d{14}"
)


def _is_card(match: re.Match[str]) -> bool:
    from stdnum import luhn

    digits = re.sub(r"[ -]", "", match[0])
    return bool(CARD_ISSUERS.fullmatch(digits)) and bool(luhn.is_valid(digits))


class _Card(Rule):
    """Digits before a card number may look like its beginning."""

    def spans(self, text: str) -> Iterable[tuple[int, int]]:
        match = self.pattern.search(text)
        while match:
            accepted = _is_card(match)
            if accepted:
                yield match.span()
            match = self.pattern.search(text, match.end() if accepted else match.start() + 1)


CARD = _Card(
    "card_number",
    re.compile(
        r"(?<![\w.])(?:(?<!_-)[2-6]\d{12,18}|(?<!-)(?:"
        r"[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|3\d{3}([ -])\d{6}\2\d{4,5}))"
        r"(?!\w|\.\d)",
        re.ASCII,
    ),
    rf"(?:^|[^0-9.]|{ESCAPE})[2-6][0-9]{{12}}|"
    rf"{BOUNDARY}[2-6][0-9]{{3}}[ -](?:[0-9]{{4}}[ -][0-9]{{4}}|[0-9]{{6}})[ -][0-9]{{4}}",
)


class _Iban(Rule):
    """IBANs have a length by country, which tells where in a text they end."""

    def spans(self, text: str) -> Iterable[tuple[int, int]]:
        from stdnum import iban

        for match in self.pattern.finditer(text):
            ends = [end for end in range(15, len(match[0]) + 1) if match[0][end - 1] != " "]
            for end in reversed(ends):
                after = match[0][end : end + 1]
                if not after.isalnum() and iban.is_valid(match[0][:end]):
                    yield match.start(), match.start() + end
                    break


IBAN = _Iban(
    "iban",
    # A search for letters is fast, one for what is not before them is slow.
    re.compile(
        r"[A-Z](?<![A-Za-z0-9].)[A-Z]\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])",
        re.ASCII | re.DOTALL,
    ),
    r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11}",
)

# ip_address is asked only of texts of the right shape; what names no person stays.
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\w)", re.ASCII)
IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4})(?![\w:])",
    re.ASCII,
)
VERSION_BEFORE = re.compile(
    r"(?:(?:\bv|\bver\.?|version)[\s:=\"']*|[=><~^]=|[A-Za-z]-)$", re.IGNORECASE | re.ASCII
)


def _is_address(match: re.Match[str]) -> bool:
    found = match[0]
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return False
    if address.version == 4:
        before = match.string[max(0, match.start() - 16) : match.start()]
        return not (
            found.endswith(".0.0.0") or found.startswith("255.") or VERSION_BEFORE.search(before)
        )
    digits = [len(group) for group in found.split(":")]
    return sum(digits) >= 5 and max(digits) >= 3 and any(c.isdigit() for c in found)


IP_V4 = Rule("ip", IPV4, r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]", accepts=_is_address)
IP_V6 = Rule("ip", IPV6, r"::|:(?:[0-9A-Fa-f]{1,4}:){3}", (":",), _is_address)


def _is_social_security_number(match: re.Match[str]) -> bool:
    from stdnum.us import itin, ssn

    return bool(ssn.is_valid(match[0]) or itin.is_valid(match[0]))


SOCIAL_SECURITY_NUMBER = Rule(
    "social_security_number",
    re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])", re.ASCII),
    r"-[0-9]{2}-[0-9]{4}",
    ("-",),
    _is_social_security_number,
)

NATIONAL_INSURANCE_NUMBER = Rule(
    "national_insurance_number",
    re.compile(
        r"(?<![A-Za-z0-9])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
        r"(?: ?\d\d){3} ?[A-D](?![A-Za-z0-9])",
        re.ASCII,
    ),
    r"[A-Z]{2}(?: ?[0-9]{2}){3} ?[A-D]",
)

INTERNATIONAL_PHONE = r"\+[1-9](?:[ ().\-/]{0,2}[0-9]){6,14}"


def _is_international_phone(match: re.Match[str]) -> bool:
    import phonenumbers

    try:
        number = phonenumbers.parse(match[0], None)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_possible_number(number))


PHONE = Rule(
    "phone",
    re.compile(rf"(?<![\w+.]){INTERNATIONAL_PHONE}(?!\w)", re.ASCII),
    INTERNATIONAL_PHONE,
    ("+",),
    _is_international_phone,
)
NORTH_AMERICAN_PHONE = Rule(
    "phone",
    re.compile(
        r"(?<![\w.+-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])\d{3}[ .-]\d{4}(?![\w-]|\.\d)",
        re.ASCII,
    ),
    r"[ ).-][0-9]{3}[ .-][0-9]{4}",
)


def national_phone(region: str) -> Rule:
    """The rule of phone numbers as they are written inside a country that dials a leading 0."""

    def accepts(match: re.Match[str]) -> bool:
        import phonenumbers

        try:
            return bool(phonenumbers.is_valid_number(phonenumbers.parse(match[0], region)))
        except phonenumbers.NumberParseException:
            return False

    body = r"\(?0[1-9](?:[ ()./-]{0,2}[0-9]){6,13}"
    return Rule(
        "phone",
        re.compile(rf"(?<![\w:.+-]){body}(?![\w]|\.\d)", re.ASCII),
        rf"(?:^|[^0-9:.+-]|{ESCAPE}){body}",
        ("0",),
        accepts,
    )


PERSONAL_RULES = (
    EMAIL, IBAN, CARD, SOCIAL_SECURITY_NUMBER, NATIONAL_INSURANCE_NUMBER,
    PHONE, NORTH_AMERICAN_PHONE, IP_V4, IP_V6,
)  # fmt: skip
