{#- The expression is true of every row; a row for which it is null passes. At a column, the
    expression is what follows the column's name. -#}
{% test expression_is_true(model, expression, column_name=none) %}

select *

from {{ model }}

where not ({{ column_name or '' }} {{ expression }})

{% endtest %}
