{#- Average and percentiles of response_time over the rows of a group that meet a condition. The
    names of the columns say by `kind` which rows these are: '', 'hit_' or 'miss_'. -#}
{% macro response_time_aggregates(kind, condition) -%}
avg(response_time order by response_time)
            filter (where {{ condition }}) as average_{{ kind }}response_time,
        quantile_cont(response_time, [0.5, 0.9, 0.95, 0.99])
            filter (where {{ condition }}) as {{ kind }}response_time_percentiles
{%- endmacro %}

{#- What response_time_aggregates() computed in a relation, as one column for each figure. -#}
{% macro response_time_columns(kind, relation) -%}
{{ relation }}.average_{{ kind }}response_time,
        {%- for percentile in [50, 90, 95, 99] %}
        {{ relation }}.{{ kind }}response_time_percentiles[{{ loop.index }}]
            as p{{ percentile }}_{{ kind }}response_time
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
{%- endmacro %}
