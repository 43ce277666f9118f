with

query_costs as (

    select * from {{ ref('int_query_costs') }}

),

daily_costs as (

    select * from {{ ref('int_daily_costs') }}

),

costs_by_slice as (

    select
        event_date,
        case
            when grouping(model) = 0 then 'model'
            when grouping(user_id) = 0 then 'user'
            when grouping(team) = 0 then 'team'
            when grouping(language) = 0 then 'language'
            else 'framework'
        end as dimension,
        coalesce(model, user_id, team, language, framework) as value,
        {{- cost_sums() }}

    from query_costs

    group by grouping sets (
        (event_date, model),
        (event_date, user_id),
        (event_date, team),
        (event_date, language),
        (event_date, framework)
    )

),

final as (

    select
        costs_by_slice.event_date,
        costs_by_slice.dimension,
        costs_by_slice.value,
        costs_by_slice.queries,
        costs_by_slice.queries_with_cost,
        costs_by_slice.unpriced_queries,
        costs_by_slice.input_tokens,
        costs_by_slice.output_tokens,
        costs_by_slice.provider_cache_read_tokens,
        costs_by_slice.provider_cache_write_tokens,
        costs_by_slice.tokens_saved,
        costs_by_slice.total_cost,
        costs_by_slice.failed_query_cost,
        costs_by_slice.total_cost / nullif(daily_costs.total_cost, 0) as cost_share,
        costs_by_slice.answered_query_cost / nullif(costs_by_slice.queries_with_cost, 0)
            as cost_per_query,
        costs_by_slice.response_cache_savings,
        costs_by_slice.provider_cache_savings,
        {{ savings_rate('costs_by_slice.response_cache_savings', 'costs_by_slice.total_cost') }}
            as savings_rate

    from costs_by_slice

    left join daily_costs
        on costs_by_slice.event_date = daily_costs.event_date

)

select * from final
