with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

user_events as (

    select * from {{ ref('stg_user_events') }}

),

ui_interactions as (

    select * from {{ ref('stg_ui_interactions') }}

),

users_by_day as (

    select
        event_date,
        count(distinct user_id) as active_users

    from user_events

    where user_id is not null

    group by event_date

),

interactions_by_day as (

    select
        event_date,
        count(*) as total_interactions,
        count(user_id) as interactions_of_users

    from ui_interactions

    group by event_date

),

final as (

    select
        event_dates.event_date,
        users_by_day.active_users,
        interactions_by_day.total_interactions,
        nullif(interactions_by_day.interactions_of_users, 0)
            / users_by_day.active_users as interactions_per_user

    from event_dates

    left join users_by_day
        on event_dates.event_date = users_by_day.event_date

    left join interactions_by_day
        on event_dates.event_date = interactions_by_day.event_date

)

select * from final
