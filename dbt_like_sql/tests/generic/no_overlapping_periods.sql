{#- Of each key, no day lies in two periods, and no period ends before it begins. Both days belong
    to the period; one without a last day has no end. -#}
{% test no_overlapping_periods(model, key, first_day, last_day) %}

with

periods as (

    select
        *,
        coalesce({{ last_day }}, date '9999-12-31') as period_end,
        lead({{ first_day }}) over (
            partition by {{ key }} order by {{ first_day }}
        ) as next_first_day

    from {{ model }}

)

select *

from periods

where period_end < {{ first_day }}
    or period_end >= next_first_day

{% endtest %}
