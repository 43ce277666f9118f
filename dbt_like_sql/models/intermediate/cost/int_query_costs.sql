with

priced_queries as (

    select * from {{ ref('int_priced_queries') }}

),

costs as (

    select
        event_date,
        outcome,
        cost_source,
        savings_source,
        priced_cost is not null as has_price,
        coalesce(model, '(none)') as model,
        coalesce(user_id, '(none)') as user_id,
        coalesce(team, '(none)') as team,
        coalesce(language, '(none)') as language,
        coalesce(framework, '(none)') as framework,
        count(*) as queries,
        count(*) filter (where has_tokens) as queries_with_tokens,
        sum(input_tokens)::bigint as input_tokens,
        sum(output_tokens)::bigint as output_tokens,
        sum(provider_cache_read_tokens)::bigint as provider_cache_read_tokens,
        sum(provider_cache_write_tokens)::bigint as provider_cache_write_tokens,
        sum(tokens_saved)::bigint as tokens_saved,
        {{ exact_sum('cost') }} as cost,
        {{ exact_sum('priced_cost') }} as priced_cost,
        {{ exact_sum('response_cache_savings') }} as response_cache_savings,
        {{ exact_sum('provider_cache_savings') }} as provider_cache_savings

    from priced_queries

    group by all

),

misses_by_model as (

    select
        event_date,
        model,
        {{ exact_sum('cost') }} / sum(queries) as cost_per_miss

    from costs

    where outcome = 'miss'
        and cost is not null

    group by event_date, model

),

final as (

    select
        costs.event_date,
        costs.outcome,
        costs.cost_source,
        case
            when costs.outcome = 'hit'
                and costs.savings_source = 'none'
                and misses_by_model.cost_per_miss is not null
                then 'estimated'
            else costs.savings_source
        end as savings_source,
        costs.has_price,
        costs.model,
        costs.user_id,
        costs.team,
        costs.language,
        costs.framework,
        costs.queries,
        costs.queries_with_tokens,
        costs.input_tokens,
        costs.output_tokens,
        costs.provider_cache_read_tokens,
        costs.provider_cache_write_tokens,
        costs.tokens_saved,
        costs.cost,
        costs.priced_cost,
        case
            when costs.outcome = 'hit' and costs.savings_source = 'none'
                then costs.queries * misses_by_model.cost_per_miss - costs.cost
            else costs.response_cache_savings
        end as response_cache_savings,
        costs.provider_cache_savings

    from costs

    left join misses_by_model
        on costs.event_date = misses_by_model.event_date
        and costs.model = misses_by_model.model

)

select * from final
