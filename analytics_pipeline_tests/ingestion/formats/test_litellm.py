"""LiteLLM's payload: each event against a reading of the same samples in plain Python."""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from analytics_pipeline.ingestion.formats.catalog import FORMATS as ALL_FORMATS
from analytics_pipeline.ingestion.formats.declaration import paths_of
from analytics_pipeline.ingestion.formats.litellm import LITELLM
from analytics_pipeline.ingestion.formats.litellm_spend_logs import LITELLM_SPEND_LOGS
from analytics_pipeline_tests.ingestion.formats.mapping import mapped
from analytics_pipeline_tests.ingestion.formats.reading_samples import (
    FORMATS,
    as_read,
    at,
    json_objects,
    present,
)

SAMPLES = FORMATS / "litellm"
NUMBERS = (
    "timestamp", "response_time", "prompt_tokens", "completion_tokens", "cost", "cost_saved",
    "provider_cache_read_tokens", "provider_cache_write_tokens",
)  # fmt: skip
# The samples call these people and keys, and come from this address.
PEOPLE = ("ada", "ada@example.com", "grace", "customer-12", "default_user_id", "127.0.0.1",
          "user_1f_account_2e_session_3d", "key of ada", "key of Search")  # fmt: skip


def payloads() -> list[dict[str, Any]]:
    """All payloads among the samples."""
    files = [SAMPLES / "sdk.jsonl", SAMPLES / "proxy.jsonl", SAMPLES / "generic_api.json"]
    return [each for path in [*files, *SAMPLES.glob("s3/*.json")] for each in json_objects(path)]


def text_of(message: Any) -> str:
    """The text of a message of a user; empty for any other."""
    if isinstance(message, str):
        return message
    if message["role"] != "user":
        return ""
    content = message["content"]
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if "text" in part)
    return str(content or "")


def question(messages: Any) -> str | None:
    """What was asked."""
    if isinstance(messages, str):
        return messages
    texts = [text_of(each) for each in messages or [] if text_of(each)]
    return texts[-1] if texts and texts[-1] != "redacted-by-litellm" else None


def is_random_uuid(text: str) -> bool:
    """Whether a text is the usual notation of a random UUID."""
    try:
        return str(uuid.UUID(text)) == text and uuid.UUID(text).version == 4
    except ValueError:
        return False


def without_provider(model: str, provider: str | None) -> str | None:
    """A model's name without the provider's before it."""
    return (model.removeprefix(f"{provider}/") if provider else model) or None


def provider_cache(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The tokens of the provider's cache; each provider names them in its own way."""
    details = usage.get("prompt_tokens_details") or {}
    read = [details.get("cached_tokens"), usage.get("cache_read_input_tokens"),
            usage.get("prompt_cache_hit_tokens")]  # fmt: skip
    written = [details.get("cache_write_tokens"), usage.get("cache_creation_input_tokens")]
    return {
        "provider_cache_read_tokens": next((n for n in read if n is not None), None),
        "provider_cache_write_tokens": next((n for n in written if n is not None), None),
    }


def expected(payload: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The event type and the fields of a payload."""
    metadata = payload["metadata"]
    named = payload["end_user"] or payload["model_parameters"].get("user")
    owner = metadata["user_api_key_user_id"]
    request = metadata.get("requester_metadata") or {}
    by_owner = "user_id" in request
    trace = None if is_random_uuid(payload["trace_id"]) else payload["trace_id"]
    call = {
        "event_id": payload["id"],
        "timestamp": pytest.approx(payload["startTime"], abs=1e-6),
        "user_id": (owner or named) if by_owner else (named or owner),
        "session_id": payload["session_id"] or request.get("session_id") or trace,
        "team": metadata["user_api_key_team_alias"],
        "model": without_provider(payload["model"], payload["custom_llm_provider"]),
        "prompt_tokens": payload["prompt_tokens"],
        "completion_tokens": payload["completion_tokens"],
        "cost": payload["response_cost"],
        "response_time": payload["response_time"],
        "query": question(payload["messages"]),
    }
    if payload["status"] == "failure":
        error_class = payload["error_information"]["error_class"]
        return "failed_query", present(
            {**call, "error": payload["error_str"], "error_class": error_class}
        )
    if payload["cache_hit"] is True:
        answer = {"cache_hit": "true", "cache_key": payload["cache_key"]}
    else:
        answer = {"cache_hit": "false", "match_type": "none"}
        answer |= provider_cache(metadata["usage_object"] or {})
    return "cache_query", present(
        {**call, **answer, "cost_saved": payload["saved_cache_cost"] or None}
    )


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a record with its path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def test_each_payload_is_the_event_that_it_says() -> None:
    read = payloads()
    found = mapped(LITELLM, [json.dumps(each) for each in read])
    assert len(found) == len(read) > 30
    for each, payload in zip(found, read, strict=True):
        assert (each.event_type, as_read(each.fields, NUMBERS)) == expected(payload)


def test_a_cached_answer_repeats_the_tokens_and_costs_nothing() -> None:
    read = [each for each in payloads() if question(each["messages"]) == "How do I undo a commit?"]
    miss, hit = (each.fields for each in mapped(LITELLM, [json.dumps(each) for each in read]))
    assert (miss["cache_hit"], hit["cache_hit"]) == ("false", "true")
    for name in ("prompt_tokens", "completion_tokens", "model", "user_id", "team", "query"):
        assert hit[name] == miss[name]
    assert float(miss["cost"]) > 0
    assert float(hit["cost"]) == 0
    assert hit["event_id"] != miss["event_id"]


@pytest.mark.parametrize(
    ("model", "read", "written"),
    [
        ("gpt-4o", "1920", None),
        ("claude-sonnet-4-5-20250929", "1700", "188"),
        ("gemini-2.5-flash", "2800", None),
        ("deepseek-chat", "1408", None),
    ],
)
def test_reads_of_a_providers_cache_are_no_hits(model: str, read: str, written: str | None) -> None:
    lines = (SAMPLES / "sdk.jsonl").read_text().splitlines()
    of_model = [each for each in mapped(LITELLM, lines) if each.fields.get("model") == model]
    answered = [each.fields for each in of_model if each.event_type == "cache_query"]
    asked = [each for each in answered if each["cache_hit"] == "false"]
    assert [(each.get("provider_cache_read_tokens"), each.get("provider_cache_write_tokens"))
            for each in asked] == [(read, written)]  # fmt: skip
    for hit in [each for each in answered if each["cache_hit"] == "true"]:
        assert not any(name.startswith("provider_cache") for name in hit)


def changed(**changes: Any) -> str:
    """A payload of the samples with other values."""
    return json.dumps({**next(json_objects(SAMPLES / "sdk.jsonl")), **changes})


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (None, "false"), (False, "false"), ("None", "false"), ("", "false"), ("False", "False"),
        (True, "true"), ("True", "True"), ("true", "true"), ("perhaps", "perhaps"),
    ],
)  # fmt: skip
def test_notations_of_cache_hit(written: Any, read: str) -> None:
    """What is neither a yes nor a no stays as it is, to be refused."""
    [found] = mapped(LITELLM, [changed(cache_hit=written, cache_key="k")])
    assert found.fields["cache_hit"] == read
    assert found.fields.get("cache_key") == ("k" if read.lower() == "true" else None)


@pytest.mark.parametrize(
    ("messages", "asked"),
    [
        ("a plain prompt", "a plain prompt"),
        ("[INST] not JSON", "[INST] not JSON"),
        ("{}", None),
        (None, None),
        ([], None),
        (["one", "two"], "two"),
        ([{"role": "system", "content": "s"}], None),
        ([{"role": "user", "content": "first"},
          {"role": "user", "content": [{"type": "tool_result", "content": "r"}]}], "first"),
        ([{"role": "user", "content": 'it\'s "$(id)"\n'}], 'it\'s "$(id)"\n'),
    ],
)  # fmt: skip
def test_the_question_is_the_last_text_of_the_user(messages: Any, asked: str | None) -> None:
    [found] = mapped(LITELLM, [changed(messages=messages)])
    assert found.fields.get("query") == asked


def test_a_session_that_looks_made_up_is_told_apart_by_litellm() -> None:
    lines = (SAMPLES / "sdk.jsonl").read_text().splitlines()
    [asked] = [e for e in mapped(LITELLM, lines) if e.fields.get("query") == "With a session"]
    assert asked.fields["session_id"] == "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    assert is_random_uuid(asked.fields["session_id"])


def test_calls_without_an_id_are_not_one_event() -> None:
    [found] = mapped(LITELLM, [changed(id="None")])
    assert "event_id" not in found.fields


def test_what_is_not_mapped_is_kept() -> None:
    [payload] = [json.loads(changed())]
    [found] = mapped(LITELLM, [json.dumps(payload)])
    kept = json.loads(found.unmapped or "")
    gone = set(payload) - set(kept)
    assert gone == {"id", "cache_hit", "startTime", "prompt_tokens", "completion_tokens",
                    "response_cost", "response_time"}  # fmt: skip
    assert all(kept[name] == payload[name] for name in kept)


def test_a_payload_is_of_no_other_format() -> None:
    formats = {each.name: each for each in (*ALL_FORMATS, LITELLM, LITELLM_SPEND_LOGS)}
    for payload in payloads():
        names = [n for n, each in formats.items() if each.recognizes and each.recognizes(payload)]
        assert names == ["litellm"]


def test_paths_that_name_a_person_are_declared() -> None:
    named = {path for each in payloads() for path, value in leaves(each) if value in PEOPLE}
    assert named <= set(LITELLM.personal)
    hashes = "metadata.user_api_key_hash"
    assert any(at(each, hashes) for each in payloads())
    assert set(LITELLM.personal) == named | {hashes}


def test_what_decides_on_the_user_are_names_of_persons_only() -> None:
    """They may be pseudonyms before the mapping sees them, and nothing else may become one."""
    for source in (LITELLM, LITELLM_SPEND_LOGS):
        for mapping in source.mappings:
            assert set(paths_of(mapping.fields["user_id"])) <= set(source.personal)
