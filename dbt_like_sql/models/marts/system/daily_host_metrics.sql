with

-- Of values at the same time the greatest comes last: it is the one that lasts.
samples as (

    select
        event_date,
        coalesce(host, '(none)') as host,
        metric_name,
        unit,
        value,
        epoch_us(event_date + interval 1 day) - epoch_us(timestamp) as rest_of_day,
        epoch_us(
            lead(timestamp) over (
                partition by event_date, host, metric_name
                order by timestamp, value
            )
        ) - epoch_us(timestamp) as gap

    from {{ ref('stg_system_metrics') }}

),

typical_gaps as (

    select
        event_date,
        host,
        metric_name,
        quantile_cont(gap, 0.5) filter (where gap > 0) as median_gap

    from samples

    group by event_date, host, metric_name

),

-- An outage of what measures is no time of saturation: a sample lasts two usual gaps at most.
lasting_samples as (

    select
        samples.*,
        case
            when median_gap is null then null
            when gap is null then least(median_gap, rest_of_day)
            else least(gap, 2 * median_gap)
        end::bigint as lasts

    from samples

    inner join typical_gaps
        on samples.event_date = typical_gaps.event_date
        and samples.host = typical_gaps.host
        and samples.metric_name = typical_gaps.metric_name

),

values_by_host as (

    select
        event_date,
        host,
        metric_name,
        case when min(unit) = max(unit) then min(unit) end as unit,
        count(*) as samples,
        coalesce(min(unit) <> max(unit), false) as has_several_units,

        -- Added up in order of size: a sum of floats in any order would differ in its last bits.
        avg(value order by value) as average,
        quantile_cont(value, 0.95) as p95,
        min(value) as minimum,
        max(value) as maximum,
        sum(
            case when value >= {{ var('saturation_percent') }} then lasts else 0 end
        ) filter (where lasts is not null)::bigint as saturation

    from lasting_samples

    group by event_date, host, metric_name

),

-- Values in different units have no average: they stay null.
final as (

    select
        event_date,
        host,
        metric_name,
        unit,
        samples,
        case when not has_several_units then average end as average,
        case when not has_several_units then p95 end as p95,
        case when not has_several_units then minimum end as minimum,
        case when not has_several_units then maximum end as maximum,

        not has_several_units and {{ is_percent('metric_name', 'unit') }} as is_percent,
        case when is_percent then average / 100 end as utilization,
        case when is_percent then saturation / 6e7 end as saturation_minutes

    from values_by_host

)

select * from final
