"""Records that passed the door, as the engine computes them."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.ingestion.privacy.door import Door
from analytics_pipeline.ingestion.privacy.policies import RecordPolicies, policies_of
from analytics_pipeline.ingestion.privacy.pseudonyms import PseudonymKeys
from analytics_pipeline.settings import PrivacySettings, read_settings

KEY = "a key for tests only, of 32 chars"
KEYS = PseudonymKeys.parse(KEY, "test")
USER = RecordPolicies({"user_id": "hash"}, ("user_id",))
BOB = KEYS.pseudonym("bob", None)


def passed(records, policies=USER, *, pattern=None, day="NULL::DATE", **privacy):
    """(admitted, opted out) of each record."""
    if "key_file" not in privacy:
        privacy["key"] = KEY
    door = Door.of(read_settings(privacy=privacy))
    with duckdb.connect() as connection:
        door.register(connection)
        door.register(connection)
        sql = door.sql(
            policies, record="r", is_json="json_valid(r)", event_date=day, pattern=pattern
        )
        return connection.execute(
            f"SELECT {sql.record}, {sql.opted_out} FROM "
            "(SELECT unnest($records) AS r, unnest(range(len($records))) AS n) ORDER BY n",
            {"records": list(records)},
        ).fetchall()


def admitted(record, policies=USER, **more):
    return passed([record], policies, **more)[0][0]


@pytest.mark.parametrize("redact_text", [True, False])
@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ('{"user_id":"bob","n":1.50}', f'{{"user_id":"{BOB}","n":1.50}}'),
        ('{"user_id": "bob"}', f'{{"user_id": "{BOB}"}}'),
        ('{"user_id"  :\t"bob"}', f'{{"user_id"  :\t"{BOB}"}}'),
        ('{"user\\u005fid":"bob"}', f'{{"user\\u005fid":"{BOB}"}}'),
        ('{"user_id":"b\\u006fb"}', f'{{"user_id":"{BOB}"}}'),
        ('{"user_id":"bob","user_id":"bob"}', f'{{"user_id":"{BOB}","user_id":"{BOB}"}}'),
        ('{"user_id":null,"user_id":"bob"}', f'{{"user_id":null,"user_id":"{BOB}"}}'),
        ('{"user_id":null}', '{"user_id":null}'),
        ('{"user_id":""}', '{"user_id":""}'),
        ('{"x":"user_id","y":"bob"}', '{"x":"user_id","y":"bob"}'),
        ('{"context":{"user_id":"bob"}}', '{"context":{"user_id":"bob"}}'),
        (f'{{"user_id":"{BOB}"}}', f'{{"user_id":"{BOB}"}}'),
        ('["user_id","bob"]', '["user_id","bob"]'),
        ('{"m":"\\"user_id\\":\\"bob\\""}', '{"m":"\\"user_id\\":\\"bob\\""}'),
    ],
)
def test_the_user_is_hashed_however_it_is_written(record, expected, redact_text):
    assert admitted(record, redact_text=redact_text) == expected


@pytest.mark.parametrize("value", ["123", "-7", "1e3", "1.50", "12345678901234567890123", "true",
                                   '{"a":[1,"}"]}', "[1]", '"a\\"b"', '"\\u00e9"'])  # fmt: skip
def test_ids_that_are_no_plain_text_are_hashed_too(value):
    read = json.loads(value)
    person = read if isinstance(read, str) else value
    record = f'{{"a":1,"user_id":{value},"z":2}}'
    expected = f'{{"a":1,"user_id":"{KEYS.pseudonym(person, None)}","z":2}}'
    assert admitted(record) == admitted(record, redact_text=False) == expected


@pytest.mark.parametrize(
    "record",
    ['{"user_id": "bob", "n', '{"user_id":"bob', "INFO user_id=bob done", "x 'user_id': 'bob'}",
     '{\\"user_id\\": \\"bob\\", broken', '{"user\\u005fid": "bob", "n', "user_id: bob"],
)  # fmt: skip
def test_broken_records_are_hashed_too(record):
    for redact_text in (True, False):
        changed = admitted(record, redact_text=redact_text)
        assert BOB in changed
        assert "bob" not in changed
        assert admitted(changed, redact_text=redact_text) == changed


KEYS_WRITTEN = st.sampled_from(['"user_id"', '"user\\u005fid"', '"other"', '"n"'])
VALUES = st.sampled_from(['"bob-the-user"', '"bob\\u002dthe-user"', "4711470", "null",
                          '{"user_id":4}', '"user_id"', '"a b"', "[]"])  # fmt: skip
SPACES = st.sampled_from(["", " ", "  ", "\n"])
ENTRIES = st.tuples(KEYS_WRITTEN, SPACES, SPACES, VALUES, SPACES)


@given(st.lists(st.lists(ENTRIES, max_size=4), min_size=30, max_size=60))
@settings(max_examples=8, deadline=None)
def test_no_user_comes_through(records):
    texts = [
        "{" + ",".join(f"{k}{a}:{b}{v}{c}" for k, a, b, v, c in entries) + "}"
        for entries in records
    ]
    for redact_text in (True, False):
        changed = [row[0] for row in passed(texts, redact_text=redact_text)]
        assert [row[0] for row in passed(changed, redact_text=redact_text)] == changed
        for before, after in zip(texts, changed, strict=True):
            pairs = zip(
                json.loads(before, object_pairs_hook=list),
                json.loads(after, object_pairs_hook=list),
                strict=True,
            )
            for (key, old), (same, new) in pairs:
                assert key == same
                if key == "user_id" and old is not None:
                    assert KEYS.made(new)
                else:
                    assert new == old


def test_the_event_date_chooses_the_key(tmp_path):
    file = tmp_path / "keys"
    file.write_text(f"2025-01-01 {KEY}\n2026-01-01 another key of some length\n")
    keys = PseudonymKeys.parse(file.read_text(), "test")
    for day in (date(2025, 6, 1), date(2026, 6, 1)):
        for record in ('{"user_id":"bob"}', '{"user_id" : "bob"}', '{"user_id":"bob'):
            changed = admitted(record, key_file=file, day=f"DATE '{day}'")
            assert keys.pseudonym("bob", day) in changed


POLICIES = RecordPolicies(
    {"user_id": "hash", "team": "redact", "query": "drop", "context.ip": "keep"}, ("user_id",)
)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ('{"team":"core","a":1,"query":"x \\"y\\"","user_id":"bob"}',
         f'{{"team":"[REDACTED:team]","a":1,"user_id":"{BOB}"}}'),
        ('{"query":"x","team":5}', '{"team":"[REDACTED:team]"}'),
        ('{"query":{"q":["}"]}}', "{}"),
        ('{"a":1,"query":[1],"query":2}', '{"a":1}'),
        ('{"a":1,"query":2,"query":3,"b":4}', '{"a":1,"b":4}'),
        ('{"context":{"ip":"203.0.113.7","query":1},"ip":"203.0.113.7"}',
         '{"context":{"ip":"203.0.113.7","query":1},"ip":"[REDACTED:ip]"}'),
        ('{"context":{"team":1}}', '{"context":{"team":1}}'),
        ('{"team":null,"query":null}', '{"team":null}'),
    ],
)  # fmt: skip
def test_each_policy(record, expected):
    assert admitted(record, POLICIES) == expected
    if "203" not in record:
        assert admitted(record, POLICIES, redact_text=False) == expected


def test_only_what_is_allowed_is_kept():
    policies = policies_of(
        PrivacySettings(allow_only=("team", "context.language", "own:deep.er")),
        "own",
        {"team": ["team"], "context.language": ["context.language"], "event_type": ["event_type"],
         "timestamp": ["timestamp"], "event_id": ["event_id"], "user_id": ["user_id"]},
    )  # fmt: skip
    record = (
        '{"event_type":"log_entry", "timestamp":"2026-03-01","query":"x","user_id":"bob",'
        '"context":{"a":[{}],"language":"c","b":2},"team":{"id":1},"deep":{"er":{"x":[1]}},"z":0}'
    )
    assert admitted(record, policies) == (
        '{"event_type":"log_entry", "timestamp":"2026-03-01",'
        '"context":{"language":"c"},"team":{"id":1},"deep":{"er":{"x":[1]}}}'
    )
    assert admitted("a text with what secrets", policies) == "[REDACTED:record]"


def test_policies_are_named_by_native_field_or_by_path():
    privacy = PrivacySettings(fields={"team": "redact", "litellm:meta.ip": "drop", "own:x": "drop"})
    policies = policies_of(
        privacy, "litellm", {"user_id": ["end_user"], "team": ["a.team", "team"]}, ["meta.user"]
    )
    assert policies.paths == {
        "end_user": "hash", "meta.user": "hash", "a.team": "redact", "team": "redact",
        "meta.ip": "drop",
    }  # fmt: skip
    assert policies.persons == ("end_user", "meta.user")


def test_naming_another_field_keeps_users_hashed():
    assert PrivacySettings(fields={"team": "drop"}).fields == {"user_id": "hash", "team": "drop"}
    assert PrivacySettings(fields={"user_id": "keep"}).fields == {"user_id": "keep"}


def test_the_groups_of_a_text_format_follow_their_policies():
    pattern = r"(?P<host>\S+) - (?P<user>\S+) \[(?P<time>[^\]]+)\] (?P<text>.*)"
    policies = RecordPolicies({"user": "hash", "host": "redact"}, ("user",))
    record = "web1 - bob [01/Mar/2026] bob asked for password=hunter22"
    assert admitted(record, policies, pattern=pattern) == (
        f"[REDACTED:host] - {BOB} [01/Mar/2026] bob asked for password=[REDACTED:secret]"
    )


def test_users_who_opted_out_are_told_apart(tmp_path: Path):
    file = tmp_path / "out"
    file.write_text(f"# list\nbob\n{KEYS.pseudonym('eve', None)}\n")
    records = {
        '{"user_id":"bob"}': True, '{"user_id":"eve"}': True, '{"user_id":"ann"}': False,
        f'{{"user_id":"{BOB}"}}': False, '{"user\\u005fid":"bob"}': True, "{}": False,
        '{"user_id":"ann","user_id":"bob"}': True, '{"x":{"user_id":"bob"}}': False,
        '{"user_id":"bob': True, "user_id=eve x": True, "nobody": False, '{"user_id":null}': False,
    }  # fmt: skip
    assert [row[1] for row in passed(records, opt_out_file=file)] == list(records.values())
    kept = RecordPolicies({"user_id": "keep"}, ("user_id",))
    assert [row[1] for row in passed(records, kept, opt_out_file=file, redact_text=False)] == list(
        records.values()
    )


def test_raw_bytes_pass_the_same_door(tmp_path: Path):
    file = tmp_path / "out"
    file.write_text("jörg\n")
    door = Door.of(read_settings(privacy={"key": KEY, "opt_out_file": file}))
    pseudonym = KEYS.pseudonym("jörg", None).encode()
    raw = [b"\xff user_id=bob 203.0.113.7", '{"user_id":"jörg"'.encode() + b"\xff", None]
    with duckdb.connect() as connection:
        door.register(connection)
        sql = door.bytes_sql(USER, raw="b", event_date="NULL")
        rows = connection.execute(
            f"SELECT {sql.record}, {sql.opted_out} FROM (SELECT unnest(?::BLOB[]) AS b)", [raw]
        ).fetchall()
    assert rows == [
        (b"\xff user_id=" + BOB.encode() + b" [REDACTED:ip]", False),
        (b'{"user_id":"' + pseudonym + b'"\xff', True),
        (None, False),
    ]


def test_nothing_to_do_costs_nothing():
    door = Door.of(read_settings(privacy={"redact_text": False, "fields": {"user_id": "keep"}}))
    policies = RecordPolicies({"user_id": "keep"}, ("user_id",))
    sql = door.sql(policies, record="r", is_json="json_valid(r)", event_date="d")
    assert (sql.record, sql.opted_out) == ("r", "false")
    assert door.bytes_sql(policies, raw="b", event_date="d").record == "b"
    with pytest.raises(ValueError, match="without keys"):
        door.sql(USER, record="r", is_json="true", event_date="d")


@pytest.mark.parametrize("around", ["[{}]", "[1, [{}]]", " [ {},{}]"])
def test_a_list_around_a_record_hides_nothing(around, tmp_path):
    opted_out = tmp_path / "opted_out"
    opted_out.write_text("bob\n")
    record = '{"user_id":"bob","query":"x"}'
    changed = admitted(around.replace("{}", record))
    assert "bob" not in changed
    assert BOB in changed
    allowed = RecordPolicies({"user_id": "hash"}, ("user_id",), ("event_type",))
    assert admitted(around.replace("{}", record), allowed) == "[REDACTED:record]"
    assert admitted('"a text"', allowed) == "[REDACTED:record]"
    assert passed([around.replace("{}", record)], opt_out_file=opted_out)[0][1]
