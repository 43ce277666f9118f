{#- The sum of amounts of money. Added up as decimals it is the same in any order of the rows, as a
    sum of floats is not, and takes no longer. An amount of 10^12 or more is taken for a mistake
    and left out. -#}
{% macro exact_sum(amount, where='true') -%}
    cast(
            sum(try_cast({{ amount }} as decimal(30, 18))) filter (where {{ where }}) as double
        )
{%- endmacro %}
