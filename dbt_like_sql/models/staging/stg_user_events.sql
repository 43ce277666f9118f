with

source as (

    select * from {{ source('lake', 'validated_events') }}

),

user_events as (

    select
        event_id,
        event_date,
        event_type,
        timestamp,
        user_id,
        session_id,
        team,
        language,
        framework,
        action,
        element,
        page

    from source

    where event_type in ('cache_query', 'cache_store', 'ui_interaction')

)

select * from user_events
