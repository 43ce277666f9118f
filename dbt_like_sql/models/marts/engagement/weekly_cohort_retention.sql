{{ config(meta={'history_days': 90}) }}

with

event_dates as (

    select
        event_date,
        date_trunc('week', event_date)::date as event_week

    from {{ source('lake', 'event_dates') }}

),

user_recency as (

    select * from {{ ref('int_user_recency').render() }}

),

activity as (

    select
        user_id,
        event_date as active_date,
        date_trunc('week', event_date)::date as active_week,
        previous_active_date,
        max(event_date) filter (where previous_active_date is null) over (
            partition by user_id order by event_date
        ) as first_date,
        date_trunc('week', first_date)::date as cohort_week

    from user_recency

),

first_days as (

    select
        first_date,
        cohort_week,
        count(user_id) as users

    from activity

    where active_date = first_date

    group by first_date, cohort_week

),

cohorts as (

    select
        event_dates.event_date,
        event_dates.event_week,
        first_days.cohort_week,
        sum(first_days.users)::bigint as cohort_users

    from event_dates

    inner join first_days
        on first_days.first_date between event_dates.event_week - 84 and event_dates.event_date

    group by all

),

-- A user is counted on the first active date of the week.
retained as (

    select
        event_dates.event_date,
        activity.cohort_week,
        count(activity.user_id) as retained_users

    from event_dates

    inner join activity
        on event_dates.event_week = activity.active_week
        and event_dates.event_date >= activity.active_date
        and coalesce(activity.previous_active_date < activity.active_week, true)

    group by all

),

final as (

    select
        cohorts.event_date,
        cohorts.cohort_week,
        ((cohorts.event_week - cohorts.cohort_week) // 7)::integer as weeks_since,
        cohorts.event_date = cohorts.event_week + 6 as is_complete_week,
        cohorts.cohort_users,
        coalesce(retained.retained_users, 0) as retained_users,
        coalesce(retained.retained_users, 0) / cohorts.cohort_users as retention_rate

    from cohorts

    left join retained
        on cohorts.event_date = retained.event_date
        and cohorts.cohort_week = retained.cohort_week

)

select * from final
