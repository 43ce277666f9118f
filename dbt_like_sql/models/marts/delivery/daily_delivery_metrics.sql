with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

builds_by_day as (

    select
        event_date,
        count(*) as builds,
        count(*) filter (where outcome = 'failure') as failed_builds,
        count(*) filter (where outcome in ('success', 'failure')) as decided_builds,

        -- Added up in order of size: a sum of floats in any order would differ in its last bits.
        avg(duration order by duration) as average_build_duration,
        quantile_cont(duration, [0.5, 0.95]) as duration_percentiles,
        quantile_cont(queue_time, [0.5, 0.95]) as queue_time_percentiles

    from {{ ref('int_builds') }}

    group by event_date

),

-- Each deployment stands for its own day and for the 27 days after it.
recent_deployments as (

    select
        event_dates.event_date,
        event_dates.event_date = deployments.event_date as is_of_day,
        deployments.is_production and deployments.outcome = 'success' as is_success,
        deployments.is_production and deployments.outcome = 'failure' as is_failure,
        case when deployments.is_production then deployments.lead_time end as lead_time

    from event_dates

    inner join {{ ref('int_deployments').render() }} as deployments
        on deployments.event_date between event_dates.event_date - 27 and event_dates.event_date

),

deployments_by_day as (

    select
        event_date,
        count(*) filter (where is_of_day) as deployments,
        count(*) filter (where is_of_day and is_success) as successes,
        count(*) filter (where is_of_day and is_failure) as failures,
        median(lead_time) filter (where is_of_day) as lead_time,
        count(*) filter (where is_success) as recent_successes,
        count(*) filter (where is_failure) as recent_failures,
        median(lead_time) as recent_lead_time

    from recent_deployments

    group by event_date

),

recoveries_by_day as (

    select
        event_dates.event_date,
        median(recoveries.recovery_time)
            filter (where recoveries.event_date = event_dates.event_date) as recovery_time,
        median(recoveries.recovery_time) as recent_recovery_time

    from event_dates

    inner join {{ ref('int_deployment_recoveries').render() }} as recoveries
        on recoveries.event_date between event_dates.event_date - 27 and event_dates.event_date

    group by event_dates.event_date

),

final as (

    select
        event_dates.event_date,

        builds.builds,
        builds.failed_builds,
        builds.failed_builds / nullif(builds.decided_builds, 0) as build_failure_rate,
        builds.average_build_duration,
        builds.duration_percentiles[1] as p50_build_duration,
        builds.duration_percentiles[2] as p95_build_duration,
        builds.queue_time_percentiles[1] as p50_queue_time,
        builds.queue_time_percentiles[2] as p95_queue_time,

        deployments.deployments,
        deployments.successes + deployments.failures as production_deployments,
        deployments.failures as failed_production_deployments,

        deployments.successes as deployment_frequency,
        deployments.lead_time as lead_time_for_changes,
        deployments.failures
            / nullif(deployments.successes + deployments.failures, 0) as change_failure_rate,
        recoveries.recovery_time as failed_deployment_recovery_time,

        deployments.recent_successes / 28 as deployment_frequency_28d,
        deployments.recent_lead_time as lead_time_for_changes_28d,
        deployments.recent_failures / nullif(
            deployments.recent_successes + deployments.recent_failures, 0
        ) as change_failure_rate_28d,
        recoveries.recent_recovery_time as failed_deployment_recovery_time_28d

    from event_dates

    left join builds_by_day as builds
        on event_dates.event_date = builds.event_date

    left join deployments_by_day as deployments
        on event_dates.event_date = deployments.event_date

    left join recoveries_by_day as recoveries
        on event_dates.event_date = recoveries.event_date

)

select * from final
