{#- The headline metrics of dbt_project.yml as rows: metric and good_direction. -#}
{% macro headline_metrics() %}
    select
        metric,
        good_direction

    from (
        values
        {%- for metric in var('headline_metrics') %}
            (
                '{{ metric.name }}',
                {{ "'" ~ metric.good_direction ~ "'" if 'good_direction' in metric else 'null' }}
            )
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    ) as listed (metric, good_direction)
{% endmacro %}


{#- The values of the headline metrics: a query of each from its model, one below the other. -#}
{% macro headline_values() %}
    {%- for metric in var('headline_metrics') %}
    select
        event_date,
        '{{ metric.name }}' as metric,
        {{ metric.get('column', metric.name) }}::double as value

    from {{ ref(metric.model) }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
{% endmacro %}
