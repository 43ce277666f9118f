"""The payload of a call as LiteLLM's loggers write it."""

from analytics_pipeline.ingestion.formats.declaration import EventMapping, Format
from analytics_pipeline.ingestion.formats.expressions import Restated
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

PAYLOAD_USAGES = ("metadata.usage_object", "response.usage")
PAYLOAD_CALL = {
    "event_id": Restated("nullif($(id), 'None')"),
    "timestamp": "$(startTime)",
    "user_id": asker(
        "$(metadata.requester_metadata.user_id)",
        first_of(
            "$(end_user)", "$(metadata.user_api_key_end_user_id)", "$(model_parameters.user)"
        ),
        "$(metadata.user_api_key_user_id)",
    ),
    "session_id": first_of(
        "$(session_id)", "$(metadata.requester_metadata.session_id)", assigned("$(trace_id)")
    ),
    "team": first_of("$(metadata.user_api_key_team_alias)", "$(metadata.user_api_key_team_id)"),
    "model": MODEL,
    "prompt_tokens": "$(prompt_tokens)",
    "completion_tokens": "$(completion_tokens)",
    "cost": "$(response_cost)",
    "response_time": "$(response_time)",
    "query": last_question("$(messages)"),
}  # fmt: skip

LITELLM = Format(
    name="litellm",
    description="Calls as LiteLLM's loggers write them (StandardLoggingPayload): one JSON object "
    "a line, a file, or an element of an array.",
    recognizes=lambda record: {"id", "call_type", "startTime", "response_cost"} <= record.keys(),
    recognized_by="the members `id`, `call_type`, `startTime` and `response_cost`",
    mappings=(
        EventMapping(
            "failed_query",
            {**PAYLOAD_CALL, **failure("error_information", "$(error_str)")},
            when="$(status) = 'failure'",
            notes={
                **NOTES,
                "error": "error_str, else the message or the class of the error, else `The call "
                "failed.`",
            },
            records="calls that failed",
        ),
        EventMapping(
            "cache_query",
            {
                **PAYLOAD_CALL,
                **ANSWER,
                "cost_saved": "CASE WHEN TRY_CAST($(saved_cache_cost) AS DOUBLE) <> 0 "
                "THEN $(saved_cache_cost) END",
                **provider_cache(
                    PAYLOAD_USAGES, "$(response.usageMetadata.cachedContentTokenCount)"
                ),
            },
            notes={
                **NOTES,
                **ANSWER_NOTES,
                "cost_saved": "absent where it is 0, which LiteLLM also writes on hits whose "
                "saving it did not compute",
                "response_time": "to the first token where the answer was streamed",
            },
            records="calls that were answered",
        ),
    ),
    personal=(
        "end_user", "model_parameters.user", "requester_ip_address",
        "metadata.user_api_key_user_id", "metadata.user_api_key_user_email",
        "metadata.user_api_key_end_user_id", "metadata.user_api_key_hash",
        "metadata.user_api_key_alias", "metadata.requester_ip_address",
        "metadata.requester_metadata.user_id",
    ),
)  # fmt: skip
