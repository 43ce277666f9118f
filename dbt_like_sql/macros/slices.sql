{#- Dimensions as columns in which a row that does not state one has the value '(none)'. -#}
{% macro stated_dimensions(dimensions) -%}
{%- for dimension in dimensions -%}
coalesce({{ dimension }}, '(none)') as {{ dimension }}
        {%- if not loop.last %},
        {% endif %}
{%- endfor %}
{%- endmacro %}

{#- The columns dimension and value of a group of slice_groups(); a group has a value in the one
    dimension that it is made by. -#}
{% macro slice_columns(dimensions) -%}
case
            {%- for dimension in dimensions %}
            when {{ dimension }} is not null then '{{ dimension }}'
            {%- endfor %}
        end as dimension,
        coalesce({{ dimensions | join(', ') }}) as value
{%- endmacro %}

{#- Groups by day and each of the dimensions, in one pass. -#}
{% macro slice_groups(dimensions) -%}
grouping sets (
        {%- for dimension in dimensions %}
        (event_date, {{ dimension }}){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
