"""aicache TOON operations: a record for each look into the cache, in a full or compact form."""

from collections.abc import Mapping
from typing import Any

from analytics_pipeline.ingestion.formats.declaration import EventMapping, Format
from analytics_pipeline.ingestion.formats.expressions import Restated, divided

LOOKUPS = "'exact_hit', 'semantic_hit', 'intent_hit', 'exact_miss', 'semantic_miss'"
FULL_FORM = ("operation_id", "operation_type")
COMPACT_FORM = ("id", "ts", "op", "q_hash")


def _cache_hit(operation: str) -> str:
    return f"CASE WHEN ends_with($({operation}), '_hit') THEN 'true' ELSE 'false' END"


def _match_type(operation: str) -> str:
    return (
        f"CASE $({operation}) WHEN 'exact_hit' THEN 'exact' WHEN 'semantic_hit' THEN 'semantic' "
        "WHEN 'intent_hit' THEN 'intent' ELSE 'none' END"
    )


RESPONSE_TIME_NOTE = "in s instead of ms"
NOTES_OF_LOOKUPS = {
    "cache_hit": "true for exact_hit, semantic_hit and intent_hit; false for the misses",
    "match_type": "exact, semantic or intent by the kind of hit; none for a miss. Which misses had "
    "also been looked for by meaning stays in extra",
    "response_time": f"{RESPONSE_TIME_NOTE}; on a miss it is the time of the operation as aicache "
    "measured it, which ends before the model answers where aicache does not wait for it",
}
NOTES_OF_ERRORS = {
    "error": "error_message, or cache_error where there is none. A cache_error is neither hit nor "
    "miss, so it is no cache_query: it changes neither hit rate nor response times",
    "response_time": RESPONSE_TIME_NOTE,
}

FULL_FIELDS = {
    "event_id": "$(operation_id)",
    "timestamp": "$(timestamp)",
    "user_id": "$(context.user_id)",
    "session_id": "$(context.session_id)",
    "team": "$(context.team)",
    "context.language": "$(context.language)",
    "context.framework": "$(context.framework)",
    "query": "$(query.original)",
    "response_time": divided("duration_ms", 1000),
    "model": "$(tokens.model)",
    "prompt_tokens": "$(tokens.without_cache.prompt)",
    "completion_tokens": "$(tokens.without_cache.completion)",
    "cost": "$(tokens.costs.with_cache)",
}
COMPACT_FIELDS = {
    "event_id": "$(id)",
    "timestamp": "$(ts)",
    "query": "$(q_orig)",
    "response_time": divided("dur", 1000),
}

FULL_LOOKUP = EventMapping(
    "cache_query",
    FULL_FIELDS
    | {
        "cache_hit": _cache_hit("operation_type"),
        "tokens_saved": "$(tokens.saved.total)",
        "cost_saved": "$(tokens.costs.saved)",
        "match_type": _match_type("operation_type"),
        "cache_key": "$(cache_metadata.cache_key)",
    },
    when=f"$(operation_type) IN ({LOOKUPS})",
    notes=NOTES_OF_LOOKUPS,
    records="full form, hits and misses",
)
FULL_ERROR = EventMapping(
    "failed_query",
    FULL_FIELDS
    | {
        "error": Restated("coalesce($(error_message), 'cache_error')"),
        "error_class": "$(operation_type)",
    },
    when="$(operation_type) = 'cache_error'",
    notes=NOTES_OF_ERRORS,
    records="full form, cache_error",
)
COMPACT_LOOKUP = EventMapping(
    "cache_query",
    COMPACT_FIELDS
    | {
        "cache_hit": _cache_hit("op"),
        "tokens_saved": "$(tok_saved)",
        "cost_saved": "$(cost_saved)",
        "match_type": _match_type("op"),
    },
    when=f"$(op) IN ({LOOKUPS})",
    notes=NOTES_OF_LOOKUPS,
    records="compact form, hits and misses",
)
COMPACT_ERROR = EventMapping(
    "failed_query",
    COMPACT_FIELDS | {"error": "'cache_error'", "error_class": "$(op)"},
    when="$(op) = 'cache_error'",
    notes=NOTES_OF_ERRORS | {"error": "always cache_error: the compact form has no message"},
    records="compact form, cache_error",
)


def recognizes(record: Mapping[str, Any]) -> bool:
    """Whether a record is a TOON operation in either form; rows of the CSV export are, too."""
    full, compact = (all(key in record for key in form) for form in (FULL_FORM, COMPACT_FORM))
    return (full or compact) and "event_type" not in record


TOON = Format(
    "toon",
    "aicache TOON operations: the full form as JSON lines, as an array, or one in a file; the "
    "compact form as JSON or as its CSV export. aicache writes the time of its machine without an "
    "offset: name the zone of the folder where that is not UTC. A full and a compact form of one "
    "operation are one event. The compact form has neither model nor cost. aicache 0.2.0 quotes "
    "nothing in its CSV export, so a question with a comma makes a row with too many values; the "
    "other forms have all of it.",
    (FULL_LOOKUP, FULL_ERROR, COMPACT_LOOKUP, COMPACT_ERROR),
    recognizes=recognizes,
    personal=("context.project_path", "context.git_repo"),
    recognized_by="the members `operation_id` and `operation_type` in the full form, `id`, `ts`, "
    "`op` and `q_hash` in the compact form, and no `event_type`",
)
