"""A local server that answers as LLM providers do, each in its own words for cached prompt tokens.

It also takes in what clients upload (an S3 bucket, an HTTP log sink), so that a client can run
whole on one machine.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

ANSWER = "A generator computes each value when it is asked for."


@dataclass
class ProviderServer:
    """Where the server is, and what was uploaded to it: (method, path, body)."""

    url: str
    uploads: list[tuple[str, str, bytes]] = field(default_factory=list)


@contextmanager
def running_providers() -> Iterator[ProviderServer]:
    """Run the server on a free port of this machine."""
    state = ProviderServer("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer("POST")

        def do_PUT(self) -> None:
            self._answer("PUT")

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            answer = provider_answer(self.path, body)
            if answer is None:
                state.uploads.append((method, self.path, body))
                answer = {}
            status = 429 if "error" in answer else 200
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the console quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()


def provider_answer(path: str, text: bytes) -> Mapping[str, Any] | None:
    """What a provider answers on a path; None where no provider listens there."""
    route = path.partition("?")[0]
    body = json.loads(text or b"{}")
    for ending, answer in ANSWERS.items():
        if ending in route:
            return answer(route, body)
    return None


def _embeddings(route: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    vector = {"object": "embedding", "index": 0, "embedding": [0.1, -0.2, 0.3]}
    usage = {"prompt_tokens": 9, "total_tokens": 9}
    return {"object": "list", "data": [vector], "model": body["model"], "usage": usage}


def _rate_limited(route: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"error": {"message": "Rate limit reached.", "type": "requests", "code": "429"}}


def _chat(model: str, usage: Mapping[str, Any]) -> Mapping[str, Any]:
    message = {"role": "assistant", "content": ANSWER}
    return {
        "id": f"chatcmpl-{uuid4()}",
        "object": "chat.completion",
        "created": 1764028800,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage,
    }


def _openai(route: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    return _chat(
        body["model"],
        {
            "prompt_tokens": 2006,
            "completion_tokens": 120,
            "total_tokens": 2126,
            "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    )


def _openai_responses(route: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    content = [{"type": "output_text", "text": ANSWER, "annotations": []}]
    return {
        "id": f"resp_{uuid4().hex}",
        "object": "response",
        "created_at": 1764028800,
        "status": "completed",
        "model": "gpt-4o-2024-08-06",
        "output": [
            {
                "type": "message",
                "id": f"msg_{uuid4().hex}",
                "status": "completed",
                "role": "assistant",
                "content": content,
            }
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 1210,
            "input_tokens_details": {"cached_tokens": 1024},
            "output_tokens": 44,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 1254,
        },
    }


def _deepseek(route: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    return _chat(
        body["model"],
        {
            "prompt_tokens": 1500,
            "completion_tokens": 80,
            "total_tokens": 1580,
            "prompt_cache_hit_tokens": 1408,
            "prompt_cache_miss_tokens": 92,
        },
    )


def _anthropic(route: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "id": f"msg_{uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [{"type": "text", "text": ANSWER}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 21,
            "cache_creation_input_tokens": 188,
            "cache_read_input_tokens": 1700,
            "output_tokens": 93,
        },
    }


def _gemini(route: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"text": ANSWER}]},
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 3000,
            "candidatesTokenCount": 60,
            "totalTokenCount": 3060,
            "cachedContentTokenCount": 2800,
        },
        "modelVersion": "gemini-2.5-flash",
        "responseId": uuid4().hex,
    }


# The first that a route contains is what answers there.
ANSWERS: Mapping[str, Callable[[str, Mapping[str, Any]], Mapping[str, Any]]] = {
    "/limited/": _rate_limited,
    "/deepseek/": _deepseek,
    "/embeddings": _embeddings,
    "/messages": _anthropic,
    ":generateContent": _gemini,
    "/responses": _openai_responses,
    "/chat/completions": _openai,
}
