"""aicache behavioral.db: the questions of each user in their order, a row of a table each."""

from collections.abc import Mapping
from typing import Any

from analytics_pipeline.ingestion.formats.declaration import EventMapping, Format

COLUMNS = ("query_hash", "query_text", "cache_hit", "response_time", "timestamp")

# The column holds JSON as a text. Opened, its members are fields like any other, so that what is
# personal in it is found. The document is put together as text: a merge patch would drop nulls.
CONTEXT_OPENED = """
    SELECT
        document_number,
        1 AS position,
        CASE
            WHEN left(ltrim(context), 1) = '{' AND json_valid(context)
            THEN '{"context":' || context || CASE rest WHEN '{}' THEN '}' ELSE ',' || rest[2:] END
            ELSE document
        END AS record
    FROM (
        SELECT
            *,
            CASE WHEN json_type(document, '$.context') = 'VARCHAR'
            THEN json_extract_string(document, '$.context') END AS context,
            json_merge_patch(document, '{"context":null}')::VARCHAR AS rest
        FROM document
        WHERE json_type(document) = 'OBJECT'
    )
"""

QUERY = EventMapping(
    "cache_query",
    {
        "timestamp": "$(timestamp)",
        "user_id": "$(user_id)",
        "session_id": "$(session_id)",
        "team": "$(context.team)",
        "context.language": "$(context.language)",
        "context.framework": "$(context.framework)",
        "query": "$(query_text)",
        "cache_hit": "$(cache_hit)",
        "response_time": "$(response_time)",
        "model": "$(context.model)",
    },
    records="rows of the table",
)


def recognizes(record: Mapping[str, Any]) -> bool:
    """Whether a record is a row of the table query_sequences."""
    return all(key in record for key in COLUMNS) and "event_type" not in record


BEHAVIORAL = Format(
    "behavioral",
    "The table query_sequences of aicache's behavioral.db. A row has no identity beyond its "
    "database, where ids begin at 1: so its content is its identity, to which the id, the time and "
    "the session belong. Rows of two databases stay apart, and a database that has grown, or a "
    "copy of it, adds what is new. aicache 0.2.0 starts the clock of response_time only after it "
    "has looked into the cache, so its rows say next to 0; TOON operations tell response times.",
    (QUERY,),
    recognizes=recognizes,
    split=CONTEXT_OPENED,
    personal=("context.user_id", "context.project_path", "context.git_repo"),
    recognized_by="the columns `query_hash`, `query_text`, `cache_hit`, `response_time` and "
    "`timestamp`, and no `event_type`",
    tables=("query_sequences",),
)
