"""What LiteLLM's payload and its spend logs have in common: SQL of a call's fields.

A call that failed is a failed_query and no cache_query, since nothing answered it: it is neither
a hit nor a miss, and its duration is no time to an answer.

Only whether a name of a person is there decides which of several counts, never what it says,
since what is stored of it may be a pseudonym.
"""

from collections.abc import Sequence

from analytics_pipeline.ingestion.formats.expressions import Restated

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


def last_question(messages: str) -> str:
    """SQL of the text of the last message of a user, from the SQL of a list of messages.

    A message is a text, or has one or a list of parts, of which the texts count. What is no list
    is taken as the question itself.
    """
    parts = "array_to_string(json_extract_string(m, '$.content[*].text'), chr(10))"
    plain = "CASE WHEN json_type(m, '$.content') = 'VARCHAR' THEN m ->> '$.content' END"
    text = (
        "CASE WHEN json_type(m) = 'VARCHAR' THEN m ->> '$' "
        f"WHEN (m ->> '$.role') = 'user' THEN coalesce({plain}, {parts}) END"
    )
    texts = f"list_transform(json_extract({messages}, '$[*]'), lambda m: {text})"
    listed = f"starts_with({messages}, '[') AND json_valid({messages})"
    return (
        f"nullif(CASE WHEN {listed} THEN list_last(list_filter({texts}, lambda t: t <> '')) "
        f"WHEN {messages} NOT IN ('', '{{}}') THEN {messages} END, '{REDACTED}')"
    )


def asker(in_metadata: str, end_user: str, key_owner: str) -> str:
    """SQL of who caused a call: the end user that it names, else the owner of the key.

    Coding assistants name the user in the metadata of the request, with a session in the name: so
    the owner goes before one that is named there. All paths here name persons, since what becomes
    of user_id becomes of each of them.
    """
    return (
        f"CASE WHEN {in_metadata} IS NOT NULL THEN {first_of(key_owner, end_user)} "
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


def provider_cache(usages: Sequence[str], *others: str) -> dict[str, str]:
    """SQL of the tokens of the provider's prompt cache, under all of the providers' names."""
    read, written = (
        [f"$({usage}.{name})" for usage in usages for name in names]
        for names in (READ_NAMES, WRITE_NAMES)
    )
    return {
        "provider_cache_read_tokens": unless_hit(first_of(*read, *others)),
        "provider_cache_write_tokens": unless_hit(first_of(*written)),
    }


def failure(information: str, *texts: str) -> dict[str, str]:
    """SQL of what failed, from the path of LiteLLM's information about an error."""
    message, error_class = f"$({information}.error_message)", f"$({information}.error_class)"
    return {
        "error": first_of(*texts, message, error_class, "'The call failed.'"),
        "error_class": error_class,
    }


NOTES = {
    "event_id": "absent where LiteLLM knew none",
    "user_id": "the end user that the call names, else the owner of the key. The owner goes before "
    "an end user named in the metadata of the request, into whose name coding assistants put a "
    "session",
    "session_id": "the id that the caller gave; absent where LiteLLM made one up for the call",
    "team": "the alias of the team, else its id",
    "model": "without the prefix of the provider, which LiteLLM writes on some calls only",
    "query": "the last message of the user that has text; the texts of its parts are joined. "
    f"Absent where it says {REDACTED}",
}
ANSWER_NOTES = {
    "cache_hit": "false where LiteLLM writes none, null or None: it then asked the model",
    "cache_key": "on hits only: on a miss LiteLLM writes none, or one that no entry has",
    "match_type": "none on a miss. LiteLLM does not say how a hit was matched",
    "prompt_tokens": "on a hit, those of the call whose answer was cached; so completion_tokens",
    "provider_cache_read_tokens": "by the names of each provider. Absent on a hit, where LiteLLM "
    "repeats the usage of the call whose answer was cached",
    "provider_cache_write_tokens": "likewise",
}
ANSWER = {
    "cache_hit": CACHE_HIT,
    "cache_key": f"CASE WHEN {IS_HIT} THEN nullif($(cache_key), '') END",
    "match_type": unless_hit("'none'"),
}
