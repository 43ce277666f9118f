"""What of a log message is masked, and what is left to tell messages apart."""

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.insights.log_templates import MOST_TEMPLATES, query, template_of
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import InsightSettings


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with Lake(tmp_path_factory.mktemp("lake")).engine() as connection:
        yield connection


def template(engine: duckdb.DuckDBPyConnection, message: str) -> str:
    [found] = engine.execute(f"SELECT {template_of('$1')}", [message]).fetchone() or ("",)
    return str(found)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Request 16635 answered in 1370 ms", "Request <number> answered in <number> ms"),
        ("took 1.5s, -3 retries, 1,024 rows", "took <number>s, <number> retries, <number> rows"),
        ("user 9f1c2ab4-11d2-4c3e-9a55-0123456789ab gone", "user <id> gone"),
        ("at 2026-11-27T06:24:15.123Z and 2026-11-27", "at <time> and <time>"),
        ("peer 10.0.0.12:6379 refused", "peer <address> refused"),
        ("cannot open /var/lib/app/data.db", "cannot open <path>"),
        (r"cannot open C:\Users\ada\x.txt", "cannot open <path>"),
        ("GET https://api.example.com/v1?x=1 failed", "GET <url> failed"),
        ("mail ada.lovelace@example.com", "mail <email>"),
        ("""key 'abc' is not in "the map" """, "key <text> is not in <text>"),
        ("digest e3b0c44298fc1c149afb and 0xDEADBEEF", "digest <hex> and <hex>"),
        ("shard-7 of cache_2 on node12 is down", "<id> of <id> on <id> is down"),
        ("Write failed: connection reset", "Write failed: connection reset"),
        ("first line\n  at frame 1\n  at frame 2", "first line"),
        ("a\t lot   of space ", "a lot of space"),
        ("", ""),
    ],
)
def test_what_differs_between_messages_of_a_kind_is_masked(
    engine: duckdb.DuckDBPyConnection, message: str, expected: str
) -> None:
    assert template(engine, message) == expected


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.uuids(), st.ip_addresses(v=4))
def test_messages_that_differ_in_numbers_and_ids_are_of_one_template(
    engine: duckdb.DuckDBPyConnection, first: int, second: int, name: object, address: object
) -> None:
    message = "Worker {} of job {} at {} failed after {} s"
    given_ones = message.format(first, name, address, second)
    assert template(engine, given_ones) == template(
        engine,
        message.format(1, "00000000-0000-0000-0000-000000000000", "127.0.0.1", 2),
    )


def test_of_messages_without_a_common_form_the_most_frequent_are_kept(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    letters = "translate(i::VARCHAR, '0123456789', 'abcdefghij')"
    engine.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE events AS
        SELECT DATE '2026-01-01' AS event_date, 'log_entry' AS event_type, 'ERROR' AS level,
            NULL AS component, TIMESTAMP '2026-01-01 09:30:00' AS timestamp,
            'oddity ' || {letters} AS message
        FROM range({MOST_TEMPLATES + 500}) AS t(i)
        UNION ALL
        SELECT DATE '2026-01-01', 'log_entry', 'ERROR', NULL, TIMESTAMP '2026-01-01 08:59:59',
            'disk full' FROM range(2)
        """
    )
    rows = engine.execute(query("events", InsightSettings())).fetchall()
    assert len(rows) == MOST_TEMPLATES
    [[_, level, component, _, entries, example, hour]] = [r for r in rows if r[3] == "disk full"]
    assert (level, component, entries, example) == ("ERROR", None, 2, "disk full")
    assert str(hour) == "2026-01-01 08:00:00"
