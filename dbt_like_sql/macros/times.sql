{#- Seconds from one time to a later one; null where it is earlier or one of them is unknown. -#}
{% macro seconds_between(earlier, later) -%}
case when {{ later }} >= {{ earlier }} then (epoch_us({{ later }}) - epoch_us({{ earlier }})) / 1e6 end
{%- endmacro %}
