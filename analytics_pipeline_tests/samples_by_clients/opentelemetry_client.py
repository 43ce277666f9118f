"""Lets OpenTelemetry's SDK, collector and LLM instrumentations write their samples.

From the root of the repository, in virtual environments of their own (samples/formats/
opentelemetry/README.md names the packages and versions):
``python -m analytics_pipeline_tests.samples_by_clients.opentelemetry_client WRITER FOLDER``,
where WRITER is a key of ``WRITERS``. No provider is asked: ``provider_server`` answers.
"""

import contextlib
import json
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from analytics_pipeline_tests.samples_by_clients.provider_server import running_providers

QUESTION = "What does yield do in Python?"
SYSTEM = {"role": "system", "content": "Answer in one sentence."}
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}},
}


def resource_of(service: str) -> Any:
    from opentelemetry.sdk.resources import Resource

    return Resource.create(
        {"service.name": service, "service.version": "1.4.0", "host.name": "web-1"}
    )


def traced_to(path: Path, service: str) -> Any:
    """A tracer provider that writes to a file."""
    from opentelemetry.exporter.otlp.json.file import FileSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=resource_of(service))
    provider.add_span_processor(BatchSpanProcessor(FileSpanExporter(str(path))))
    return provider


def measured_to(path: Path, service: str) -> Any:
    """A meter provider that writes to a file when it is shut down."""
    from opentelemetry.exporter.otlp.json.file import FileMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    reader = PeriodicExportingMetricReader(
        FileMetricExporter(str(path)), export_interval_millis=3_600_000
    )
    return MeterProvider(metric_readers=[reader], resource=resource_of(service))


def logged_to(path: Path, service: str) -> Any:
    """A logger provider that writes to a file."""
    from opentelemetry.exporter.otlp.json.file._log_exporter import FileLogExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    provider = LoggerProvider(resource=resource_of(service))
    provider.add_log_record_processor(BatchLogRecordProcessor(FileLogExporter(str(path))))
    return provider


def ask(tracer: Any) -> None:
    """Chats, a stream, an embedding, a refused and an unreachable call, below one span."""
    from openai import OpenAI

    with running_providers() as server:
        client = OpenAI(base_url=f"{server.url}/v1", api_key="sk-sample", max_retries=0)
        limited = OpenAI(base_url=f"{server.url}/limited/v1", api_key="sk-sample", max_retries=0)
        absent = OpenAI(base_url="http://127.0.0.1:9/v1", api_key="sk-sample", max_retries=0)
        question = [SYSTEM, {"role": "user", "content": QUESTION}]
        with tracer.start_as_current_span("answer", attributes={"user.id": "ada"}):
            client.chat.completions.create(
                model="gpt-4o-mini", messages=question, user="ada", temperature=0.2, max_tokens=50
            )
            client.chat.completions.create(
                model="gpt-4o",
                messages=[{"role": "user", "content": "Weather?"}],
                tools=[WEATHER],
            )
            client.embeddings.create(model="text-embedding-3-small", input=QUESTION)
            for failing in (limited, absent):
                with contextlib.suppress(Exception):
                    failing.chat.completions.create(model="gpt-4o-mini", messages=question)


def with_openai_v2(folder: Path) -> None:
    """OpenTelemetry's own instrumentation: spans, metrics, and messages as log events."""
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "event_only"
    os.environ["OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT"] = "true"
    traces = traced_to(folder / "openai_v2_traces.jsonl", "assistant")
    metrics = measured_to(folder / "openai_v2_metrics.jsonl", "assistant")
    logs = logged_to(folder / "openai_v2_logs.jsonl", "assistant")
    OpenAIInstrumentor().instrument(
        tracer_provider=traces, meter_provider=metrics, logger_provider=logs
    )
    ask(traces.get_tracer("sample.assistant"))
    for provider in (traces, metrics, logs):
        provider.shutdown()


def with_openai_v2_latest(folder: Path) -> None:
    """The same with the newest conventions: messages in the attributes of the span."""
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "span_only"
    traces = traced_to(folder / "openai_v2_latest_traces.jsonl", "assistant")
    OpenAIInstrumentor().instrument(tracer_provider=traces)
    ask(traces.get_tracer("sample.assistant"))
    traces.shutdown()


def with_openllmetry(folder: Path) -> None:
    """Traceloop's instrumentation."""
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    traces = traced_to(folder / "openllmetry_traces.jsonl", "assistant")
    OpenAIInstrumentor().instrument(tracer_provider=traces)
    ask(traces.get_tracer("sample.assistant"))
    traces.shutdown()


def with_openinference(folder: Path) -> None:
    """Arize's instrumentation, with the user and the session in its context."""
    from openinference.instrumentation import using_attributes
    from openinference.instrumentation.openai import OpenAIInstrumentor

    traces = traced_to(folder / "openinference_traces.jsonl", "assistant")
    OpenAIInstrumentor().instrument(tracer_provider=traces)
    with using_attributes(session_id="review-7", user_id="ada"):
        ask(traces.get_tracer("sample.assistant"))
    traces.shutdown()


def of_a_service(folder: Path) -> None:
    """A service without LLM: HTTP and database spans, metrics, logs."""
    import requests
    from opentelemetry.instrumentation.logging.handler import LoggingHandler
    from opentelemetry.instrumentation.requests import RequestsInstrumentor
    from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
    from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor
    from opentelemetry.trace import SpanKind

    traces = traced_to(folder / "service_traces.jsonl", "orders")
    metrics = measured_to(folder / "service_metrics.jsonl", "orders")
    logs = logged_to(folder / "service_logs.jsonl", "orders")
    RequestsInstrumentor().instrument(tracer_provider=traces, meter_provider=metrics)
    SQLite3Instrumentor().instrument(tracer_provider=traces)
    SystemMetricsInstrumentor().instrument(meter_provider=metrics)
    logger = logging.getLogger("orders.checkout")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(LoggingHandler(logger_provider=logs))
    tracer = traces.get_tracer("orders")
    meter = metrics.get_meter("orders", "2.1")
    placed = meter.create_counter("orders.placed", unit="{order}")
    total = meter.create_histogram("orders.total", unit="EUR")
    depth = meter.create_gauge("orders.queue.depth")

    with running_providers() as server, tracer.start_as_current_span("POST /orders") as span:
        span.set_attributes({"tags": ["new", "eu"], "retry": False, "discount": 0.25, "lines": 3})
        requests.post(f"{server.url}/stock", json={"item": 7}, timeout=10)
        connection = sqlite3.connect(":memory:")
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE orders (item INTEGER)")
        cursor.execute("INSERT INTO orders VALUES (?)", (7,))
        with tracer.start_as_current_span("publish", kind=SpanKind.PRODUCER) as child:
            child.add_event("queued", {"position": 4})
        logger.debug("stock is reserved")
        logger.info("order %d is placed", 7, extra={"item": 7})
        logger.warning("stock is low: „7“ – нужно заказать")
        with contextlib.suppress(ValueError):
            charge(tracer)
        try:
            {}["voucher"]
        except KeyError:
            logger.exception("no such voucher")
        for amount in (12.5, 99.0, 7.25):
            placed.add(1, {"country": "de"})
            total.record(amount)
        depth.set(4)
    for provider in (traces, metrics, logs):
        provider.shutdown()


def charge(tracer: Any) -> None:
    """A span that ends in an exception."""
    with tracer.start_as_current_span("charge"):
        raise ValueError("the card was refused")


def with_litellm(folder: Path) -> None:
    """LiteLLM's own spans, with its local response cache: a miss and two hits, and a failure."""
    import litellm
    from litellm.integrations.opentelemetry import OpenTelemetry, OpenTelemetryConfig
    from opentelemetry.exporter.otlp.json.file import FileSpanExporter

    version = litellm_version().replace(".", "_")
    exporter = FileSpanExporter(str(folder / f"litellm_{version}_traces.jsonl"))
    litellm.callbacks = [OpenTelemetry(config=OpenTelemetryConfig(exporter=exporter))]
    litellm.cache = litellm.Cache(type="local")
    call = {"model": "openai/gpt-4o-mini", "api_key": "sk-sample", "caching": True, "user": "ada"}
    question = [SYSTEM, {"role": "user", "content": QUESTION}]
    with running_providers() as server:
        for _ in range(3):
            litellm.completion(messages=question, api_base=f"{server.url}/v1", **call)
            time.sleep(1)
        with contextlib.suppress(Exception):
            litellm.completion(
                messages=[{"role": "user", "content": "Once more?"}],
                api_base=f"{server.url}/limited/v1",
                num_retries=0,
                **call,
            )
        time.sleep(2)
    exporter.shutdown()


APPLICATION_LOG = """\
2026-11-24T09:00:00.120Z INFO orders: order 7 is placed
2026-11-24T09:00:01.450Z ERROR orders: the card was refused: "code 51"
a line without a time
"""
COLLECTOR = """\
receivers:
  filelog:
    include: ["{folder}/application.log"]
    start_at: beginning
    resource: {{service.name: orders, host.name: web-1}}
    operators:
      - type: regex_parser
        regex: '^(?P<time>[0-9T:.-]+Z) (?P<level>[A-Z]+) (?P<component>[a-z]+): (?P<text>.*)$'
        on_error: send_quiet
        timestamp: {{parse_from: attributes.time, layout: '%Y-%m-%dT%H:%M:%S.%LZ'}}
        severity: {{parse_from: attributes.level}}
exporters:
  otlphttp: {{endpoint: "{url}", encoding: json, compression: none}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    logs: {{receivers: [filelog], exporters: [otlphttp]}}
"""


def of_the_collector(folder: Path) -> None:
    """Logs that the collector reads from a file and writes as JSON; OTELCOL names its binary."""
    with running_providers() as server, tempfile.TemporaryDirectory() as name:
        temporary = Path(name)
        temporary.chmod(0o755)
        (temporary / "application.log").write_text(APPLICATION_LOG)
        configuration = temporary / "collector.yaml"
        configuration.write_text(COLLECTOR.format(folder=temporary, url=server.url))
        collector = subprocess.Popen([os.environ["OTELCOL"], "--config", str(configuration)])
        deadline = time.monotonic() + 30
        while not server.uploads and time.monotonic() < deadline:
            time.sleep(0.1)
        collector.terminate()
        collector.wait()
        lines = [body.decode() + "\n" for _, _, body in server.uploads]
    text = "".join(lines).replace(name, "/var/log")
    (folder / "collector_logs.jsonl").write_text(text, encoding="utf-8")


def litellm_version() -> str:
    from importlib.metadata import version

    return version("litellm")


WRITERS: Mapping[str, Callable[[Path], None]] = {
    "openai_v2": with_openai_v2,
    "openai_v2_latest": with_openai_v2_latest,
    "openllmetry": with_openllmetry,
    "openinference": with_openinference,
    "service": of_a_service,
    "litellm": with_litellm,
    "collector": of_the_collector,
}


def without_the_machine(folder: Path) -> None:
    """Replace what the spans and logs tell of this machine: folders of the environment."""
    replaced = {sys.prefix: "$VENV", sys.base_prefix: "$PYTHON", str(Path.cwd()): "$PROJECT"}
    for path in sorted(folder.glob("*.jsonl")):
        text = path.read_text(encoding="utf-8")
        for found, name in replaced.items():
            text = text.replace(json.dumps(found)[1:-1], name)
        path.write_text(text, encoding="utf-8")


def main() -> None:
    """Write the samples of one writer."""
    writer, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    WRITERS[writer](folder)
    without_the_machine(folder)


if __name__ == "__main__":
    main()
