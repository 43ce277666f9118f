with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

headline_metrics as (
    {{ headline_metrics() }}
),

windows as (

    select unnest([7, 28, 90]) as window_days

),

headline_values as (

    select * from {{ ref('int_headline_values').render() }}

    where value is not null

),

values_by_window as (

    select
        event_dates.event_date,
        windows.window_days,
        headline_values.metric,
        max(headline_values.value)
            filter (where headline_values.event_date = event_dates.event_date) as value,
        list(headline_values.value order by headline_values.event_date) as daily_values,
        list(headline_values.event_date - date '1970-01-01' order by headline_values.event_date)
            as day_numbers,

        -- Added up in order of size: a sum of floats in any order would differ in its last bits.
        avg(headline_values.value order by headline_values.value) as window_mean

    from event_dates

    cross join windows

    inner join headline_values
        on headline_values.event_date
            between event_dates.event_date - windows.window_days + 1 and event_dates.event_date

    group by event_dates.event_date, windows.window_days, headline_values.metric

),

values_by_previous_window as (

    select
        event_dates.event_date,
        windows.window_days,
        headline_values.metric,
        count(*) as days_with_value,
        avg(headline_values.value order by headline_values.value) as window_mean

    from event_dates

    cross join windows

    inner join headline_values
        on headline_values.event_date
            between event_dates.event_date - 2 * windows.window_days + 1
            and event_dates.event_date - windows.window_days

    group by event_dates.event_date, windows.window_days, headline_values.metric

),

windows_of_metrics as (

    select
        event_dates.event_date,
        headline_metrics.metric,
        windows.window_days,
        headline_metrics.good_direction,
        this_window.value,
        this_window.daily_values,
        this_window.day_numbers,
        coalesce(len(this_window.daily_values), 0) as days_with_value,
        this_window.window_mean,
        coalesce(previous_window.days_with_value, 0) as previous_days_with_value,
        previous_window.window_mean as previous_window_mean

    from event_dates

    cross join headline_metrics

    cross join windows

    left join values_by_window as this_window
        on event_dates.event_date = this_window.event_date
        and headline_metrics.metric = this_window.metric
        and windows.window_days = this_window.window_days

    left join values_by_previous_window as previous_window
        on event_dates.event_date = previous_window.event_date
        and headline_metrics.metric = previous_window.metric
        and windows.window_days = previous_window.window_days

),

-- One slope for each pair of a day and an earlier one, and the values that occur more than once.
pairs as (

    select
        *,
        flatten([
            [
                (daily_values[later] - daily_values[earlier])
                / (day_numbers[later] - day_numbers[earlier])
                for earlier in range(1, later)
            ]
            for later in range(2, days_with_value + 1)
        ]) as slopes,
        map_values(list_histogram(daily_values)) as ties

    from windows_of_metrics

    where days_with_value >= greatest({{ var('trend_minimum_values') }}, window_days / 2)

),

mann_kendall as (

    select
        event_date,
        metric,
        window_days,
        list_median(slopes) as slope,
        list_sum([sign(slope) for slope in slopes])::bigint as s,
        (
            days_with_value * (days_with_value - 1) * (2 * days_with_value + 5)
            - list_sum([tied * (tied - 1) * (2 * tied + 5) for tied in ties])
        ) / 18 as variance_of_s

    from pairs

),

-- Continuity: S moves in steps, of which half is taken off. Equal values alone have no variance.
standardized as (

    select
        *,
        case when s = 0 then 0 else (s - sign(s)) / sqrt(variance_of_s) end as z

    from mann_kendall

),

tested as (

    select
        *,
        {{ two_sided_p_value('z') }} as p_value

    from standardized

),

trends as (

    select
        windows_of_metrics.*,
        tested.slope,
        tested.s,
        tested.z,
        tested.p_value,
        tested.p_value < {{ var('trend_significance') }} as is_significant,
        case when tested.s > 0 then 'higher' else 'lower' end as trend_direction

    from windows_of_metrics

    left join tested
        on windows_of_metrics.event_date = tested.event_date
        and windows_of_metrics.metric = tested.metric
        and windows_of_metrics.window_days = tested.window_days

),

final as (

    select
        event_date,
        metric,
        window_days,
        good_direction,
        value,
        days_with_value,
        window_mean,
        previous_days_with_value,
        previous_window_mean,
        case
            when least(days_with_value, previous_days_with_value) >= window_days / 2 then
                {{ relative_change('window_mean', 'previous_window_mean') }}
        end as change,
        slope,
        s as mann_kendall_s,
        z as mann_kendall_z,
        p_value,
        case
            when is_significant is not true then 'no evidence'
            when trend_direction = good_direction then 'improving'
            when good_direction is not null then 'worsening'
        end as direction,
        case
            when p_value is null then 'not enough days'
            when not is_significant then 'not significant'
            when good_direction is null then 'neither direction is good'
        end as reason

    from trends

)

select * from final
