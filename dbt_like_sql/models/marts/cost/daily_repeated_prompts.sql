with

calls as (

    select
        *,
        timestamp - lag(timestamp) over (
            partition by event_date, text_question
            order by timestamp, event_id
        ) as since_last_call

    from {{ ref('int_questions') }}

    where
        not cache_hit
        and text_question is not null
        and prompt_tokens >= {{ var('long_prompt_tokens') }}

),

unread_prompts as (

    select
        event_date,
        event_id,
        model,
        prompt_tokens

    from calls

    where
        since_last_call <= interval {{ var('provider_cache_minutes') }} minute
        and coalesce(provider_cache_read_tokens, 0) = 0

),

final as (

    select
        unread_prompts.event_date,
        unread_prompts.model,
        count(*) as repeated_prompts,
        sum(unread_prompts.prompt_tokens)::bigint as prompt_tokens,
        count(priced_queries.unread_prompt_cost) as prompts_with_price,
        {{ exact_sum('priced_queries.unread_prompt_cost') }} as unread_prompt_cost

    from unread_prompts

    inner join {{ ref('int_priced_queries') }} as priced_queries
        on unread_prompts.event_date = priced_queries.event_date
        and unread_prompts.event_id = priced_queries.event_id

    group by unread_prompts.event_date, unread_prompts.model

)

select * from final
