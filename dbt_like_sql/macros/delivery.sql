{#- What became of a run, for the words in which CI systems say it. -#}
{% macro outcome(status) -%}
case
            when lower({{ status }}) in ('success', 'succeeded', 'successful', 'passed', 'pass', 'ok')
                then 'success'
            when lower({{ status }}) in (
                'failure', 'failed', 'fail', 'error', 'errored', 'broken', 'unstable',
                'timed_out', 'timeout', 'timedout', 'startup_failure', 'infrastructure_fail',
                'partiallysucceeded', 'rolled_back', 'rolledback', 'rollback', 'reverted'
            ) then 'failure'
            when lower({{ status }}) in (
                'cancelled', 'canceled', 'aborted', 'skipped', 'not_run', 'not_built', 'stale',
                'neutral', 'superseded'
            ) then 'cancelled'
            else 'other'
        end
{%- endmacro %}

{#- Whether an environment is one of production, by its name. -#}
{% macro is_production(environment) -%}
lower({{ environment }}) in ('{{ var("production_environments") | join("', '") }}')
{%- endmacro %}

{#- The first of the texts at some paths of extra that is there: what formats of CI systems leave
    in it below their name, and what a source may bring itself. -#}
{% macro text_in_extra(paths) -%}
coalesce(
            {%- for path in paths %}
            json_extract_string(extra, '$.{{ path }}')
            {{- ',' if not loop.last }}
            {%- endfor %}
        )
{%- endmacro %}

{#- A text as a time in UTC, in which it is where it tells no offset; null where it is no time. -#}
{% macro utc(text) -%}
try_cast(
            {{ text }} || case
                when regexp_matches({{ text }}, '(Z|UTC|[+-][0-9]{2}:?[0-9]{2})$') then ''
                else 'Z'
            end as timestamptz
        ) at time zone 'UTC'
{%- endmacro %}
