with

query_costs as (

    select * from {{ ref('int_query_costs') }}

),

misses_by_model as (

    select
        event_date,
        model,
        sum(queries)::bigint as misses,
        coalesce(sum(queries) filter (where cost_source = 'reported' and has_price), 0)::bigint
            as compared_misses,
        coalesce(sum(queries) filter (where cost_source = 'reported' and not has_price), 0)::bigint
            as only_reported_misses,
        coalesce(sum(queries) filter (where cost_source = 'priced'), 0)::bigint
            as only_priced_misses,
        coalesce(sum(queries) filter (where cost_source = 'none'), 0)::bigint
            as misses_without_cost,
        {{ exact_sum('cost', where="cost_source = 'reported' and has_price") }}
            as reported_cost,
        {{ exact_sum('priced_cost', where="cost_source = 'reported'") }}
            as priced_cost

    from query_costs

    where outcome = 'miss'

    group by event_date, model

),

final as (

    select
        event_date,
        model,
        misses,
        compared_misses,
        only_reported_misses,
        only_priced_misses,
        misses_without_cost,
        reported_cost,
        priced_cost,
        priced_cost - reported_cost as difference,
        (priced_cost - reported_cost) / nullif(reported_cost, 0) as relative_difference

    from misses_by_model

)

select * from final
