"""In what a file's records are contained is told by its content; the name decides in doubt."""

import json

import pytest

from analytics_pipeline.ingestion.reading.containers import Container, container_of

EVENT = '{"event_type": "cache_query", "timestamp": "2026-11-10T12:00:00Z", "cache_hit": true}'
PRETTY = json.dumps(json.loads(EVENT), indent=2)


@pytest.mark.parametrize(
    ("name", "text", "container"),
    [
        ("a.jsonl", f"{EVENT}\n{EVENT}\n", "LINES"),
        ("a.csv", f"{EVENT}\n{EVENT}\n", "LINES"),
        ("a.json", EVENT, "LINES"),
        ("a.json", f"\n\n{EVENT}", "LINES"),
        ("a.json", "", "LINES"),
        ("a.json", "\n" * 100, "LINES"),
        ("a.json", f"[]\n{EVENT}", "LINES"),
        ("a.json", f"[1, 2]\n{EVENT}", "LINES"),
        ("a.json", "[]", "LINES"),
        ("a.json", f"[{EVENT}]\n{EVENT}", "LINES"),
        ("a.json", f"{{\n{EVENT}", "LINES"),
        ("a.json", f"{{broken\n{EVENT}", "LINES"),
        ("a.json", '{"a": 1,\n[1]', "LINES"),
        ("a.json", '{"a": "' + "x" * 70_000, "LINES"),
        ("a.json", f"[{EVENT},{EVENT}]", "JSON_DOCUMENTS"),
        ("a.jsonl", f"[{EVENT},\n{EVENT}]\n", "JSON_DOCUMENTS"),
        ("a.csv", f"[\n  {EVENT},\n  {EVENT}", "JSON_DOCUMENTS"),
        ("a.json", PRETTY, "JSON_DOCUMENTS"),
        ("a.json", f"\ufeff{PRETTY}\n{PRETTY}", "JSON_DOCUMENTS"),
        ("a.json", PRETTY.replace("\n", "\r\n"), "JSON_DOCUMENTS"),
        ("a.json", json.dumps({"runs": [json.loads(EVENT)] * 999}, indent=1), "JSON_DOCUMENTS"),
        ("a.csv", "event_type,timestamp,cache_hit\ncache_query,2026-11-10,true\n", "CSV"),
        ("a.txt", "event_type;timestamp;cache_hit\ncache_query;2026-11-10;true\n", "CSV"),
        ("a.tsv.gz", "a\tb\n", "CSV"),
        ("a.csv", "level\n", "CSV"),
        ("a.log", "starting, please wait\ndone, really\n", "LINES"),
        ("a.log", "Jun 14 15:16:01 combo sshd: one, two, three\n" * 3, "LINES"),
        ("a.csv", "Jun 14 15:16:01 (combo), x!, y?\n", "LINES"),
    ],
)
def test_the_beginning_tells(name: str, text: str, container: str) -> None:
    assert container_of(name, text.encode()[: 64 << 10]) is Container[container]


def test_binary_containers_are_told_by_their_magic() -> None:
    assert container_of("a.jsonl", b"PAR1\x15\x04") is Container.PARQUET
    assert container_of("a.csv", b"SQLite format 3\0\x10") is Container.SQLITE
