{{ config(meta={'history_days': 27}) }}

with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

user_days as (

    select * from {{ ref('int_user_days') }}

),

user_sessions as (

    select * from {{ ref('int_user_sessions') }}

),

ui_interactions as (

    select * from {{ ref('stg_ui_interactions') }}

),

user_recency as (

    select * from {{ ref('int_user_recency').render() }}

),

users_by_day as (

    select
        event_date,
        count(user_id) as active_users,
        nullif(sum(queries)::bigint, 0) as queries_of_users,
        nullif(sum(interactions)::bigint, 0) as interactions_of_users

    from user_days

    group by event_date

),

sessions_by_day as (

    select
        event_date,
        count(started_at) as sessions,

        -- Added up in order of size: a sum of floats in any order would differ in its last bits.
        avg(duration order by duration) as average_session_duration,
        quantile_cont(duration, 0.5) as p50_session_duration

    from user_sessions

    group by event_date

),

interactions_by_day as (

    select
        event_date,
        count(*) as total_interactions

    from ui_interactions

    group by event_date

),

-- How many users were active on one date, and before and after it not until two others.
activity as (

    select
        active_date,
        previous_date,
        next_date,
        count(user_id) as users

    from (

        select
            user_id,
            event_date as active_date,
            previous_active_date as previous_date,
            lead(event_date) over (partition by user_id order by event_date) as next_date

        from user_recency

    )

    group by active_date, previous_date, next_date

),

-- The week of a day are the 7 days to it, the week before are the 7 days before those, and the
-- month are the 28 days to it. A user is counted on the first or the last active date in them.
activity_by_day as (

    select
        event_dates.event_date,
        event_dates.event_date - 6 as week_start,
        event_dates.event_date - 13 as week_before_start,
        activity.active_date,
        activity.previous_date,
        activity.users,
        activity.active_date >= week_start
            and coalesce(activity.previous_date < week_start, true) as is_first_of_week,
        coalesce(activity.next_date > event_dates.event_date, true) as is_latest

    from event_dates

    inner join activity
        on activity.active_date between event_dates.event_date - 27 and event_dates.event_date

),

growth_by_day as (

    select
        event_date,
        coalesce(sum(users) filter (where is_latest), 0)::bigint as monthly_active_users,
        coalesce(sum(users) filter (where is_first_of_week), 0)::bigint as weekly_active_users,
        coalesce(
            sum(users) filter (where is_first_of_week and previous_date is null), 0
        )::bigint as new_users,
        coalesce(
            sum(users) filter (where is_first_of_week and previous_date >= week_before_start), 0
        )::bigint as returning_users,
        coalesce(
            sum(users) filter (where is_first_of_week and previous_date < week_before_start), 0
        )::bigint as resurrected_users,
        coalesce(
            sum(users) filter (
                where is_latest and active_date between week_before_start and week_start - 1
            ), 0
        )::bigint as churned_users

    from activity_by_day

    group by event_date

),

final as (

    select
        event_dates.event_date,
        users_by_day.active_users,
        interactions_by_day.total_interactions,
        users_by_day.interactions_of_users / users_by_day.active_users as interactions_per_user,
        users_by_day.queries_of_users / users_by_day.active_users as queries_per_user,
        growth_by_day.weekly_active_users,
        growth_by_day.monthly_active_users,
        users_by_day.active_users / growth_by_day.monthly_active_users as stickiness,
        growth_by_day.new_users,
        growth_by_day.returning_users,
        growth_by_day.resurrected_users,
        growth_by_day.churned_users,
        growth_by_day.churned_users
            / nullif(growth_by_day.returning_users + growth_by_day.churned_users, 0) as churn_rate,
        sessions_by_day.sessions,
        sessions_by_day.sessions / users_by_day.active_users as sessions_per_user,
        sessions_by_day.average_session_duration,
        sessions_by_day.p50_session_duration

    from event_dates

    left join users_by_day
        on event_dates.event_date = users_by_day.event_date

    left join interactions_by_day
        on event_dates.event_date = interactions_by_day.event_date

    left join sessions_by_day
        on event_dates.event_date = sessions_by_day.event_date

    left join growth_by_day
        on event_dates.event_date = growth_by_day.event_date

)

select * from final
