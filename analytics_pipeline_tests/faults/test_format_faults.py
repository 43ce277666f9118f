"""Files of every format as they should not be: each is taken with an account, or refused."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from pyarrow import csv

from analytics_pipeline_tests.workspace import Workspace, query_event

SAMPLES = Path(__file__).parents[2] / "samples" / "formats"


def _native(form: str) -> bytes:
    events = [query_event(event_id=f"{form}-{n}", context={"language": "Go"}) for n in range(60)]
    if form == "lines":
        return b"".join(json.dumps(event).encode() + b"\n" for event in events)
    if form in ("array", "pretty"):
        return json.dumps(events, indent=2 if form == "pretty" else None).encode()
    table = pa.Table.from_pylist(events)
    file = io.BytesIO()
    if form == "parquet":
        pq.write_table(table, file)
    else:
        flat = [{**event, "context": json.dumps(event["context"])} for event in events]
        csv.write_csv(pa.Table.from_pylist(flat), file)
    return file.getvalue()


def content_of(sample: str) -> bytes:
    """The bytes of a sample, or of native events in a form."""
    if sample.startswith("native."):
        return _native(sample.removeprefix("native."))
    return (SAMPLES / sample).read_bytes()


FILES = {
    "native lines": "native.lines",
    "native array": "native.array",
    "native documents": "native.pretty",
    "native CSV": "native.csv",
    "native Parquet": "native.parquet",
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
    "without its last line end": lambda content: content.rstrip(b"\r\n"),
    "Windows line ends and a mark": lambda content: (
        b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")
    ),
    "several gzip members": lambda content: (
        gzip.compress(content[: len(content) // 2]) + gzip.compress(content[len(content) // 2 :])
    ),
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
        content = content_of(sample)
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


VARIANTS: dict[str, Callable[[str, bytes], tuple[str, bytes]]] = {
    "wrong name": lambda name, content: (
        "data.json" if name.endswith(".csv") else "data.csv",
        content,
    ),
    "no ending": lambda name, content: ("data", content),
    "gzip": lambda name, content: ("data.gz", gzip.compress(content)),
    "Zstandard": lambda name, content: ("data.bin", zstd.compress(content)),
    "mark": lambda name, content: (
        Path(name).name,
        content if content.startswith((b"PAR1", b"SQLite")) else b"\xef\xbb\xbf" + content,
    ),
}


def _taken(
    workspace: Workspace, variant: Callable[[str, bytes], tuple[str, bytes]]
) -> tuple[dict[str, tuple[str, int]], list[dict[str, object]]]:
    """Format and lines of each file, by its folder, and all events."""
    for name, sample in FILES.items():
        file, content = variant(sample, content_of(sample))
        workspace.drop(f"{name}/{file}", content)
    intake = workspace.ingest()
    assert intake.refused == ()
    assert {version.problem for version in intake.taken} == {None}
    events = workspace.events().drop(columns=["event_date", "path"], errors="ignore")
    taken = {each.path.split("/")[0]: (each.format, each.lines) for each in intake.taken}
    return taken, events.to_dict("records")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory):
    workspace = Workspace.create(tmp_path_factory.mktemp("plain") / "w")
    return _taken(workspace, lambda name, content: (Path(name).name, content))


@pytest.mark.parametrize("variant", VARIANTS)
def test_compressed_and_under_a_wrong_name_files_are_the_same(
    workspace: Workspace, plain: tuple[object, object], variant: str
) -> None:
    taken, events = _taken(workspace, VARIANTS[variant])
    assert set(taken) == set(FILES)
    assert (taken, repr(events)) == (plain[0], repr(plain[1]))


def test_mixed_formats_in_one_folder_are_each_read_in_their_own(workspace: Workspace) -> None:
    for number, sample in enumerate(FILES.values()):
        suffix = Path(sample).suffix
        workspace.drop(f"mixed/{number}{suffix}", content_of(sample))
    intake = workspace.ingest()
    assert intake.refused == ()
    assert {version.format for version in intake.taken} == {
        "native", "toon", "behavioral", "litellm", "litellm_spend_logs", "opentelemetry", "github",
        "gitlab",
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
