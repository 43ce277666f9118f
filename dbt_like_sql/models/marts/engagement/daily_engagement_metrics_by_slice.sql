with

user_events as (

    select * from {{ ref('stg_user_events') }}

),

-- Users with what they did in each of the combinations, which are far fewer than the events.
events_by_combination as (

    select
        event_date,
        nullif(user_id, '') as user_id,
        team,
        language,
        framework,
        count(*) filter (where event_type = 'cache_query') as queries,
        count(*) filter (where event_type = 'cache_store') as stores,
        count(*) filter (where event_type = 'ui_interaction') as interactions

    from user_events

    group by all

),

events_by_slice as (

    select
        event_date,
        user_id,
        queries,
        stores,
        interactions,
        unnest(['team', 'language', 'framework']) as dimension,
        coalesce(unnest([team, language, framework]), '(none)') as value

    from events_by_combination

),

final as (

    select
        event_date,
        dimension,
        value,
        nullif(count(distinct user_id), 0) as active_users,
        sum(queries)::bigint as queries,
        sum(stores)::bigint as stores,
        sum(interactions)::bigint as interactions

    from events_by_slice

    group by event_date, dimension, value

)

select * from final
