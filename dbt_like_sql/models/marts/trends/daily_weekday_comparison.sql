with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

headline_metrics as (
    {{ headline_metrics() }}
),

headline_values as (

    select * from {{ ref('int_headline_values').render() }}

    where value is not null

),

same_weekdays as (

    select
        event_dates.event_date,
        headline_values.metric,
        max(headline_values.value)
            filter (where headline_values.event_date = event_dates.event_date) as value,
        max(headline_values.value)
            filter (where headline_values.event_date = event_dates.event_date - 7)
            as value_week_before,
        count(*)
            filter (where headline_values.event_date < event_dates.event_date)
            as weeks_with_value,

        -- Added up in order of size: a sum of floats in any order would differ in its last bits.
        avg(headline_values.value order by headline_values.value)
            filter (where headline_values.event_date < event_dates.event_date)
            as four_weeks_mean

    from event_dates

    inner join headline_values
        on headline_values.event_date
            between event_dates.event_date - 28 and event_dates.event_date
        and (event_dates.event_date - headline_values.event_date) % 7 = 0

    group by event_dates.event_date, headline_values.metric

),

-- The days on which a metric has a value both then and a week before.
compared_days as (

    select
        days.event_date,
        days.metric,
        days.value,
        week_before.value as value_week_before

    from headline_values as days

    inner join headline_values as week_before
        on days.metric = week_before.metric
        and days.event_date = week_before.event_date + 7

),

weeks as (

    select
        event_dates.event_date,
        compared_days.metric,
        count(*) as days_compared,
        avg(compared_days.value order by compared_days.value) as week_mean,
        avg(compared_days.value_week_before order by compared_days.value_week_before)
            as previous_week_mean

    from event_dates

    inner join compared_days
        on compared_days.event_date between event_dates.event_date - 6 and event_dates.event_date

    group by event_dates.event_date, compared_days.metric

),

compared as (

    select
        event_dates.event_date,
        headline_metrics.metric,
        headline_metrics.good_direction,
        same_weekdays.value,
        same_weekdays.value_week_before,
        coalesce(same_weekdays.weeks_with_value, 0) as weeks_with_value,
        same_weekdays.four_weeks_mean,
        coalesce(weeks.days_compared, 0) as days_compared,
        weeks.week_mean,
        weeks.previous_week_mean

    from event_dates

    cross join headline_metrics

    left join same_weekdays
        on event_dates.event_date = same_weekdays.event_date
        and headline_metrics.metric = same_weekdays.metric

    left join weeks
        on event_dates.event_date = weeks.event_date
        and headline_metrics.metric = weeks.metric

),

final as (

    select
        event_date,
        metric,
        good_direction,
        value,
        value_week_before,
        {{ relative_change('value', 'value_week_before') }} as change_to_week_before,
        weeks_with_value,
        four_weeks_mean,
        case
            when weeks_with_value >= 2 then {{ relative_change('value', 'four_weeks_mean') }}
        end as change_to_four_weeks,
        days_compared,
        week_mean,
        previous_week_mean,
        case
            when days_compared >= 4 then {{ relative_change('week_mean', 'previous_week_mean') }}
        end as change_of_week

    from compared

)

select * from final
