"""Whatever is wrong in the folder of SQL, the message names the file, the line and the mend."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.errors import ProjectError
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES

DAY = date(2026, 3, 1)
CACHE = "models/marts/daily_cache_metrics.sql"
MARTS = "models/marts/marts.yml"
STAGING = "models/staging/staging.yml"


def change(file: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))

    return apply


def write(file: str, text: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(text)

    return apply


def remove(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).unlink()


READING = {
    "unknown ref": (
        change(CACHE, "ref('stg_cache_queries')", "ref('stg_cache_querys')"),
        f"{CACHE}:11: unknown model 'stg_cache_querys'; did you mean 'stg_cache_queries'?",
    ),
    "unknown source table": (
        change(CACHE, "'event_dates'", "'event_date'"),
        f"{CACHE}:5: unknown source table 'event_date'; did you mean 'event_dates'?",
    ),
    "unknown source": (
        change(CACHE, "source('lake'", "source('raw'"),
        f"{CACHE}:5: unknown source 'raw'; the only source is 'lake'.",
    ),
    "cycle": (
        change(
            "models/staging/stg_log_entries.sql",
            "source('lake', 'validated_events')",
            "ref('daily_system_metrics')",
        ),
        "models/staging/stg_log_entries.sql:5: the models are made from each other: "
        "daily_system_metrics -> stg_log_entries -> daily_system_metrics.",
    ),
    "model of itself": (
        change(CACHE, "ref('stg_cache_queries')", "ref('daily_cache_metrics')"),
        f"{CACHE}:11: the models are made from each other: "
        "daily_cache_metrics -> daily_cache_metrics.",
    ),
    "name twice": (
        write("models/staging/daily_cache_metrics.sql", "select 1"),
        "models/staging/daily_cache_metrics.sql: the name 'daily_cache_metrics' is taken by "
        f"dbt_like_sql/{CACHE}; rename the file.",
    ),
    "name of a source": (
        write("models/marts/validated_events.sql", "select 1"),
        "models/marts/validated_events.sql: the name 'validated_events' is taken by a table that "
        "models read; rename the file.",
    ),
    "unknown function": (
        change(CACHE, "{{ ref(", "{{ reff("),
        f"{CACHE}:11: 'reff' is undefined; did you mean 'ref'?",
    ),
    "wrong number of arguments": (
        change(CACHE, "ref('stg_cache_queries')", "ref()"),
        f"{CACHE}:11: ref() missing 1 required positional argument: 'name'",
    ),
    "Jinja syntax": (
        change(CACHE, "{{ ref('stg_cache_queries') }}", "{{ ref('stg_cache_queries') "),
        f"{CACHE}:",
    ),
    "out of the sandbox": (
        change(CACHE, "ref('stg_cache_queries')", "''.__class__.__mro__"),
        f"{CACHE}:11: ",
    ),
    "unknown materialization in SQL": (
        change(CACHE, "with\n", "{{ config(materialized='table') }}\nwith\n"),
        f"{CACHE}:1: config(): materialized: Input should be 'view', 'ephemeral' or 'incremental'.",
    ),
    "unknown materialization of a folder": (
        change("dbt_project.yml", "+materialized: incremental", "+materialized: incrementl"),
        "dbt_project.yml:",
    ),
    "mart that no YAML describes": (
        write("models/marts/daily_builds.sql", "select 1"),
        "models/marts/daily_builds.sql: the model has no entry in a YAML file; describe it and its "
        "columns, with data_type, in dbt_like_sql/models/marts/*.yml.",
    ),
    "YAML of no model": (
        change(MARTS, "- name: daily_cache_metrics", "- name: daily_cache_metric"),
        f"{MARTS}:4: there is no file daily_cache_metric.sql; did you mean 'daily_cache_metrics'?",
    ),
    "model described twice": (
        change(STAGING, "- name: stg_log_entries", "- name: stg_cache_queries"),
        f"{STAGING}:18: 'stg_cache_queries' is described at dbt_like_sql/{STAGING}:4 already.",
    ),
    "not YAML": (
        change(MARTS, "models:", "models: ["),
        f"{MARTS}:",
    ),
    "key twice": (
        change(MARTS, "version: 2", "version: 2\nversion: 2"),
        f"{MARTS}:2: the key 'version' stands twice.",
    ),
    "unknown key": (
        change(MARTS, "description: Number of cache_query events.", "descripton: x"),
        f"{MARTS}:15: unknown key 'descripton'; did you mean 'description'?",
    ),
    "key missing": (
        change(MARTS, "      - name: total_queries\n        data", "      - data"),
        f"{MARTS}:13: the key 'name' is missing.",
    ),
    "column without a type": (
        change(MARTS, "        data_type: bigint\n", ""),
        f"{MARTS}:13: column total_queries has no data_type.",
    ),
    "column twice": (
        change(MARTS, "- name: cache_hits", "- name: total_queries"),
        f"{MARTS}:18: column total_queries stands twice.",
    ),
    "no event date": (
        change(MARTS, "- name: event_date", "- name: day"),
        f"{MARTS}:8: model daily_cache_metrics must have a column event_date of data_type date, ",
    ),
    "unknown test": (
        change(MARTS, "[unique]", "[uniqe]"),
        f"{MARTS}:12: unknown test 'uniqe'; did you mean 'unique'?",
    ),
    "unknown argument of a test": (
        change(MARTS, "min_value: 0, max_value: 1", "min_value: 0, maximum: 1"),
        f"{MARTS}:28: unknown key 'maximum'; known are: inclusive, max_value, min_value.",
    ),
    "argument in the wrong place": (
        change(MARTS, "arguments: {min_value: 0, max_value: 1}", "min_value: 0"),
        f"{MARTS}:28: min_value is an argument of accepted_range; write it below "
        "'arguments:'.",
    ),
    "unknown severity": (
        change(MARTS, "severity: warn", "severity: warning"),
        "severity: Input should be 'warn' or 'error' (got 'warning').",
    ),
    "two tests of one name": (
        change(MARTS, "[unique]", "[unique, unique]"),
        "2 tests of daily_cache_metrics are named unique_event_date; give one another 'name:'.",
    ),
    "unknown column in a test": (
        change(MARTS, "[event_date, metric_name]", "[event_date, metric]"),
        "no column 'metric' to be unique; did you mean 'metric_name'?",
    ),
    "test of a view": (
        change(
            STAGING,
            "    description: Lines of logs, one row for each.",
            "    columns: [{name: event_id, data_tests: [unique]}]",
        ),
        f"{STAGING}:18: a model that is not written has no rows of its own to test; ",
    ),
    "unknown table of the source": (
        change("models/sources.yml", "name: validated_events", "name: validated_event"),
        "models/sources.yml:9: models cannot read a table 'validated_event'; did you mean "
        "'validated_events'?",
    ),
    "unknown source in YAML": (
        change("models/sources.yml", "- name: lake", "- name: raw"),
        "models/sources.yml:4: the only source is 'lake'.",
    ),
    "source without an event time": (
        change("models/sources.yml", "    config:\n      event_time: event_date\n", ""),
        "models/sources.yml:7: the tables of the lake are read by day; write 'event_time: "
        "event_date' below 'config:' of the source.",
    ),
    "written model that is no microbatch": (
        change("dbt_project.yml", "      +batch_size: day\n", ""),
        f"{CACHE}: a model that is written is computed day by day: set batch_size: day",
    ),
    "history that is not declared": (
        change(CACHE, "ref('stg_cache_queries')", "ref('daily_metric_values').render()"),
        f"{CACHE}: the model reads days before those that are computed, by .render(); say of how "
        "many days before a day its rows are made: meta: {history_days: …}.",
    ),
    "history of a view": (
        change(CACHE, "ref('stg_cache_queries')", "ref('stg_cache_queries').render()"),
        f"{CACHE}:11: 'stg_cache_queries' is not written, so that it has no earlier days to read; ",
    ),
    "unknown variable": (
        change(CACHE, "count(*) as total", "{{ var('weight') }} * count(*) as total"),
        f"{CACHE}:19: unknown variable 'weight'; did you mean 'weights'?",
    ),
    "macro that fails": (
        change(CACHE, "count(*) as total", "{{ weighted(1, 2) }} as total"),
        f"{CACHE}:19: macro 'weighted' takes not more than 1 argument(s)",
    ),
    "error inside of a macro": (
        write("models/staging/stg_weights.sql", "select {{ weighted() }}"),
        "macros/weighted.sql:2: parameter 'expression' was not provided",
    ),
    "macro twice": (
        write("macros/again.sql", "{% macro weighted(x) %}{% endmacro %}"),
        "macros/weighted.sql:1: the macro 'weighted' stands at dbt_like_sql/macros/again.sql:1 "
        "already.",
    ),
    "missing argument of a test": (
        change(MARTS, "combination_of_columns: [event_date, metric_name]", "{}"),
        ": the key 'combination_of_columns' is missing.",
    ),
    "seed without a description": (
        write("seeds/hosts.csv", "host,owner\na,b\n"),
        "seeds/hosts.csv: the seed has no entry in a YAML file; describe it and its columns, with "
        "config: column_types, in dbt_like_sql/seeds/*.yml.",
    ),
    "seed with another column": (
        change("seeds/prices.csv", "model,price", "model,cost"),
        "seeds/seeds.yml:2: column 'cost' of dbt_like_sql/seeds/prices.csv needs a description and "
        "a type in config: column_types.",
    ),
    "relationship with nothing": (
        change("seeds/seeds.yml", "ref('daily_cache_metrics')", "ref('daily_cash_metrics')"),
        "seeds/seeds.yml:8: unknown model 'daily_cash_metrics'; did you mean "
        "'daily_cache_metrics'?",
    ),
    "unit test of no model": (
        change("models/marts/unit_tests.yml", "model: daily_cache", "model: dayly_cache"),
        "models/marts/unit_tests.yml:3: unknown model 'dayly_cache_metrics'; did you mean "
        "'daily_cache_metrics'?",
    ),
    "no project file": (
        remove("dbt_project.yml"),
        "A folder of SQL has dbt_project.yml and models/ in it.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", READING)
def test_a_mistake_is_told_when_the_folder_is_read(mistake: str, folder: Path) -> None:
    make, message = READING[mistake]
    make(folder)
    with pytest.raises(ProjectError) as raised:
        read_project(folder, SOURCE_TABLES)
    assert message in str(raised.value)
    if message.startswith(("models/", "dbt_project")):
        assert str(raised.value).startswith(f"dbt_like_sql/{message}")


def test_every_wrong_entry_of_a_file_has_its_line(folder: Path) -> None:
    change(MARTS, "data_type: date", "data_typ: date")(folder)
    change(MARTS, "data_type: bigint", "data_typ: bigint")(folder)
    with pytest.raises(ProjectError) as raised:
        read_project(folder, SOURCE_TABLES)
    assert [line.partition(": ")[0] for line in str(raised.value).splitlines()] == [
        f"dbt_like_sql/{MARTS}:{number}" for number in (10, 14)
    ]


BUILDING = {
    "column that the query lacks": (
        change(CACHE, "queries_by_day.cache_hits,", "queries_by_day.cache_hits as cache_hit,"),
        f"dbt_like_sql/{MARTS}:18: column 'cache_hits' is declared, but dbt_like_sql/{CACHE} does "
        "not give it; did you mean 'cache_hit'?",
    ),
    "column that the YAML lacks": (
        change(CACHE, "queries_by_day.cache_hits,", "queries_by_day.cache_hits, 1.5 as misses,"),
        f"dbt_like_sql/{CACHE}: column 'misses' is not declared in dbt_like_sql/{MARTS}; declare "
        "it there with data_type decimal(2,1).",
    ),
    "another type": (
        change(MARTS, "data_type: bigint", "data_type: double"),
        f"dbt_like_sql/{MARTS}:13: column 'total_queries' is declared as DOUBLE, but "
        f"dbt_like_sql/{CACHE} gives BIGINT; cast it there, or declare what it gives.",
    ),
    "unknown column in SQL": (
        change(CACHE, "quantile_cont(response_time,", "quantile_cont(responce_time,"),
        f'dbt_like_sql/{CACHE}:24:23: Binder Error: Referenced column "responce_time" not found',
    ),
    "unknown column in an ephemeral model, below a block of Jinja": (
        change(
            "models/staging/stg_cache_queries.sql",
            "with\n",
            "{#\n\n a note of\n several lines \n#}\nwith\n",
        ),
        None,
    ),
    "syntax": (
        change(CACHE, "group by event_date", "grup by event_date"),
        f"dbt_like_sql/{CACHE}:28:10: Parser Error",
    ),
    "value that cannot be cast": (
        change(CACHE, "select * from final", "select *, 'x'::bigint as x from final"),
        f"dbt_like_sql/{CACHE}:51:14: Conversion Error: Could not convert string 'x' to INT64",
    ),
    "rows of another day": (
        change(
            CACHE,
            "        event_dates.event_date,",
            "        (event_dates.event_date - 1)::date as event_date,",
        ),
        f"dbt_like_sql/{CACHE}: the query gives rows of event_date 2026-02-28, which was not asked "
        "for",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", BUILDING)
def test_a_mistake_is_told_when_the_query_runs(mistake: str, folder: Path, lake: Lake) -> None:
    make, message = BUILDING[mistake]
    make(folder)
    if message is None:
        change("models/staging/stg_cache_queries.sql", "response_time,", "responce,")(folder)
        message = 'stg_cache_queries.sql:27:9: Binder Error: Referenced column "responce" not found'
    project = read_project(folder, SOURCE_TABLES)
    with lake.engine() as connection:
        with pytest.raises(ProjectError) as raised:
            build(lake, connection, project, [DAY])
        assert message in str(raised.value)
        assert not lake.dates(project.marts["daily_cache_metrics"].table)


def test_an_unknown_model_is_named(lake: Lake, folder: Path) -> None:
    project = read_project(folder, SOURCE_TABLES)
    with lake.engine() as connection, pytest.raises(ProjectError, match="'daily_cache_metrics'"):
        build(lake, connection, project, [DAY], ["daily_cache_metric"])
