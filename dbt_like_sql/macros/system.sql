{#- Whether a metric of machines is a percentage: by its unit, or by its name where it has none. -#}
{% macro is_percent(metric_name, unit) -%}
case
    when {{ unit }} is not null then lower({{ unit }}) in ('percent', '%')
    else {{ metric_name }} in ('cpu_usage', 'memory_usage', 'disk_usage')
end
{%- endmacro %}
