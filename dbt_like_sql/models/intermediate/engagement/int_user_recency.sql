{{ config(meta={'history_days': var('new_user_horizon_days')}) }}

with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

user_days as (

    select * from {{ ref('int_user_days').render() }}

),

dates_by_user as (

    select
        user_id,
        list_sort(list(event_date)) as active_dates

    from user_days

    group by user_id

),

-- A list for each user: a window over a year of users and days takes three times as long.
active_dates as (

    select
        user_id,
        unnest(active_dates) as event_date,
        unnest(list_prepend(null, active_dates[:-2])) as previous_date

    from dates_by_user

),

final as (

    select
        event_dates.event_date,
        active_dates.user_id,
        case
            when event_dates.event_date - active_dates.previous_date
                <= {{ var('new_user_horizon_days') }}
            then active_dates.previous_date
        end as previous_active_date

    from event_dates

    inner join active_dates
        on event_dates.event_date = active_dates.event_date

)

select * from final
