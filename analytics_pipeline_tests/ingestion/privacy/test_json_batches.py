"""A batch of records comes through the door as each of them would alone."""

import json
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.ingestion.privacy import json_batches
from analytics_pipeline.ingestion.privacy.json_batches import JsonBatches
from analytics_pipeline.ingestion.privacy.policies import RecordPolicies
from analytics_pipeline.ingestion.privacy.pseudonyms import PseudonymKeys
from analytics_pipeline.ingestion.privacy.records import JsonDoor
from analytics_pipeline.ingestion.privacy.redaction import Redaction
from analytics_pipeline_tests.ingestion.privacy.secrets_planted import planted_secrets

KEYS = PseudonymKeys.parse(
    "2025-01-01 the first of the keys\n2026-01-01 the second of the keys\n", "test"
)
POLICIES = RecordPolicies(
    {"user": "hash", "a.user": "hash", "a.b.user": "redact", "a.team": "drop", "note": "keep",
     "a.note": "keep", 'x."a.b".id': "hash"},
    ("user",),
)  # fmt: skip
DAYS = (None, date(2025, 5, 1), date(2026, 5, 1))
NAMES = st.sampled_from(["user", "a", "b", "team", "note", "x", "a.b", "id", "password", "version",
                         "us\\u0065r", "api_key", "token_count"])  # fmt: skip
TEXTS = st.sampled_from(
    ["bob", "", r"a \"quote\" and a \\", "203.0.113.77", "\\\\\\\"", "é\\u00e9", "{[", "]}",
     "\\u0062ob", "[REDACTED:secret]", KEYS.pseudonym("bob", None)]
    + [json.dumps(secret)[1:-1] for secret, _ in planted_secrets().values()]
)  # fmt: skip
SCALARS = st.sampled_from(["null", "true", "false", "0", "-1.50e3", "12345678901234567890123"])
SPACE = st.sampled_from(["", "", " ", "\n\t "])


@st.composite
def objects(draw, inner):
    entries = draw(st.lists(st.tuples(NAMES, SPACE, SPACE, inner), max_size=4))
    return "{" + ",".join(f'"{k}"{s}:{t}{v}{s}' for k, s, t, v in entries) + "}"


def lists(inner):
    return st.lists(inner, max_size=3).map(lambda values: "[" + " ,".join(values) + "]")


VALUES = st.recursive(
    TEXTS.map('"{}"'.format) | SCALARS, lambda inner: objects(inner) | lists(inner), max_leaves=12
)


def pseudonym_on(day):
    return lambda person: KEYS.pseudonym(person, day)


@pytest.mark.parametrize("redaction", [None, Redaction.of()])
@given(st.lists(st.tuples(st.none() | objects(VALUES) | VALUES, st.sampled_from(DAYS)), max_size=9))
@settings(max_examples=100, deadline=None)
def test_a_batch_is_changed_as_each_record_alone(redaction, rows):
    exact = JsonDoor(POLICIES, redaction)
    batches = JsonBatches(POLICIES, redaction, exact)
    records = pa.array([None, *(record for record, _ in rows)], pa.string()).slice(1)
    days = pa.array([day for _, day in rows], pa.date32())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_batches, "FEWEST_BYTES", 0)
        changed = batches.admitted(records, days, pseudonym_on)
    changed.validate(full=True)
    assert changed.to_pylist() == [
        None if record is None else exact.admitted(record, pseudonym_on(day))
        for record, day in rows
    ]
