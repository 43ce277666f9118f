"""LiteLLM: the payload that its loggers write, and rows of its spend-logs table.

Both tell of a call of a model. A call that failed is a failed_query and no cache_query, since
nothing answered it: it is neither a hit nor a miss, and its duration is no time to an answer.

Only whether a name of a person is there decides which of them counts, never what it says, since
what is stored of it may be a pseudonym.
"""

from analytics_pipeline.ingestion.formats.declaration import EventMapping, Format
from analytics_pipeline.ingestion.formats.expressions import Restated, divided

# What LiteLLM writes in place of a prompt that it was told not to log.
REDACTED = "redacted-by-litellm"
GENERATED_ID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

IS_HIT = "lower($(cache_hit)) = 'true'"
CACHE_HIT = Restated(
    "CASE WHEN $(cache_hit) IS NULL OR lower($(cache_hit)) IN ('none', '') THEN 'false' "
    "ELSE $(cache_hit) END"
)
MODEL = (
    "nullif(CASE WHEN starts_with($(model), $(custom_llm_provider) || '/') "
    "THEN substr($(model), length($(custom_llm_provider)) + 2) ELSE $(model) END, '')"
)


def first_of(*texts: str) -> str:
    """SQL of the first text that is not empty."""
    return f"coalesce({', '.join(f'''nullif({text}, '')''' for text in texts)})"


def unless_hit(text: str) -> str:
    """SQL of a text that only a call has which the cache did not answer."""
    return f"CASE WHEN {IS_HIT} THEN NULL ELSE {text} END"


def assigned(text: str) -> str:
    """SQL of an identifier that a caller gave; null where LiteLLM made it up for the one call."""
    return f"CASE WHEN NOT regexp_full_match({text}, '{GENERATED_ID}') THEN {text} END"


def within(document: str, path: str) -> str:
    """SQL of the text at a path of a document that is JSON or not there at all."""
    return f"CASE WHEN json_valid({document}) THEN json_extract_string({document}, '$.{path}') END"


def last_question(messages: str) -> str:
    """SQL of the text of the last message of a user, from the SQL of a list of messages.

    A message is a text or a list of parts, of which the texts count. What is no list is taken as
    the question itself.
    """
    parts = "array_to_string(json_extract_string(m, '$.content[*].text'), chr(10))"
    plain = "CASE WHEN json_type(m, '$.content') = 'VARCHAR' THEN m ->> '$.content' END"
    text = f"CASE WHEN m ->> '$.role' = 'user' THEN coalesce({plain}, {parts}) END"
    texts = f"list_transform(json_extract({messages}, '$[*]'), lambda m: {text})"
    listed = f"starts_with({messages}, '[') AND json_valid({messages})"
    return (
        f"nullif(CASE WHEN {listed} THEN list_last(list_filter({texts}, lambda t: t <> '')) "
        f"WHEN {messages} NOT IN ('', '{{}}') THEN {messages} END, '{REDACTED}')"
    )


def asker(end_user: str, key_owner: str) -> str:
    """SQL of who caused a call: the end user that it names, else the owner of the key.

    Clients of the messages route put a session into the name of the end user.
    """
    return (
        f"CASE WHEN $(call_type) = 'anthropic_messages' THEN {first_of(key_owner, end_user)} "
        f"ELSE {first_of(end_user, key_owner)} END"
    )


READ_NAMES = (
    "prompt_tokens_details.cached_tokens",
    "cache_read_input_tokens",
    "prompt_cache_hit_tokens",
    "input_tokens_details.cached_tokens",
)
WRITE_NAMES = (
    "prompt_tokens_details.cache_write_tokens",
    "prompt_tokens_details.cache_creation_tokens",
    "cache_creation_input_tokens",
)
NOTES = {
    "event_id": "Absent where LiteLLM knew none.",
    "user_id": "The end user that the call names, else the owner of the key. On the messages "
    "route the owner comes first, since clients there put a session into the end user's name.",
    "session_id": "The id that the caller gave; absent where LiteLLM made one up for the call.",
    "team": "The alias of the team, else its id.",
    "model": "Without the prefix of the provider, which LiteLLM writes on some calls only.",
    "query": "The last message of the user that has text; the texts of its parts are joined. "
    f"Absent where it says {REDACTED}.",
}
ANSWER_NOTES = {
    "cache_hit": "False where LiteLLM writes none, null or None: it then asked the model.",
    "cache_key": "On hits only: on a miss LiteLLM writes none, or one that no entry has.",
    "match_type": "none on a miss. LiteLLM does not say how a hit was matched.",
    "prompt_tokens": "On a hit, those of the call whose answer was cached; so completion_tokens.",
    "provider_cache_read_tokens": "By the names of each provider. Absent on a hit, where LiteLLM "
    "repeats the usage of the call whose answer was cached.",
    "provider_cache_write_tokens": "Likewise.",
}
ANSWER = {
    "cache_hit": CACHE_HIT,
    "cache_key": f"CASE WHEN {IS_HIT} THEN nullif($(cache_key), '') END",
    "match_type": unless_hit("'none'"),
}

PAYLOAD_USAGES = ("metadata.usage_object", "response.usage")
PAYLOAD_CALL = {
    "event_id": Restated("nullif($(id), 'None')"),
    "timestamp": "$(startTime)",
    "user_id": asker(
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
    mappings=(
        EventMapping(
            "failed_query",
            {
                **PAYLOAD_CALL,
                "error": first_of(
                    "$(error_str)", "$(error_information.error_message)",
                    "$(error_information.error_class)", "'The call failed.'",
                ),
                "error_class": "$(error_information.error_class)",
            },
            when="$(status) = 'failure'",
            notes={**NOTES, "error": "error_str, else the message or the class of the error."},
        ),
        EventMapping(
            "cache_query",
            {
                **PAYLOAD_CALL,
                **ANSWER,
                "cost_saved": "CASE WHEN TRY_CAST($(saved_cache_cost) AS DOUBLE) <> 0 "
                "THEN $(saved_cache_cost) END",
                "provider_cache_read_tokens": unless_hit(
                    first_of(
                        *(f"$({usage}.{name})" for usage in PAYLOAD_USAGES for name in READ_NAMES),
                        "$(response.usageMetadata.cachedContentTokenCount)",
                    )
                ),
                "provider_cache_write_tokens": unless_hit(
                    first_of(
                        *(f"$({usage}.{name})" for usage in PAYLOAD_USAGES for name in WRITE_NAMES)
                    )
                ),
            },
            notes={
                **NOTES,
                **ANSWER_NOTES,
                "cost_saved": "Absent where it is 0, which LiteLLM also writes on hits whose "
                "saving it did not compute.",
                "response_time": "To the first token where the answer was streamed.",
            },
        ),
    ),
    personal=(
        "end_user", "model_parameters.user", "requester_ip_address",
        "metadata.user_api_key_user_id", "metadata.user_api_key_user_email",
        "metadata.user_api_key_end_user_id", "metadata.user_api_key_hash",
        "metadata.user_api_key_alias", "metadata.requester_ip_address",
    ),
)  # fmt: skip

BODY = "$(proxy_server_request)"
SPENT_USAGES = ("usage_object", "additional_usage_values")
SPENT_CALL = {
    "event_id": Restated("nullif($(request_id), 'None')"),
    "timestamp": "$(startTime)",
    "user_id": asker("$(end_user)", "$(user)"),
    "session_id": first_of(
        within(BODY, "litellm_session_id"),
        within(BODY, "metadata.session_id"),
        assigned("$(session_id)"),
    ),
    "team": first_of(within("$(metadata)", "user_api_key_team_alias"), "$(team_id)"),
    "model": MODEL,
    "prompt_tokens": "$(prompt_tokens)",
    "completion_tokens": "$(completion_tokens)",
    "cost": "$(spend)",
    "response_time": "coalesce((date_diff('microsecond', TRY_CAST($(startTime) AS TIMESTAMP), "
    "TRY_CAST(nullif($(completionStartTime), '') AS TIMESTAMP)) / 1e6)::VARCHAR, "
    f"{divided('request_duration_ms', 1000)})",
    "query": first_of(
        last_question("$(messages)"),
        *(last_question(within(BODY, name)) for name in ("messages", "input", "prompt")),
    ),
}  # fmt: skip
SPENT_NOTES = {
    **NOTES,
    "query": f"{NOTES['query']} It is there only where LiteLLM stores prompts "
    "(store_prompts_in_spend_logs).",
    "response_time": "From startTime to completionStartTime, which is the first token where the "
    "answer was streamed, else the end; in whole milliseconds.",
}

LITELLM_SPEND_LOGS = Format(
    name="litellm_spend_logs",
    description="Rows of LiteLLM's table LiteLLM_SpendLogs, exported as CSV or JSON.",
    recognizes=lambda record: {"request_id", "call_type", "spend", "startTime"} <= record.keys(),
    mappings=(
        EventMapping(
            "failed_query",
            {
                **SPENT_CALL,
                "error": first_of(
                    within("$(metadata)", "error_information.error_message"),
                    within("$(metadata)", "error_information.error_class"),
                    "'The call failed.'",
                ),
                "error_class": within("$(metadata)", "error_information.error_class"),
            },
            when="$(status) = 'failure'",
            notes={**SPENT_NOTES, "error": "The message or the class of the error in metadata."},
        ),
        EventMapping(
            "cache_query",
            {
                **SPENT_CALL,
                **ANSWER,
                **{
                    f"provider_cache_{verb}_tokens": unless_hit(
                        first_of(
                            *(
                                within("$(metadata)", f"{usage}.{name}")
                                for usage in SPENT_USAGES
                                for name in names
                            )
                        )
                    )
                    for verb, names in (("read", READ_NAMES), ("write", WRITE_NAMES))
                },
            },
            notes={**SPENT_NOTES, **ANSWER_NOTES},
        ),
    ),
    personal=(
        "user", "end_user", "api_key", "requester_ip_address", "metadata.user_api_key",
        "metadata.user_api_key_user_id", "metadata.user_api_key_alias",
        "metadata.requester_ip_address", "proxy_server_request.user",
        "proxy_server_request.metadata.user_id", "proxy_server_request.metadata.user_api_key_hash",
        "proxy_server_request.metadata.user_api_key_user_id",
        "proxy_server_request.metadata.user_api_key_user_email",
        "proxy_server_request.metadata.user_api_key_end_user_id",
        "proxy_server_request.metadata.user_api_key_auth",
        "proxy_server_request.litellm_metadata",
    ),
)  # fmt: skip
