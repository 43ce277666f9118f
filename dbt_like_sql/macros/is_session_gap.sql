{#- Whether the time from one event of a user to the next ends a session; true where one of them
    does not exist. -#}
{% macro is_session_gap(earlier, later) -%}
coalesce({{ later }} - {{ earlier }} >= interval ({{ var('session_timeout_minutes') }}) minute, true)
{%- endmacro %}
