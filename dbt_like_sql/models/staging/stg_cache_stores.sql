with

source as (

    select * from {{ source('lake', 'validated_events') }}

),

cache_stores as (

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
        response_size,
        cache_key

    from source

    where event_type = 'cache_store'

)

select * from cache_stores
