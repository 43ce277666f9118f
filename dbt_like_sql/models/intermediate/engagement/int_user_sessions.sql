{{ config(materialized='view') }}

with

user_events as (

    select * from {{ ref('stg_user_events') }}

),

times_by_user as (

    select
        event_date,
        user_id,
        list_sort(list(timestamp)) as times

    from user_events

    -- An empty id names nobody.
    where user_id <> ''

    group by event_date, user_id

),

-- Lists of times: windows over all events take three times as long.
limits_by_user as (

    select
        event_date,
        user_id,
        list_filter(
            list_zip(times, list_prepend(null, times[:-2])),
            lambda pair: {{ is_session_gap('pair[2]', 'pair[1]') }}
        ) as starts,
        list_filter(
            list_zip(times, times[2:]),
            lambda pair: {{ is_session_gap('pair[1]', 'pair[2]') }}
        ) as ends

    from times_by_user

),

sessions as (

    select
        event_date,
        user_id,
        unnest(starts)[1] as started_at,
        unnest(ends)[1] as ended_at

    from limits_by_user

),

final as (

    select
        event_date,
        user_id,
        started_at,
        ended_at,
        date_diff('microsecond', started_at, ended_at) / 1e6 as duration

    from sessions

)

select * from final
