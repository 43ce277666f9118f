{#- The difference of two values as a share of the earlier one, with the sign of the difference;
    null where the earlier one is 0. -#}
{% macro relative_change(value, earlier) %}
({{ value }} - {{ earlier }}) / nullif(abs({{ earlier }}), 0)
{%- endmacro %}
