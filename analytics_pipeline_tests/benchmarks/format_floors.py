"""The floor of each format: what a bare script needs to bring the mapped columns into Parquet.

Each is what one would write by hand for just this file: typed, by date, without what the mapping
does not take over, without line numbers, validation, quarantine, duplicates or raw events.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds

from analytics_pipeline_tests.benchmarks.floor import (
    bare_engine,
    flat_columns,
    typed_json,
    write_parquet,
)

ROWS_OF_A_BATCH = 50_000
DATED = "*, coalesce(timestamp, started_at)::DATE AS event_date"


def native_json(file: Path, form: str = "newline_delimited") -> str:
    return f"SELECT {DATED} FROM {typed_json(file, form=form)}"


def native_array(file: Path) -> str:
    # The array is one value to DuckDB, which therefore wants room for all of it.
    size = file.stat().st_size
    options = (f"maximum_object_size = {max(size, 16_777_216)}",)
    return f"SELECT {DATED} FROM {typed_json(file, *options, form='array')}"


def native_csv(file: Path) -> str:
    columns = ", ".join(f"'{path}': '{kind}'" for path, kind in flat_columns().items())
    return f"SELECT {DATED} FROM read_csv('{file}', header = true, columns = {{{columns}}})"


def native_parquet(file: Path) -> str:
    return f"SELECT {DATED} FROM read_parquet('{file}')"


def toon(file: Path) -> str:
    return f"""
        SELECT
            operation_id, operation_type, timestamp, context.user_id, context.session_id,
            context.team, context.language, context.framework, query.original AS query,
            duration_ms / 1000 AS response_time, ends_with(operation_type, '_hit') AS cache_hit,
            tokens.model, tokens.without_cache.prompt, tokens.without_cache.completion,
            tokens.costs.with_cache AS cost, tokens.costs.saved AS cost_saved,
            tokens.saved.total AS tokens_saved, cache_metadata.cache_key, error_message,
            timestamp::DATE AS event_date
        FROM read_json('{file}', format = 'newline_delimited', columns = {{
            operation_id: 'VARCHAR', operation_type: 'VARCHAR', timestamp: 'TIMESTAMP',
            duration_ms: 'DOUBLE', error_message: 'VARCHAR', query: 'STRUCT(original VARCHAR)',
            context: 'STRUCT(user_id VARCHAR, session_id VARCHAR, team VARCHAR, language VARCHAR,
                framework VARCHAR)',
            tokens: 'STRUCT(model VARCHAR, without_cache STRUCT(prompt BIGINT, completion BIGINT),
                saved STRUCT(total BIGINT), costs STRUCT(with_cache DOUBLE, saved DOUBLE))',
            cache_metadata: 'STRUCT(cache_key VARCHAR)'
        }})
    """


def litellm(file: Path) -> str:
    return f"""
        SELECT
            id, status, to_timestamp(startTime)::TIMESTAMP AS timestamp,
            coalesce(end_user, metadata.user_api_key_user_id) AS user_id, trace_id, model,
            coalesce(metadata.user_api_key_team_alias, metadata.user_api_key_team_id) AS team,
            custom_llm_provider, prompt_tokens, completion_tokens, response_cost, response_time,
            messages[-1].content AS query, coalesce(cache_hit, false) AS cache_hit, cache_key,
            saved_cache_cost, metadata.usage_object.prompt_tokens_details.cached_tokens,
            error_str, error_information.error_class,
            to_timestamp(startTime)::DATE AS event_date
        FROM read_json('{file}', format = 'newline_delimited', columns = {{
            id: 'VARCHAR', status: 'VARCHAR', startTime: 'DOUBLE', end_user: 'VARCHAR',
            trace_id: 'VARCHAR', model: 'VARCHAR', custom_llm_provider: 'VARCHAR',
            prompt_tokens: 'BIGINT', completion_tokens: 'BIGINT', response_cost: 'DOUBLE',
            response_time: 'DOUBLE', cache_hit: 'BOOLEAN', cache_key: 'VARCHAR',
            saved_cache_cost: 'DOUBLE', error_str: 'VARCHAR',
            error_information: 'STRUCT(error_class VARCHAR)',
            messages: 'STRUCT(role VARCHAR, content VARCHAR)[]',
            metadata: 'STRUCT(user_api_key_user_id VARCHAR, user_api_key_team_alias VARCHAR,
                user_api_key_team_id VARCHAR,
                usage_object STRUCT(prompt_tokens_details STRUCT(cached_tokens BIGINT)))'
        }})
    """


def litellm_spend_logs(file: Path) -> str:
    return f"""
        SELECT
            request_id, status, startTime AS timestamp, coalesce(end_user, "user") AS user_id,
            session_id, model, custom_llm_provider, prompt_tokens, completion_tokens, spend,
            date_diff('millisecond', startTime, completionStartTime) / 1000 AS response_time,
            coalesce(metadata.user_api_key_team_alias, team_id) AS team, cache_hit, cache_key,
            metadata.usage_object.prompt_tokens_details.cached_tokens,
            metadata.error_information.error_class, metadata.error_information.error_message,
            proxy_server_request.messages[-1].content AS query, startTime::DATE AS event_date
        FROM read_json('{file}', format = 'newline_delimited', columns = {{
            request_id: 'VARCHAR', status: 'VARCHAR', startTime: 'TIMESTAMP',
            completionStartTime: 'TIMESTAMP', end_user: 'VARCHAR', user: 'VARCHAR',
            session_id: 'VARCHAR', model: 'VARCHAR', custom_llm_provider: 'VARCHAR',
            prompt_tokens: 'BIGINT', completion_tokens: 'BIGINT', spend: 'DOUBLE',
            team_id: 'VARCHAR', cache_hit: 'VARCHAR', cache_key: 'VARCHAR',
            metadata: 'STRUCT(user_api_key_team_alias VARCHAR,
                usage_object STRUCT(prompt_tokens_details STRUCT(cached_tokens BIGINT)),
                error_information STRUCT(error_class VARCHAR, error_message VARCHAR))',
            proxy_server_request: 'STRUCT(messages STRUCT(role VARCHAR, content VARCHAR)[])'
        }})
    """


def opentelemetry(file: Path) -> str:
    attributes = "STRUCT(key VARCHAR, value STRUCT(stringValue VARCHAR, intValue VARCHAR))[]"
    return f"""
        WITH scope AS (
            SELECT r.resource AS resource, unnest(r.scopeSpans) AS scope
            FROM (
                SELECT unnest(resourceSpans) AS r
                FROM read_json('{file}', format = 'newline_delimited', columns = {{
                    resourceSpans: 'STRUCT(resource STRUCT(attributes {attributes}),
                        scopeSpans STRUCT(spans STRUCT(
                            traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, name VARCHAR,
                            kind INTEGER, startTimeUnixNano BIGINT, endTimeUnixNano BIGINT,
                            status STRUCT(code INTEGER, message VARCHAR),
                            attributes {attributes})[])[])[]'
                }})
            )
        ),
        span AS (SELECT resource, unnest(scope.spans) AS span FROM scope),
        mapped AS (
            SELECT resource, span, map_from_entries(list_transform(span.attributes,
                lambda a: (a.key, coalesce(a.value.stringValue, a.value.intValue)))) AS found
            FROM span
        )
        SELECT
            span.traceId || '-' || span.spanId AS event_id, span.parentSpanId, span.name, span.kind,
            make_timestamp_ns(span.startTimeUnixNano)::TIMESTAMP AS timestamp,
            (span.endTimeUnixNano - span.startTimeUnixNano) / 1e9 AS duration, span.status.code,
            span.status.message, found['user.id'] AS user_id, found['session.id'] AS session_id,
            coalesce(found['gen_ai.response.model'], found['gen_ai.request.model']) AS model,
            found['gen_ai.usage.input_tokens']::BIGINT AS prompt_tokens,
            found['gen_ai.usage.output_tokens']::BIGINT AS completion_tokens,
            found['gen_ai.input.messages'] AS query, found['error.type'] AS error_class,
            list_filter(resource.attributes, lambda a: a.key = 'service.name')[1].value.stringValue
                AS service,
            timestamp::DATE AS event_date
        FROM mapped
    """


def github(file: Path) -> str:
    return f"""
        SELECT
            run.url, run.run_attempt, coalesce(run.conclusion, run.status) AS status, run.name,
            regexp_extract(run.url, '/repos/([^/]+/[^/]+)/', 1) AS repository, run.head_sha,
            run.run_started_at AS timestamp, run.updated_at AS finished_at,
            run.run_started_at::DATE AS event_date
        FROM (
            SELECT unnest(workflow_runs) AS run
            FROM read_json('{file}', format = 'newline_delimited', columns = {{
                workflow_runs: 'STRUCT(url VARCHAR, run_attempt INTEGER, conclusion VARCHAR,
                    status VARCHAR, name VARCHAR, head_sha VARCHAR, run_started_at TIMESTAMP,
                    updated_at TIMESTAMP)[]'
            }})
        )
    """


def access_log(file: Path) -> str:
    pattern = r'^(\S+) \S+ (\S+) \[([^\]]+)\] "([^"]*)" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"'
    names = ["client", "user", "time", "request", "status", "size", "referrer", "agent"]
    return _extracted(
        file, pattern, names, "strptime(f.time, '%d/%b/%Y:%H:%M:%S %z')::TIMESTAMP",
        "f.user AS user_id, f.request, f.status::INTEGER AS status, f.client, f.size, f.referrer, "
        "f.agent",
    )  # fmt: skip


def python_logging(file: Path) -> str:
    pattern = r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d+) - (\S+) - ([A-Z]+) - (.*)"
    names = ["time", "milliseconds", "component", "level", "message"]
    return _extracted(
        file, pattern, names, "(f.time || '.' || f.milliseconds)::TIMESTAMP",
        "f.component, f.level, f.message",
    )  # fmt: skip


def syslog(file: Path) -> str:
    pattern = r"^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (\S+) ([^\s:\[]+)(?:\[(\d+)\])?: ?(.*)"
    names = ["time", "host", "component", "process", "message"]
    return _extracted(
        file, pattern, names, "strptime('2026 ' || f.time, '%Y %b %d %H:%M:%S')",
        "f.host, f.component, f.process, f.message",
    )  # fmt: skip


def _extracted(file: Path, pattern: str, names: list[str], time: str, columns: str) -> str:
    """The columns of the lines of a log that match a pattern; other lines are lost."""
    return f"""
        SELECT {columns}, {time} AS timestamp, timestamp::DATE AS event_date
        FROM (
            SELECT regexp_extract(line, '{pattern}', {names}) AS f
            FROM read_csv('{file}', header = false, columns = {{line: 'VARCHAR'}},
                delim = E'\\x01', quote = '', escape = '')
        )
        WHERE f.time <> ''
    """


QUERIES = {
    "json_array": native_array,
    "csv": native_csv,
    "parquet": native_parquet,
    "gzip": native_json,
    "zstd": native_json,
    "toon": toon,
    "litellm": litellm,
    "litellm_spend_logs": litellm_spend_logs,
    "opentelemetry": opentelemetry,
    "github": github,
    "access_log": access_log,
    "python_logging": python_logging,
    "syslog": syslog,
}


def bare(name: str, file: Path, destination: Path, threads: int) -> None:
    """Bring the mapped columns of a file into Parquet."""
    if name == "behavioral":
        _behavioral(file, destination)
        return
    with bare_engine(threads) as connection:
        write_parquet(connection, QUERIES[name](file), destination)


def _behavioral(file: Path, destination: Path) -> None:
    """Python's own sqlite3 and Arrow, since DuckDB reads SQLite only with an extension."""
    schema = pa.schema([
        ("timestamp", pa.timestamp("us")), ("user_id", pa.string()), ("session_id", pa.string()),
        ("query", pa.string()), ("context", pa.string()), ("cache_hit", pa.bool_()),
        ("response_time", pa.float64()), ("event_date", pa.date32()),
    ])  # fmt: skip

    def batches(connection: sqlite3.Connection) -> Iterator[pa.RecordBatch]:
        rows = connection.execute(
            "SELECT timestamp, user_id, session_id, query_text, context, cache_hit, response_time "
            "FROM query_sequences ORDER BY id"
        )
        while read := rows.fetchmany(ROWS_OF_A_BATCH):
            times, *columns = zip(*read, strict=True)
            moments = pa.array([int(time * 1e6) for time in times], pa.timestamp("us"))
            texts = [pa.array(column) for column in columns]
            texts[4] = texts[4].cast(pa.bool_())
            arrays = [moments, *texts, moments.cast(pa.date32())]
            yield pa.record_batch(arrays, schema=schema)

    shutil.rmtree(destination, ignore_errors=True)
    # Arrow asks for the batches from threads of its own, one after another.
    connection = sqlite3.connect(file, check_same_thread=False)
    try:
        reader = pa.RecordBatchReader.from_batches(schema, batches(connection))
        ds.write_dataset(
            reader, destination, format="parquet", partitioning=["event_date"],
            partitioning_flavor="hive",
        )  # fmt: skip
    finally:
        connection.close()
