"""What the SQL of a format's declaration finds in a record, and what it leaves."""

import json

from analytics_pipeline.ingestion.formats.declaration import EventMapping, Format
from analytics_pipeline.ingestion.formats.expressions import divided, prefixed
from analytics_pipeline_tests.ingestion.formats.mapping import mapped

ORDERS = Format(
    "orders",
    "Orders of a shop.",
    (
        EventMapping(
            "cache_query",
            {
                "event_id": prefixed("order-", "id"),
                "timestamp": "$(at)",
                "query": "$(item.name)",
                "response_time": divided("took_ms", 1000),
                "model": '$(item."made.by".firm)',
                "cache_hit": "CASE $(kind) WHEN 'hit' THEN 'true' ELSE 'false' END",
            },
            when="$(kind) IS NOT NULL",
        ),
        EventMapping("log_entry", {"timestamp": "$(at)", "message": "$(note)"}),
    ),
)


def test_paths_are_read_and_what_is_not_taken_over_is_kept() -> None:
    record = {
        "id": 7, "at": "2026-11-10", "took_ms": 12, "kind": "hit", "big": 10**30, "none": None,
        "item": {"name": "tea", "made.by": {"firm": "x", "town": "y"}, "tags": [1]},
    }  # fmt: skip
    [found] = mapped(ORDERS, [json.dumps(record)])
    assert (found.event_type, found.time) == ("cache_query", "2026-11-10")
    assert found.fields == {
        "event_id": "order-7", "timestamp": "2026-11-10", "query": "tea",
        "response_time": "0.012", "model": "x", "cache_hit": "true",
    }  # fmt: skip
    assert json.loads(found.unmapped or "") == {
        "kind": "hit", "big": 10**30, "none": None,
        "item": {"made.by": {"town": "y"}, "tags": [1]},
    }  # fmt: skip


def test_the_first_mapping_whose_condition_holds_is_the_one() -> None:
    [found] = mapped(ORDERS, ['{"at": "2026-11-10", "note": "n", "item": 5}'])
    assert (found.event_type, found.fields) == (
        "log_entry", {"timestamp": "2026-11-10", "message": "n"},
    )  # fmt: skip
    assert found.unmapped == '{"item":5}'


def test_a_text_that_is_no_number_stays_to_be_refused() -> None:
    [found] = mapped(ORDERS, ['{"kind": "hit", "took_ms": "long"}'])
    assert found.fields["response_time"] == "long"


def test_named_groups_of_a_pattern_are_paths() -> None:
    lines = Format(
        "lines",
        "Lines.",
        (EventMapping("log_entry", {"timestamp": "$(time)", "message": "$(text)",
                                    "level": "$(file_time)"}),),
        pattern=r"(?P<time>\S+) (?P<host>\w*) ?(?P<text>.*)",
    )  # fmt: skip
    one, two = mapped(lines, ["now here it is\nwith more", "now  it's"], file_time="then")
    assert one.fields == {"timestamp": "now", "message": "it is\nwith more", "level": "then"}
    assert one.unmapped == '{"host":"here"}'
    assert (two.fields["message"], two.unmapped) == ("it's", None)
