{% macro weighted(expression) -%}
{{ var('weights') }} * {{ expression }}
{%- endmacro %}
