with

source as (

    select * from {{ source('lake', 'validated_events') }}

),

ui_interactions as (

    select
        event_id,
        event_date,
        timestamp,
        user_id,
        session_id,
        team,
        action,
        element,
        page

    from source

    where event_type = 'ui_interaction'

)

select * from ui_interactions
