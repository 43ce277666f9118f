"""Secrets and personal data are found in texts of every form, and what only looks like it stays."""

import json
import re

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics_pipeline.ingestion.privacy.policies import RecordPolicies
from analytics_pipeline.ingestion.privacy.records import JsonDoor
from analytics_pipeline.ingestion.privacy.redaction import Redaction
from analytics_pipeline.ingestion.privacy.text_records import TextDoor
from analytics_pipeline_tests.ingestion.privacy.secrets_planted import planted_secrets

PLANTED = planted_secrets()
REDACTION = Redaction.of()
JSON = JsonDoor(RecordPolicies(), REDACTION)
TEXT = TextDoor(RecordPolicies(), REDACTION)
SURROUNDINGS = ("{}", "see {} please", "({})", '"{}"', "a\n{}\tb", "é{}é", "x={}", "<{}>", "{}, {}")

UNTOUCHED = (
    "2026-03-01T00:00:05.399442Z", "2026-03-01 00:00:05,399", "1772323205", "1772323205399",
    "1772323205399442000", "1651eb0f-a21f-3994-fc44-1665410d7236",
    "30c7ffb9-df2c-1032-3933-99015458a397",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "v1.2.3.4", "version 10.0.19.1",
    "3.11.7", "0.12345678901234567", "3.141592653589793", "blk_38865049064139660",
    "blk_-1608999687919862906",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "cost 0.004395 USD",
    "Request 42549 answered in 1208 ms", "prompt_tokens: 386, max_tokens=4096", "std::vector<int>",
    "x[1::2]", "12:34:56", "127.0.0.1:8080", "::1", "token_count: 12345", "password_policy: strict",
    "how to reset my password in django", "def login(password: str, token: str = None):",
    "basic authentication in python", "task-scheduling-with-a-long-name", "@app.route('/x')",
    "password = os.environ['X']", "git@github.com:owner/name.git", "first_token: 0.35",
    "user story 123 of 2026", "page_token: 88", "commit 0fed7c0", "1:23:45.678",
)  # fmt: skip


def hinted(*records: str, pattern: str = "") -> list[bool]:
    rows = duckdb.execute(
        "SELECT regexp_matches(unnest($records), $pattern)",
        {"records": list(records), "pattern": pattern or REDACTION.hint},
    ).fetchall()
    return [row[0] for row in rows]


def test_at_least_forty_kinds_are_planted():
    assert len(PLANTED) >= 40
    assert len({hidden for _, hidden in PLANTED.values()}) >= 40


@pytest.mark.parametrize("name", PLANTED)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_secret_in_json_is_redacted_and_hinted_at(name, ascii_only):
    secret, hidden = PLANTED[name]
    for surrounding in SURROUNDINGS:
        text = surrounding.replace("{}", secret)
        record = json.dumps({"id": 1, "message": text}, ensure_ascii=ascii_only)
        admitted = JSON.admitted(record, str)
        found = json.loads(admitted)
        assert hidden not in found["message"], (surrounding, admitted)
        assert found["id"] == 1
        assert hinted(record) == [True]
        assert JSON.admitted(admitted, str) == admitted


@pytest.mark.parametrize("name", PLANTED)
def test_a_secret_in_text_is_redacted_and_hinted_at(name):
    secret, hidden = PLANTED[name]
    for text in (secret, f"INFO {secret} done", f'{{"broken": "{secret}', json.dumps(secret)[:-1]):
        assert hidden not in TEXT.admitted(text, str), text
        assert hinted(text, pattern=REDACTION.text_hint) == [True]
        assert hidden.encode() not in TEXT.admitted_bytes(b"\xff\xfe " + text.encode(), str)
        wide = ("é" + text).encode("utf-16-le")
        assert hidden.encode() not in TEXT.admitted_bytes(wide, str).replace(b"\0", b"")


@pytest.mark.parametrize("name", PLANTED)
def test_a_secret_behind_escapes_is_found(name):
    secret, hidden = PLANTED[name]
    escaped = "".join(f"\\u{ord(c):04x}" for c in secret)
    slashed = json.dumps(secret).replace("/", "\\/")
    for literal in (f'"{escaped}"', slashed):
        record = f'{{"message":{literal},"n":12345678901234567890123}}'
        admitted = JSON.admitted(record, str)
        assert hidden not in json.loads(admitted)["message"]
        assert admitted.endswith(',"n":12345678901234567890123}')
        assert hinted(record) == [True]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_only_looks_like_a_secret_stays(text):
    assert REDACTION.redacted(text) == text
    record = f'{{ "a" : {json.dumps(text)}, "b":1.0e400 }}'
    assert JSON.admitted(record, str) == record


@pytest.mark.parametrize(
    "key",
    ["password", "db_password", "apiKey", "x-api-key", "Authorization", "PGPASSWORD", "accessToken",
     "client_secret", "secret2", "ssn", "card_number", "pass\\u0077ord"],
)  # fmt: skip
@pytest.mark.parametrize("value", ['"x"', "12345", '{"a": [1, "b"]}', "[[1,2],3]", '"q\\"uote"'])
def test_a_value_under_a_secret_key_is_redacted_whole(key, value):
    record = f'{{"a":1,"{key}" : {value},"z":[2]}}'
    assert JSON.admitted(record, str) == f'{{"a":1,"{key}" : "[REDACTED:secret]","z":[2]}}'
    assert hinted(record) == [True]


@pytest.mark.parametrize(
    "key",
    ["prompt_tokens", "token_count", "max_tokens", "time_to_first_token", "input_cost_per_token",
     "cache_key", "password_policy", "tokenizer", "secretary", "next_page_token", "key"],
)  # fmt: skip
def test_a_value_under_a_harmless_key_stays(key):
    record = f'{{"{key}":12345678}}'
    assert JSON.admitted(record, str) == record


@pytest.mark.parametrize("value", ["null", "true", "false", '""'])
def test_nothing_under_a_secret_key_stays_nothing(value):
    assert JSON.admitted(f'{{"password":{value}}}', str) == f'{{"password":{value}}}'


def test_a_line_of_a_private_key_is_redacted_alone():
    body = PLANTED["private key"][1]
    assert TEXT.admitted(body, str) == "[REDACTED:private_key]"


def test_national_phone_numbers_only_where_configured():
    text = "call 030 901820 now"
    assert REDACTION.redacted(text) == text
    german = Redaction.of(["DE"])
    assert german.redacted(text) == "call [REDACTED:phone] now"
    assert hinted(json.dumps({"a": text}), pattern=german.hint) == [True]


FRAGMENTS = st.sampled_from(
    [secret for secret, _ in PLANTED.values()]
    + [
        "password",
        "api key",
        "token",
        ":",
        "=",
        '"',
        "'",
        "\\",
        "\n",
        "\t",
        " ",
        "/",
        "@",
        "::",
        "-",
    ]
)
MIXED = st.lists(FRAGMENTS | st.text(max_size=8) | st.from_regex(r"[0-9a-f .:-]{1,12}"), max_size=6)


@given(MIXED.map("".join), MIXED.map("".join), st.booleans(), st.booleans())
@example("api key", "x", True, False)
@settings(max_examples=300, deadline=None)
def test_whatever_is_changed_is_hinted_at(key, text, ascii_only, slashes):
    record = json.dumps({key: [text, 1], "n": {key: text}}, ensure_ascii=ascii_only)
    if slashes:
        record = record.replace("/", "\\/")
    if re.search(r"\\ud[89a-f]", record):
        return
    admitted = JSON.admitted(record, str)
    json.loads(admitted)
    assert admitted == record or hinted(record) == [True]
    assert JSON.admitted(admitted, str) == admitted
    changed = TEXT.admitted(text, str)
    assert changed == text or hinted(text, pattern=REDACTION.text_hint) == [True]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats()
ANY_TEXT = st.text('abc ,:{}[]\\"é', max_size=9)


def lists_and_objects(inner):
    return st.lists(inner, max_size=3) | st.dictionaries(st.text('ab"\\', max_size=3), inner)


@given(st.recursive(SCALARS | ANY_TEXT, lists_and_objects), st.sampled_from([None, 1]))
@settings(max_examples=200, deadline=None)
def test_a_record_without_secrets_is_byte_identical(value, indent):
    record = json.dumps(value, indent=indent)
    assert JSON.admitted(record, str) == record


@pytest.mark.parametrize("text", ["a" * 200_000, "sk-" * 60_000, "://" * 60_000, "1" * 200_000,
                                  "password" * 20_000, "a@" * 80_000, "{" * 200_000,
                                  "ab:" * 60_000, "eyJ" * 60_000, "A1 " * 60_000])  # fmt: skip
def test_long_texts_take_linear_time(text):
    import time

    start = time.process_time()
    TEXT.admitted(text, str)
    JSON.admitted(json.dumps([text]), str)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("2006 4111 1111 1111 1111", "", "2006 [REDACTED:card_number]"),
        ("203.0.113.77", "version", "203.0.113.77"),
        ("1.4.0 203.0.113.77", "service.version", "1.4.0 [REDACTED:ip]"),
        ("2001:db8:85a3::8a2e:370:7334", "release", "[REDACTED:ip]"),
        ('{\\\\\\"client_secret\\\\\\": \\\\\\"a75WVGs9T6bGhRTq\\\\\\"}', "",
         '{\\\\\\"client_secret\\\\\\": \\\\\\"[REDACTED:secret]\\\\\\"}'),
    ],
)  # fmt: skip
def test_what_stands_around_a_secret_does_not_hide_it(text, key, expected):
    assert REDACTION.redacted(text, key) == expected
    assert hinted(json.dumps({key: text})) == [True]
