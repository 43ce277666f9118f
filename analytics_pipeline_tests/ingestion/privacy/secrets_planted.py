"""Secrets and personal data to plant in records: generated, from a fixed seed, by this module.

None of them is or was valid anywhere. They are put together at run time, so that no scanner of
repositories takes this file for a leak.
"""

import base64
import json
import random
import string
from collections.abc import Mapping

ALNUM = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
URL_SAFE = ALNUM + "_-"


def _made(generator: random.Random, characters: str, length: int) -> str:
    """A text with at least one digit and one letter, as real tokens have."""
    return "a7" + "".join(generator.choices(characters, k=length - 2))


def planted_secrets(seed: int = 20260301) -> Mapping[str, tuple[str, str]]:
    """By name: a text to plant, and the part of it that must not be found anywhere later."""
    g = random.Random(seed)

    def a(length: int, characters: str = ALNUM) -> str:
        return _made(g, characters, length)

    def upper(length: int) -> str:
        return a(length).upper()

    def hexadecimal(length: int) -> str:
        return a(length, HEX)

    token = {
        "openai": "sk-" + a(48),
        "openai project": "sk-" + "proj-" + a(60, URL_SAFE) + "x",
        "anthropic": "sk-" + "ant-api03-" + a(90, URL_SAFE) + "AA",
        "openrouter": "sk-" + "or-v1-" + hexadecimal(64),
        "aws access key": "AK" + "IA" + upper(16),
        "aws temporary key": "AS" + "IA" + upper(16),
        "google api key": "AI" + "za" + a(35),
        "google oauth": "ya" + "29." + a(60, URL_SAFE) + "x",
        "google client secret": "GOC" + "SPX-" + a(28),
        "azure client secret": "abc" + "8Q" + "~" + a(34),
        "azure storage key": base64.b64encode(g.randbytes(64)).decode(),
        "github": "gh" + "p_" + a(36),
        "github fine-grained": "github" + "_pat_" + a(22) + "_" + a(59),
        "gitlab": "gl" + "pat-" + a(20),
        "slack bot": "xox" + "b-" + "123456789012-" + a(24),
        "slack webhook": "https://hooks." + "slack.com/services/T" + upper(8) + "/B" + upper(8)
        + "/" + a(24),
        "stripe live": "sk" + "_live_" + a(24),
        "stripe webhook": "wh" + "sec_" + a(32),
        "hugging face": "hf" + "_" + a(34),
        "twilio": "SK" + hexadecimal(32),
        "sendgrid": "SG" + "." + a(22) + "." + a(43),
        "npm": "npm" + "_" + a(36),
        "pypi": "py" + "pi-AgEIcHlwaS5vcmc" + a(60),
        "jwt": "ey" + "J" + a(30) + ".ey" + "J" + a(60) + "." + a(43),
        "discord": "M" + a(25) + "." + a(6) + "." + a(38),
        "telegram": "1234567890" + ":AA" + a(33),
        "mailchimp": hexadecimal(32) + "-us" + "12",
        "square": "sq0" + "atp-" + a(22),
        "shopify": "shp" + "at_" + hexadecimal(32),
        "digitalocean": "do" + "p_v1_" + hexadecimal(64),
        "databricks": "da" + "pi" + hexadecimal(32),
        "docker": "dckr" + "_pat_" + a(27),
        "vault": "hv" + "s." + a(24),
        "terraform": a(14) + ".atlas" + "v1." + a(66),
        "grafana": "gl" + "sa_" + a(32) + "_" + hexadecimal(8),
        "new relic": "NR" + "AK-" + upper(27),
        "linear": "lin" + "_api_" + a(40),
        "notion": "nt" + "n_" + a(46),
        "groq": "gs" + "k_" + a(52),
        "replicate": "r8" + "_" + a(37),
        "xai": "xa" + "i-" + a(80),
        "e-mail": "jane.doe" + "@" + "mail.example.org",
        "phone abroad": "+49 30 " + "901820",
        "phone north america": "(415) " + "555-2671",
        "card": "4111 1111 " + "1111 1111",
        "card without spaces": "55555555" + "55554444",
        "iban": "GB82 WEST 1234 " + "5698 7654 32",
        "social security number": "536-" + "22-" + "8726",
        "ipv4": "203.0." + "113.77",
        "ipv6": "2001:db8:85a3" + "::8a2e:370:7334",
    }  # fmt: skip
    planted = {name: (secret, secret) for name, secret in token.items()}
    hidden = a(20)
    body = base64.b64encode(g.randbytes(120)).decode()
    key = "PRIVATE " + "KEY-----"
    user = base64.b64encode(f"{a(8)}:{a(12)}".encode()).decode()
    planted |= {
        "private key": (
            f"-----BEGIN RSA {key}\n{body[:64]}\n{body[64:]}\n-----END RSA {key}",
            body[:64],
        ),
        "bearer": (f"Bearer {hidden}", hidden),
        "basic": (f"Basic {user}", user),
        "url with credentials": (f"postgresql://app:{hidden}" + "@db.internal/app", hidden),
        "password": (f"password={hidden}", hidden),
        "connection string": (f"Server=db;Uid=app;Pwd={hidden};Timeout=5", hidden),
        "api key": (f"api_key: '{hidden}'", hidden),
        "secret in JSON in text": (json.dumps({"client_secret": hidden}), hidden),
        "aws secret key": ("aws_secret_" + f"access_key = {a(40)}x{hidden}", hidden),
    }
    return planted
