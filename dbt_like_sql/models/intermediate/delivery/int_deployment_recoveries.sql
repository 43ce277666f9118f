with

production_deployments as (

    select * from {{ ref('int_deployments').render() }}

    where is_production

),

failures as (

    select * from production_deployments

    where outcome = 'failure'

),

successes as (

    select
        event_date,
        repository,
        environment,
        deployed_at,
        min(finished_at) as finished_at

    from production_deployments

    where outcome = 'success'

    group by event_date, repository, environment, deployed_at

),

-- For each failed deployment the next successful one.
recovered_failures as (

    select
        successes.event_date,
        successes.repository,
        successes.environment,
        successes.deployed_at as recovered_at,
        failures.finished_at as failed_at,
        {{ seconds_between('failures.finished_at', 'successes.finished_at') }} as recovery_time

    from failures

    asof join successes
        on failures.repository = successes.repository
        and failures.environment = successes.environment
        and failures.deployed_at < successes.deployed_at

    where failures.event_date >= successes.event_date - 27

),

-- Failures in a row are one: it began with the first of them.
final as (

    select
        event_dates.event_date,
        recovered_failures.repository,
        recovered_failures.environment,
        recovered_failures.recovered_at,
        min(recovered_failures.failed_at) as failed_at,
        count(*) as failed_deployments,
        max(recovered_failures.recovery_time) as recovery_time

    from {{ source('lake', 'event_dates') }} as event_dates

    inner join recovered_failures
        on event_dates.event_date = recovered_failures.event_date

    group by
        event_dates.event_date,
        recovered_failures.repository,
        recovered_failures.environment,
        recovered_failures.recovered_at

)

select * from final
