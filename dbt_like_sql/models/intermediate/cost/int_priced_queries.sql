with

prices as (

    select
        *,
        {{ comparable_model_name('model_pattern') }} as pattern,
        contains(model_pattern, '/') as names_provider,
        coalesce(
            usd_per_million_cache_read_tokens, usd_per_million_input_tokens
        ) as cache_read_price,
        coalesce(
            usd_per_million_cache_write_tokens, usd_per_million_input_tokens
        ) as cache_write_price

    from {{ ref('model_prices') }}

),

queries as (

    select
        event_id,
        event_date,
        case when cache_hit then 'hit' else 'miss' end as outcome,
        user_id,
        team,
        language,
        framework,
        model,
        prompt_tokens,
        completion_tokens,
        provider_cache_read_tokens,
        provider_cache_write_tokens,
        tokens_saved,
        cost as reported_cost,
        cost_saved as reported_savings

    from {{ ref('stg_cache_queries') }}

    union all by name

    select
        event_id,
        event_date,
        'failed' as outcome,
        user_id,
        team,
        language,
        framework,
        model,
        prompt_tokens,
        completion_tokens,
        cost as reported_cost

    from {{ ref('stg_failed_queries') }}

),

models_by_day as (

    select distinct
        event_date,
        model,
        {{ comparable_model_name('model') }} as whole_name,
        {{ comparable_model_name(name_without_provider('model')) }} as name

    from queries

),

prices_that_fit as (

    select
        models_by_day.event_date,
        models_by_day.model,
        prices.usd_per_million_input_tokens as input_price,
        prices.usd_per_million_output_tokens as output_price,
        prices.cache_read_price,
        prices.usd_per_million_cache_read_tokens as listed_cache_read_price,
        prices.cache_write_price,
        prices.max_prompt_tokens,
        row_number() over (
            partition by models_by_day.event_date, models_by_day.model
            order by prices.names_provider desc, length(prices.pattern) desc, prices.pattern
        ) as rank_of_price

    from models_by_day

    inner join prices
        on models_by_day.event_date >= prices.valid_from
        and models_by_day.event_date <= coalesce(prices.valid_to, models_by_day.event_date)
        and case
            when prices.names_provider
                then {{ is_version_of('models_by_day.whole_name', 'prices.pattern') }}
            else {{ is_version_of('models_by_day.name', 'prices.pattern') }}
        end

),

-- Most sources count what the provider's cache read and wrote among the tokens of the prompt.
-- Where the prompt has fewer tokens than that, the source counts them apart.
counted_queries as (

    select
        *,
        coalesce(provider_cache_read_tokens, 0) as read_tokens,
        coalesce(provider_cache_write_tokens, 0) as written_tokens,
        case
            when prompt_tokens >= read_tokens + written_tokens
                then prompt_tokens - read_tokens - written_tokens
            else prompt_tokens
        end as uncached_tokens,
        uncached_tokens + read_tokens + written_tokens as prompt_length

    from queries

),

queries_with_prices as (

    select
        counted_queries.*,
        (
            uncached_tokens * input_price
            + read_tokens * cache_read_price
            + written_tokens * cache_write_price
            + completion_tokens * output_price
        ) / 1e6 as cost_of_tokens,
        (
            read_tokens * (input_price - cache_read_price)
            - written_tokens * (cache_write_price - input_price)
        ) / 1e6 as saved_by_provider_cache,
        uncached_tokens * (input_price - listed_cache_read_price) / 1e6 as cost_of_unread_prompt

    from counted_queries

    left join prices_that_fit
        on counted_queries.event_date = prices_that_fit.event_date
        and counted_queries.model = prices_that_fit.model
        and prices_that_fit.rank_of_price = 1
        and counted_queries.prompt_length
            <= coalesce(prices_that_fit.max_prompt_tokens, counted_queries.prompt_length)

),

-- The tokens of a hit are those of the call whose answer was cached: no provider was asked. A call
-- that failed is charged once the model has begun to answer.
priced_queries as (

    select
        *,
        case
            when outcome = 'miss' or (outcome = 'failed' and completion_tokens > 0)
                then cost_of_tokens
        end as priced_cost,
        coalesce(
            reported_cost, case when outcome = 'hit' then 0 else priced_cost end
        ) as cost,
        case
            when reported_cost is not null then 'reported'
            when outcome = 'hit' then 'cache'
            when priced_cost is not null then 'priced'
            else 'none'
        end as cost_source

    from queries_with_prices

),

final as (

    select
        event_id,
        event_date,
        outcome,
        user_id,
        team,
        language,
        framework,
        model,
        prompt_tokens is not null and completion_tokens is not null as has_tokens,
        case when outcome <> 'hit' then prompt_length end as input_tokens,
        case when outcome <> 'hit' then completion_tokens end as output_tokens,
        case when outcome <> 'hit' then provider_cache_read_tokens end
            as provider_cache_read_tokens,
        case when outcome <> 'hit' then provider_cache_write_tokens end
            as provider_cache_write_tokens,
        reported_cost,
        priced_cost,
        cost,
        cost_source,
        case
            when outcome = 'hit' then coalesce(tokens_saved, prompt_length + completion_tokens)
        end as tokens_saved,
        case
            when outcome = 'hit' then coalesce(reported_savings, cost_of_tokens - cost)
        end as response_cache_savings,
        case
            when outcome <> 'hit' then 'none'
            when reported_savings is not null then 'reported'
            when cost_of_tokens is not null then 'priced'
            else 'none'
        end as savings_source,
        case
            when outcome <> 'hit' and read_tokens + written_tokens > 0
                then saved_by_provider_cache
        end as provider_cache_savings,
        case when outcome = 'miss' then cost_of_unread_prompt end as unread_prompt_cost

    from priced_queries

)

select * from final
