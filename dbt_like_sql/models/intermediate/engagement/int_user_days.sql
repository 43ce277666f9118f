with

user_events as (

    select * from {{ ref('stg_user_events') }}

),

events_by_team as (

    select
        event_date,
        user_id,
        team,
        count(*) filter (where event_type = 'cache_query') as queries,
        count(*) filter (where event_type = 'cache_store') as stores,
        count(*) filter (where event_type = 'ui_interaction') as interactions,
        count(*) as events

    from user_events

    -- An empty id names nobody.
    where user_id <> ''

    group by event_date, user_id, team

),

final as (

    select
        event_date,
        user_id,
        first(team order by events desc, team) filter (where team is not null) as team,
        sum(queries)::bigint as queries,
        sum(stores)::bigint as stores,
        sum(interactions)::bigint as interactions,
        sum(events)::bigint as events

    from events_by_team

    group by event_date, user_id

)

select * from final
