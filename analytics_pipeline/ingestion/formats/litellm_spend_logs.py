"""Rows of the table in which LiteLLM's proxy keeps what each call spent."""

from analytics_pipeline.ingestion.formats.declaration import EventMapping, Format
from analytics_pipeline.ingestion.formats.expressions import Restated, divided
from analytics_pipeline.ingestion.formats.litellm_calls import (
    ANSWER,
    ANSWER_NOTES,
    MODEL,
    NOTES,
    asker,
    assigned,
    failure,
    first_of,
    last_question,
    provider_cache,
)

# A CSV export holds these columns as text. Opened, their members are fields like any other, so
# that what is personal in them is found.
JSON_COLUMNS = ("metadata", "messages", "response", "request_tags", "proxy_server_request")
CELLS = [
    f"""{{'head': '"{name}":', 'text': CASE WHEN json_type(document, '$.{name}') = 'VARCHAR'
        THEN json_extract_string(document, '$.{name}') END}}"""
    for name in JSON_COLUMNS
]
JSON_COLUMNS_OPENED = f"""
    SELECT
        document_number,
        1 AS position,
        '{{' || array_to_string(list_transform(opened, lambda c: c.head || c.text), ',')
        || ',' || (json_merge_patch(document, removal)::VARCHAR)[2:] AS record
    FROM (
        SELECT
            *,
            '{{' || array_to_string(list_transform(opened, lambda c: c.head || 'null'), ',')
            || '}}' AS removal
        FROM (
            SELECT
                *,
                list_filter(
                    [{", ".join(CELLS)}],
                    lambda c: left(c.text, 1) IN ('{{', '[') AND json_valid(c.text)
                ) AS opened
            FROM document
        )
    )
    WHERE len(opened) > 0
"""

BODY = "proxy_server_request"
SPENT_USAGES = ("metadata.usage_object", "metadata.additional_usage_values")
SPENT_CALL = {
    "event_id": Restated("nullif($(request_id), 'None')"),
    "timestamp": "$(startTime)",
    "user_id": asker(f"$({BODY}.metadata.user_id)", "$(end_user)", "$(user)"),
    "session_id": first_of(
        f"$({BODY}.litellm_session_id)", f"$({BODY}.metadata.session_id)",
        assigned("$(session_id)"),
    ),
    "team": first_of("$(metadata.user_api_key_team_alias)", "$(team_id)"),
    "model": MODEL,
    "prompt_tokens": "$(prompt_tokens)",
    "completion_tokens": "$(completion_tokens)",
    "cost": "$(spend)",
    "response_time": "coalesce((date_diff('microsecond', TRY_CAST($(startTime) AS TIMESTAMP), "
    "TRY_CAST(nullif($(completionStartTime), '') AS TIMESTAMP)) / 1e6)::VARCHAR, "
    f"{divided('request_duration_ms', 1000)})",
    "query": first_of(
        *(last_question(f"$({path})")
          for path in ("messages", f"{BODY}.messages", f"{BODY}.input", f"{BODY}.prompt")),
    ),
}  # fmt: skip
SPENT_NOTES = {
    **NOTES,
    "query": f"{NOTES['query']}. It is there only where LiteLLM stores prompts "
    "(store_prompts_in_spend_logs)",
    "response_time": "from startTime to completionStartTime, which is the first token where the "
    "answer was streamed, else the end; in whole milliseconds. Where one of them "
    "cannot be read, request_duration_ms",
}
METADATA_OF_BODY = (f"{BODY}.metadata", f"{BODY}.litellm_metadata")

LITELLM_SPEND_LOGS = Format(
    name="litellm_spend_logs",
    description="Rows of LiteLLM's table LiteLLM_SpendLogs, exported as CSV or JSON. A hit has "
    "another id here than in the payload of the same call: take in one of the two.",
    recognizes=lambda record: {"request_id", "call_type", "spend", "startTime"} <= record.keys(),
    recognized_by="the columns `request_id`, `call_type`, `spend` and `startTime`",
    split=JSON_COLUMNS_OPENED,
    mappings=(
        EventMapping(
            "failed_query",
            {**SPENT_CALL, **failure("metadata.error_information")},
            when="$(status) = 'failure'",
            notes={
                **SPENT_NOTES,
                "error": "the message or the class of the error in metadata, else `The call "
                "failed.`",
            },
            records="calls that failed",
        ),
        EventMapping(
            "cache_query",
            {**SPENT_CALL, **ANSWER, **provider_cache(SPENT_USAGES)},
            notes={**SPENT_NOTES, **ANSWER_NOTES},
            records="calls that were answered",
        ),
    ),
    personal=(
        "user", "end_user", "api_key", "requester_ip_address", "metadata.user_api_key",
        "metadata.user_api_key_user_id", "metadata.user_api_key_alias",
        "metadata.requester_ip_address", f"{BODY}.user",
        *(f"{metadata}.{name}" for metadata in METADATA_OF_BODY
          for name in ("user_id", "requester_metadata.user_id", "requester_ip_address")),
        *(f"{metadata}.user_api_key_auth.{name}" for metadata in METADATA_OF_BODY
          for name in ("token", "api_key", "key_alias", "user_id", "user_email", "end_user_id")),
    ),
)  # fmt: skip
