{#- A text of the configuration as a literal of SQL. -#}
{% macro text_literal(text) -%}
'{{ text | string | replace("'", "''") }}'
{%- endmacro %}

{#- The name of a column of the configuration, quoted: one that does not exist is an error. -#}
{% macro quoted_column(name) -%}
"{{ name | string | replace('"', '""') }}"
{%- endmacro %}

{#- The name of a step: its own, or else the values that it asks for. -#}
{% macro funnel_step_name(step) -%}
{{ step.name if step.name is defined else step.values() | join(' ') }}
{%- endmacro %}

{#- Whether an event is the one that a step asks for. -#}
{% macro is_funnel_step(step) -%}
event_type = {{ text_literal(step.event_type) }}
{%- for column, value in step.items() if column not in ('name', 'event_type') %}
and {{ quoted_column(column) }} = {{ text_literal(value) }}
{%- endfor -%}
{%- endmacro %}

{#- For each step of each funnel, a list of the times of its events: times_FUNNEL_STEP. -#}
{% macro funnel_step_times(funnels) -%}
{%- for funnel in funnels -%}
{%- set number = loop.index -%}
{%- for step in funnel.steps -%}
list(timestamp) filter (where {{ is_funnel_step(step) }}) as times_{{ number }}_{{ loop.index }},
{% endfor -%}
{%- endfor -%}
{%- endmacro %}

{#- A CTE for each step, with the columns of the one before it, the first with those of times, and
    taken_FUNNEL_STEP: when the step was first taken after the step before. To take each step as
    early as possible never costs a later one. In one CTE for all steps, the earlier ones would be
    worked out again for every event. The last of the CTEs is steps_by_user. -#}
{% macro funnel_steps_taken(funnels, times) -%}
{%- set lengths = funnels | map(attribute='steps') | map('length') | list -%}
{%- set most = ([0] + lengths) | max -%}
{%- for step in range(1, most + 1) -%}
step_{{ step }} as (

    select
        {%- for funnel in funnels %}{% if step <= lengths[loop.index0] %}
        {{ funnel_step_taken(loop.index, step) }},
        {%- endif %}{% endfor %}
        *

    from {{ 'step_' ~ (step - 1) if step > 1 else times }}

),

{% endfor -%}
steps_by_user as (

    select * from {{ 'step_' ~ most if most else times }}

)
{%- endmacro %}

{#- When a user takes a step of a funnel, both given by their numbers. -#}
{% macro funnel_step_taken(funnel, step) -%}
{%- set times = 'times_' ~ funnel ~ '_' ~ step -%}
{%- if step == 1 -%}
list_min({{ times }})
{%- else -%}
list_min(list_filter({{ times }}, lambda moment: moment > taken_{{ funnel }}_{{ step - 1 }}))
{%- endif %} as taken_{{ funnel }}_{{ step }}
{%- endmacro %}

{#- A list of the steps of all funnels, each with the number of users who took it. -#}
{% macro funnel_step_counts(funnels) -%}
[
{%- for funnel in funnels -%}
{%- set number = loop.index -%}
{%- set is_last_funnel = loop.last -%}
{%- for step in funnel.steps %}
{
    'funnel': {{ text_literal(funnel.name) }},
    'step_number': {{ loop.index }},
    'step': {{ text_literal(funnel_step_name(step)) }},
    'users': count(taken_{{ number }}_{{ loop.index }})
}{{ ',' if not (loop.last and is_last_funnel) }}
{%- endfor -%}
{%- endfor %}
]::struct(funnel varchar, step_number integer, step varchar, users bigint)[]
{%- endmacro %}
