"""Spans of OpenTelemetry: calls of language models, and all other operations.

Which attributes a call has depends on who instrumented it: OpenTelemetry's own conventions
(gen_ai.*, in their newer and older names), OpenLLMetry, OpenInference (llm.*, input.value) and
LiteLLM. Where more than one name is there, the first of those listed here counts.
"""

from analytics_pipeline.ingestion.formats.declaration import EventMapping
from analytics_pipeline.ingestion.formats.expressions import Restated
from analytics_pipeline.ingestion.formats.opentelemetry_messages import (
    last_numbered,
    last_question,
)

INFERENCE = "'chat', 'text_completion', 'generate_content', 'completion'"
ATTRIBUTES = "$(span.attributes)"
EXCEPTION = "span.events[#-1].attributes"
# On hits only, LiteLLM names the key of the cache entry there.
LITELLM_CACHE_KEY = '"cache_key": "([^"]+)"'


def attribute(name: str, signal: str = "span") -> str:
    """Placeholder of an attribute."""
    return f'$({signal}.attributes."{name}")'


def first_of(*texts: str) -> str:
    """SQL of the first text that is not empty."""
    return f"coalesce({', '.join(f'''nullif({text}, '')''' for text in texts)})"


def first_attribute(*names: str) -> str:
    """SQL of the first attribute that is not empty."""
    return first_of(*(attribute(name) for name in names))


def identifier(path: str, base64: str) -> Restated:
    """SQL of the hexadecimal id at a path; old writers gave it in base64, of which is a pattern."""
    text = f"$({path})"
    return Restated(
        f"nullif(CASE WHEN regexp_full_match({text}, '{base64}') "
        f"THEN lower(hex(from_base64({text}))) ELSE lower({text}) END, '')"
    )


TRACE_ID = identifier("span.traceId", "[A-Za-z0-9+/]{22}==")
SPAN_ID = identifier("span.spanId", "[A-Za-z0-9+/]{11}=")
PARENT_ID = identifier("span.parentSpanId", "[A-Za-z0-9+/]{11}=")
IS_SPAN = "coalesce($(span.spanId), $(span.traceId), $(span.name), $(span.startTimeUnixNano))"
DURATION = Restated(
    "((TRY_CAST(nullif($(span.endTimeUnixNano), '0') AS BIGINT)::HUGEINT "
    "- TRY_CAST($(span.startTimeUnixNano) AS BIGINT)) / 1e9)::VARCHAR"
)
FAILED = "$(span.status.code) IN ('2', 'STATUS_CODE_ERROR')"
ERROR = first_of(
    "$(span.status.message)", attribute("error.message"), f'$({EXCEPTION}."exception.message")'
)
ERROR_CLASS = first_of(attribute("error.type"), f'$({EXCEPTION}."exception.type")')

USER = (
    "enduser.id", "user.id", "gen_ai.user", "llm.user",
    "traceloop.association.properties.user_id", "metadata.user_api_key_end_user_id",
    "metadata.user_api_key_user_id",
)  # fmt: skip
WHO = {
    "user_id": Restated(first_attribute(*USER)),
    "session_id": Restated(
        first_attribute(
            "gen_ai.conversation.id", "session.id", "traceloop.association.properties.session_id"
        )
    ),
    "team": first_attribute("metadata.user_api_key_team_alias", "metadata.user_api_key_team_id"),
}

REQUEST_TYPE, SPAN_KIND = attribute("llm.request.type"), attribute("openinference.span.kind")
IS_CALL = (
    f"{IS_SPAN} IS NOT NULL AND CASE "
    f"WHEN {attribute('gen_ai.operation.name')} IS NOT NULL "
    f"THEN lower({attribute('gen_ai.operation.name')}) IN ({INFERENCE}) "
    f"WHEN {REQUEST_TYPE} IS NOT NULL THEN {REQUEST_TYPE} IN ({INFERENCE}) "
    f"WHEN {SPAN_KIND} IS NOT NULL THEN {SPAN_KIND} = 'LLM' "
    f"ELSE {attribute('gen_ai.request.model')} IS NOT NULL "
    f"AND coalesce({attribute('gen_ai.provider.name')}, {attribute('gen_ai.system')}) IS NOT NULL "
    "END"
)

CACHE_KEY = first_of(
    attribute("gen_ai.cache.key"),
    attribute("cache.key"),
    f"regexp_extract({attribute('hidden_params')}, {LITELLM_CACHE_KEY!r}, 1)",
)
CACHE_HIT = (
    first_attribute(
        "gen_ai.cache.hit", "litellm.cache_hit", "llm.cache_hit", "gen_ai.response.cached",
        "cache.hit", "cache_hit",
    ).removesuffix(")")
    + f", CASE WHEN regexp_matches({attribute('hidden_params')}, {LITELLM_CACHE_KEY!r}) "
    "THEN 'true' END, 'false')"
)  # fmt: skip


def unless_hit(text: str) -> str:
    """SQL of a text that only a call has which the cache did not answer."""
    return f"CASE WHEN lower({CACHE_HIT}) = 'true' THEN NULL ELSE {text} END"


INPUT = attribute("input.value")
EVENTS = "json_extract($(span.events), '$[*]')"
QUERY = first_of(
    last_question(attribute("gen_ai.input.messages")),
    last_question(attribute("gen_ai.prompt")),
    last_numbered(ATTRIBUTES, "gen_ai.prompt."),
    last_numbered(ATTRIBUTES, "llm.input_messages.", ".message"),
    f"CASE WHEN NOT starts_with({INPUT}, '{{') THEN {INPUT} END",
    "CASE WHEN contains($(span.events), 'gen_ai.user.message') THEN list_last(list_filter("
    f"list_transform({EVENTS}, lambda e: CASE WHEN e ->> '$.name' = 'gen_ai.user.message' "
    "THEN e ->> '$.attributes.content' END), lambda t: t <> '')) END",
)

CALL = {
    "event_id": Restated(f"({TRACE_ID} || '-' || {SPAN_ID})"),
    "timestamp": "$(span.startTimeUnixNano)",
    **WHO,
    "query": QUERY,
    "response_time": DURATION,
    "model": first_attribute(
        "gen_ai.response.model", "gen_ai.request.model", "llm.response.model_name",
        "llm.model_name",
    ),
    "prompt_tokens": Restated(
        first_attribute(
            "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt",
            "llm.usage.prompt_tokens",
        )
    ),
    "completion_tokens": Restated(
        first_attribute(
            "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens",
            "llm.token_count.completion", "llm.usage.completion_tokens",
        )
    ),
    "cost": Restated(
        first_attribute(
            "litellm.cost.total", "gen_ai.cost.total_cost", "gen_ai.usage.cost", "llm.cost.total"
        )
    ),
}  # fmt: skip
ID_NOTE = "in lower-case hexadecimal; base64, in which old writers gave it, is converted"
CALL_NOTES = {
    "event_id": "the ids of trace and span, joined by a hyphen",
    "response_time": "from start to end of the span",
    "query": "the last message of a user, where messages are captured: in gen_ai.input.messages, "
    "gen_ai.prompt, numbered attributes, the text input.value, or gen_ai.user.message events",
    "model": "the model that answered, else the one asked",
}

FAILED_CALL = EventMapping(
    "failed_query",
    {**CALL, "error": first_of(ERROR, ERROR_CLASS, "'The call failed.'"),
     "error_class": ERROR_CLASS},
    when=f"{IS_CALL} AND ({FAILED} OR {attribute('error.type')} IS NOT NULL)",
    notes=CALL_NOTES
    | {"error": "the message of the status, else of the error or exception, else its type"},
    records="calls of a model that failed",
)  # fmt: skip

ANSWERED_CALL = EventMapping(
    "cache_query",
    {
        **CALL,
        "cache_hit": CACHE_HIT,
        "cache_key": CACHE_KEY,
        "match_type": unless_hit("'none'"),
        "cost_saved": attribute("litellm.saved_cache_cost"),
        "provider_cache_read_tokens": unless_hit(
            first_attribute(
                "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
                "llm.token_count.prompt_details.cache_read",
            )
        ),
        "provider_cache_write_tokens": unless_hit(
            first_attribute(
                "gen_ai.usage.cache_creation.input_tokens",
                "gen_ai.usage.cache_creation_input_tokens",
                "llm.token_count.prompt_details.cache_write",
            )
        ),
    },
    when=IS_CALL,
    notes=CALL_NOTES
    | {
        "cache_hit": "what a gateway or cache says. A call without such an attribute reached the "
        "model, so it is false. LiteLLM before 1.110 does not say: there a cache key in "
        "hidden_params tells a hit",
        "cache_key": "that of LiteLLM, which it names on hits only, is found in hidden_params",
        "match_type": "none on a miss; no convention says how a hit was matched",
        "prompt_tokens": "on a hit of LiteLLM, those of the call whose answer was cached; so "
        "completion_tokens",
        "provider_cache_read_tokens": "absent on a hit, where no provider was asked",
        "provider_cache_write_tokens": "likewise",
    },
    records="calls of a model that were answered",
)  # fmt: skip

OTHER_SPAN = EventMapping(
    "span",
    {
        "event_id": CALL["event_id"],
        "timestamp": CALL["timestamp"],
        **WHO,
        "operation": "$(span.name)",
        "duration": DURATION,
        "status": Restated(
            f"CASE WHEN {FAILED} THEN 'error' "
            "WHEN $(span.status.code) IN ('1', 'STATUS_CODE_OK') THEN 'ok' "
            "WHEN coalesce($(span.status.code), '0') IN ('0', 'STATUS_CODE_UNSET') THEN 'unset' "
            "ELSE $(span.status.code) END"
        ),
        "error": f"CASE WHEN {FAILED} THEN {first_of(ERROR, ERROR_CLASS)} END",
        "service": '$(resource.attributes."service.name")',
        "span_kind": Restated(
            "CASE $(span.kind) WHEN '1' THEN 'internal' WHEN '2' THEN 'server' "
            "WHEN '3' THEN 'client' WHEN '4' THEN 'producer' WHEN '5' THEN 'consumer' "
            "WHEN '0' THEN NULL ELSE replace($(span.kind), 'SPAN_KIND_', '') END"
        ),
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "parent_span_id": PARENT_ID,
    },
    when=f"{IS_SPAN} IS NOT NULL",
    notes={
        "event_id": CALL_NOTES["event_id"],
        "duration": "from start to end; absent where the span has no end",
        "status": "error, ok or unset",
        "error": "where the status is error: its message, else that of the error or exception, "
        "else its type",
        "span_kind": "internal, server, client, producer or consumer",
        "trace_id": ID_NOTE,
        "span_id": ID_NOTE,
        "parent_span_id": ID_NOTE,
    },
    records="all other spans",
)
