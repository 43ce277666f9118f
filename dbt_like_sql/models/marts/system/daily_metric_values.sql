with

system_metrics as (

    select * from {{ ref('stg_system_metrics') }}

),

values_by_metric as (

    select
        event_date,
        metric_name,
        min(unit) as unit,
        count(distinct unit) > 1 as has_several_units,
        count(*) as samples,

        -- Added up in order of size: a sum of floats in any order would differ in its last bits.
        avg(value order by value) as average,
        quantile_cont(value, 0.95) as p95,
        max(value) as maximum

    from system_metrics

    group by event_date, metric_name

),

-- Values in different units have no average: they stay null.
final as (

    select
        event_date,
        metric_name,
        case when not has_several_units then unit end as unit,
        samples,
        case when not has_several_units then average end as average,
        case when not has_several_units then p95 end as p95,
        case when not has_several_units then maximum end as maximum

    from values_by_metric

)

select * from final
