with

source as (

    select * from {{ source('lake', 'validated_events') }}

),

failed_queries as (

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
        error,
        error_class,
        response_time,
        model,
        prompt_tokens,
        completion_tokens,
        cost

    from source

    where event_type = 'failed_query'

)

select * from failed_queries
