with

source as (

    select * from {{ source('lake', 'validated_events') }}

),

cache_queries as (

    select
        event_id,
        event_date,
        timestamp,
        user_id,
        session_id,
        team,
        language,
        framework,
        query,
        cache_hit,
        response_time,
        model,
        prompt_tokens,
        completion_tokens,
        cost,
        provider_cache_read_tokens,
        provider_cache_write_tokens,
        tokens_saved,
        cost_saved,
        match_type,
        cache_key

    from source

    where event_type = 'cache_query'

)

select * from cache_queries
