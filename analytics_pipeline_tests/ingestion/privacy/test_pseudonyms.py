"""Pseudonyms depend on the id, the key and the event date, and on nothing else."""

import hashlib
import hmac
import re
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from analytics_pipeline.ingestion.privacy.pseudonyms import (
    PrivacyError,
    PseudonymKeys,
    generated_key,
)
from analytics_pipeline.settings import read_settings

FIRST, SECOND = "first secret of 24 chars", "second secret of 25 chars"
ROTATED = f"# rotated\n2026-02-01 {SECOND}\n2025-01-01 {FIRST}\n"


def test_a_pseudonym_is_a_keyed_hash_with_the_id_of_its_key():
    keys = PseudonymKeys.parse(FIRST, "test")
    made = keys.pseudonym("bob", None)
    expected = hmac.new(FIRST.encode(), b"bob", hashlib.sha256).hexdigest()[:32]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{32}", made)
    assert made.endswith(expected)
    assert keys.pseudonym(made, None) == made
    assert keys.pseudonym("", None) == ""
    other = PseudonymKeys.parse(SECOND, "test")
    assert other.pseudonym("bob", None)[:8] != made[:8]
    assert other.pseudonym(made, None) != made


def test_the_event_date_chooses_the_key():
    keys = PseudonymKeys.parse(ROTATED, "test")
    first, second = PseudonymKeys.parse(FIRST, "a"), PseudonymKeys.parse(SECOND, "b")
    for day, expected in [
        (None, first), (date(2020, 1, 1), first), (date(2025, 1, 1), first),
        (date(2026, 1, 31), first), (date(2026, 2, 1), second), (date(2030, 1, 1), second),
    ]:  # fmt: skip
        assert keys.pseudonym("bob", day) == expected.pseudonym("bob", None)
    old = first.pseudonym("bob", None)
    assert keys.pseudonym(old, date(2026, 3, 1)) == old


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("short", "shorter than 16"),
        ("2026-01-01 short", "shorter than 16"),
        ("\n", "holds no key"),
        (f"2026-13-01 {FIRST}", "2026-13-01 is not a date"),
        (f"{FIRST}\n{SECOND}", "each needs its own line"),
        (f"2026-01-01 {FIRST}\n2026-01-01 {SECOND}", "two keys are valid from 2026-01-01"),
    ],
)
def test_a_wrong_key_file_says_what_to_do(tmp_path, text, message):
    file = tmp_path / "key"
    file.write_text(text)
    settings = read_settings(lake=tmp_path, privacy={"key_file": file})
    with pytest.raises(PrivacyError, match=message) as caught:
        PseudonymKeys.of(settings)
    assert str(file) in str(caught.value)
    assert FIRST not in str(caught.value)


def test_a_missing_key_file_and_two_sources_are_refused(tmp_path):
    with pytest.raises(PrivacyError, match="cannot be read"):
        PseudonymKeys.of(read_settings(privacy={"key_file": tmp_path / "none"}))
    with pytest.raises(PrivacyError, match="only one of"):
        PseudonymKeys.of(read_settings(privacy={"key_file": tmp_path / "none", "key": FIRST}))


def test_the_key_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("AICACHE_PRIVACY__KEY", FIRST)
    settings = read_settings(lake=tmp_path)
    assert FIRST not in repr(settings)
    made = PseudonymKeys.of(settings).pseudonym("bob", None)
    assert made == PseudonymKeys.parse(FIRST, "test").pseudonym("bob", None)
    assert not (tmp_path / "_state").exists()


def _generated(file: Path) -> str:
    return generated_key(file)


def test_without_a_key_processes_generate_one_together(tmp_path):
    file = tmp_path / "_state" / "pseudonym.key"
    with ProcessPoolExecutor(4) as pool:
        made = set(pool.map(_generated, [file] * 12))
    assert made == {file.read_text()}
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_text().strip()) == 64
    settings = read_settings(lake=tmp_path)
    assert PseudonymKeys.of(settings).made(PseudonymKeys.of(settings).pseudonym("bob", None))
