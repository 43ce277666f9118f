"""Secrets planted in every text of every format are nowhere in what a run leaves behind."""

import base64
import gzip
import html
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from analytics_pipeline.ingestion.formats.catalog import FORMATS
from analytics_pipeline.settings import read_settings
from analytics_pipeline_tests.dagster_server import ROOT
from analytics_pipeline_tests.end_to_end.planted_files import (
    Planter,
    personal_paths,
    plant_native,
    plant_sample,
)
from analytics_pipeline_tests.end_to_end.test_command_line import command_line
from analytics_pipeline_tests.ingestion.privacy.secrets_planted import planted_secrets

SAMPLES = ROOT / "samples" / "formats"
SECRETS = planted_secrets()
USERS = [f"ursula.{name}.underwood" for name in ("april", "berta", "clara", "doris")]
NOT_SEARCHED = frozenset((".png",))

pytestmark = pytest.mark.usefixtures("few_data_tests")


def forms_of(secret: str) -> Iterator[str]:
    """A text as it may stand in a file."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret).replace("/", "\\/")[1:-1]
    yield html.escape(secret)
    yield quote(secret)
    yield quote(secret, safe="")
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret.encode())
        # What the last group holds depends on what follows.
        yield encoded[(0, 2, 3)[before] : -4].decode()


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """By name: what a run on the planted files left behind, as it can be read."""
    root = tmp_path_factory.mktemp("planted")
    landing, lake, home = root / "landing", root / "lake", root / "home"
    secrets = [secret for secret, _ in SECRETS.values()]
    planter = Planter(secrets, USERS, personal_paths(read_settings(lake=lake)))
    plant_native(landing / "native", planter)
    for sample in sorted(SAMPLES.rglob("*")):
        if sample.is_file() and sample.suffix != ".md":
            plant_sample(sample, landing / sample.relative_to(SAMPLES), planter)
    done = command_line(
        "run", "--landing", landing, "--lake", lake, DAGSTER_HOME=str(home), AICACHE_PRIVACY="{}"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    shown = command_line("quarantine", "show", "--lake", lake, "--limit", "100000")
    assert shown.returncode == 0, shown.stderr
    found = {"printed": (done.stdout + done.stderr + shown.stdout + shown.stderr).encode()}
    for folder in (lake, home):
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.suffix not in NOT_SEARCHED:
                found[str(file.relative_to(root))] = b"\n".join(readable(file))
    return found


def readable(file: Path) -> Iterator[bytes]:
    """The content of a file, decompressed, and its texts where they may be cut up in it."""
    content = file.read_bytes()
    yield content
    if content.startswith(b"PAR1"):
        yield from parquet_texts(file)
    elif content.startswith(b"SQLite format 3\0"):
        yield from database_texts(file)
    elif content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)


def parquet_texts(file: Path) -> Iterator[bytes]:
    for column in pq.read_table(file).columns:
        for value in pc.unique(column).to_pylist():
            yield value if isinstance(value, bytes) else str(value).encode()


def database_texts(file: Path) -> Iterator[bytes]:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    yield value if isinstance(value, bytes) else str(value).encode()


def places_of(needles: list[str], left_behind: dict[str, bytes]) -> dict[str, list[str]]:
    """Where each of some texts stands, in any form, with what stands around it."""
    forms = {form: needle for needle in needles for form in forms_of(needle) if form}
    pattern = "|".join(f"\\Q{form}\\E" for form in sorted(forms, key=len, reverse=True))
    found: dict[str, list[str]] = {}
    for name, content in left_behind.items():
        [matches] = pc.match_substring_regex(pa.array([content], pa.large_binary()), pattern)
        if matches.as_py():
            for form, needle in forms.items():
                at = content.find(form.encode())
                if at >= 0:
                    around = content[max(0, at - 100) : at + 60]
                    found.setdefault(needle, []).append(f"{name}: {around!r}")
    return found


def test_every_format_was_planted_and_came_through(left_behind: dict[str, bytes]) -> None:
    validated = b"".join(left_behind[name] for name in left_behind if "raw_events" in name)
    # Text logs, of which some have no sample, are all read by their pattern alone.
    structured = [each.name for each in FORMATS if each.pattern is None]
    logs = ["access_log", "nginx_error", "apache_error", "syslog", "syslog_rfc5424"]
    for name in structured + logs:
        assert name.encode() in validated, name
    assert b"[REDACTED:" in validated
    quarantined = b"".join(left_behind[name] for name in left_behind if "quarantined" in name)
    for reason in ("bad_type", "not_json", "not_utf8", "bad_timestamp", "not_an_object"):
        assert reason.encode() in quarantined, reason


def test_no_secret_is_found_anywhere(left_behind: dict[str, bytes]) -> None:
    found = places_of([hidden for _, hidden in SECRETS.values()], left_behind)
    names = {hidden: name for name, (_, hidden) in SECRETS.items()}
    report = [f"{names[hidden]}: {places[:3]}" for hidden, places in found.items()]
    assert not report, "\n".join(report)


def test_no_id_of_a_user_is_found_anywhere(left_behind: dict[str, bytes]) -> None:
    found = places_of(USERS, left_behind)
    assert not found, "\n".join(place for places in found.values() for place in places[:6])
