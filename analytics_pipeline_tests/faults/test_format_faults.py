"""Files of every format as they should not be: each is taken with an account, or refused."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from analytics_pipeline_tests.workspace import Workspace, query_event

SAMPLES = Path(__file__).parents[2] / "samples" / "formats"
FILES = {
    "toon lines": "toon/operations.jsonl",
    "toon array": "toon/compact.json",
    "toon CSV": "toon/export.csv",
    "behavioral": "behavioral/behavioral.db",
    "litellm": "litellm/sdk.jsonl",
    "litellm array": "litellm/generic_api.json",
    "spend logs": "litellm/spend_logs.csv",
    "traces": "opentelemetry/openai_v2_traces.jsonl",
    "metrics": "opentelemetry/openai_v2_metrics.jsonl",
    "github": "github/workflow_runs.json",
    "gitlab": "gitlab/recorded_pipeline.json",
    "json log": "json_logs/pino.jsonl",
    "access log": "text_logs/nginx_access.log",
    "syslog": "text_logs/syslog_rfc5424.log",
}
BINARY = {"behavioral"}
GOOD = [query_event(event_id=f"good-{number}") for number in range(3)]
FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "first half": lambda content: content[: len(content) // 2],
    "without its last byte": lambda content: content[:-1],
    "NUL bytes": lambda content: content[:200] + b"\0\0\0" + content[200:],
    "bytes that are not UTF-8": lambda content: content[:300] + b"\xff\xfe" + content[300:],
    "twice": lambda content: content + content,
    "truncated gzip": lambda content: gzip.compress(content)[: len(content) // 20],
    "damaged gzip": lambda content: _damaged(gzip.compress(content)),
    "truncated Zstandard": lambda content: zstd.compress(content)[: len(content) // 20],
    "damaged Zstandard": lambda content: _damaged(zstd.compress(content)),
    "garbage before": lambda content: b"}{garbage\n" + content,
    "garbage after": lambda content: content + b"\n]}\x01garbage",
}


def _damaged(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


def balanced(workspace: Workspace) -> None:
    """Every line of every file has one outcome, and the stored rows are those counted."""
    accounts = workspace.accounts()
    outcomes = accounts[["validated", "duplicate", "quarantined", "blank"]].sum(axis="columns")
    assert (accounts["lines"] == outcomes).all()
    assert len(workspace.events()) == accounts["validated"].sum()
    assert len(workspace.quarantine()) == accounts["quarantined"].sum()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_any_format_ends_in_an_account_or_a_reason(
    workspace: Workspace, fault: str
) -> None:
    for name, sample in FILES.items():
        content = (SAMPLES / sample).read_bytes()
        workspace.drop(f"{name}/{Path(sample).name}", FAULTS[fault](content))
    workspace.drop("good.jsonl", GOOD)
    intake = workspace.ingest()
    taken = {version.path: version.lines for version in intake.taken}
    assert len(taken) + len(intake.refused) == len(FILES) + 1
    assert all(len(reason) > 10 and "Traceback" not in reason for _, reason in intake.refused)
    balanced(workspace)
    accounts = workspace.accounts()
    for path, lines in taken.items():
        assert lines == (accounts.loc[path, "lines"] if path in accounts.index else 0)
    assert accounts.loc["good.jsonl"].tolist() == [3, 3, 0, 0, 0]
    before = workspace.partition_bytes_of_all()
    assert workspace.ingest().taken == ()
    assert workspace.partition_bytes_of_all() == before


@pytest.mark.parametrize("name", FILES)
def test_compressed_and_under_a_wrong_name_a_file_is_the_same(tmp_path: Path, name: str) -> None:
    content = (SAMPLES / FILES[name]).read_bytes()
    wrong = "data.csv" if not FILES[name].endswith(".csv") else "data.json"
    variants = {
        "plain": (Path(FILES[name]).name, content),
        "wrong name": (wrong, content),
        "no ending": ("data", content),
    }
    if name not in BINARY:
        variants |= {
            "gzip": ("data.gz", gzip.compress(content)),
            "Zstandard": ("data.bin", zstd.compress(content)),
            "mark": (Path(FILES[name]).name, b"\xef\xbb\xbf" + content),
        }
    found = {}
    for variant, (file, bytes_of_file) in variants.items():
        workspace = Workspace.create(tmp_path / variant)
        workspace.drop(f"source/{file}", bytes_of_file)
        [version] = workspace.ingest().taken
        assert version.problem is None
        events = workspace.events().drop(columns="event_date")
        found[variant] = (version.format, version.lines, events.to_dict("records"))
    assert found["plain"][1] > 0
    for variant, content_found in found.items():
        assert repr(content_found) == repr(found["plain"]), variant


def test_mixed_formats_in_one_folder_are_each_read_in_their_own(workspace: Workspace) -> None:
    for number, sample in enumerate(FILES.values()):
        suffix = Path(sample).suffix
        workspace.drop(f"mixed/{number}{suffix}", (SAMPLES / sample).read_bytes())
    intake = workspace.ingest()
    assert intake.refused == ()
    assert {version.format for version in intake.taken} == {
        "toon", "behavioral", "litellm", "litellm_spend_logs", "opentelemetry", "github", "gitlab",
        "json_log", "access_log", "syslog_rfc5424",
    }  # fmt: skip
    balanced(workspace)


ODD_LINES = {
    "duplicate keys": (b'{"user_id": "a", "user_id": "b", ', True),
    "numbers beyond 64 bits": (b'{"n": 123456789012345678901234567890, "m": 1e400, ', True),
    "NaN": (b'{"n": NaN, ', None),
    "Infinity": (b'{"n": -Infinity, ', None),
    "deep nesting": (b'{"n": ' + b"[" * 10_000 + b"]" * 10_000 + b", ", None),
    "deep objects": (b'{"n": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b", ", None),
    "a lone surrogate": (b'{"query": "\\ud800", ', None),
    "a reversed pair": (b'{"query": "\\udc00\\ud800", ', None),
    "an escaped NUL": (b'{"query": "a\\u0000b", ', None),
    "a control character": (b'{"query": "a\x01b", ', None),
    "a long key": (b'{"' + b"k" * 100_000 + b'": 1, ', True),
}


@pytest.mark.parametrize("line", ODD_LINES)
def test_an_odd_line_is_an_event_or_quarantined_and_harms_no_other(
    workspace: Workspace, line: str
) -> None:
    beginning, is_event = ODD_LINES[line]
    odd = beginning + json.dumps(query_event(event_id="odd")).encode()[1:]
    workspace.drop("a.jsonl", odd + b"\n" + json.dumps(GOOD[0]).encode() + b"\n" + odd)
    workspace.drop("b.json", b"[" + odd + b",\n" + json.dumps(GOOD[1]).encode() + b"]")
    workspace.ingest()
    balanced(workspace)
    accounts = workspace.accounts()
    assert accounts["lines"].to_dict() == {"a.jsonl": 3, "b.json": 2}
    ids = set(workspace.events().event_id)
    assert {"good-0", "good-1"} <= ids
    if is_event is not None:
        assert ("odd" in ids) is is_event
