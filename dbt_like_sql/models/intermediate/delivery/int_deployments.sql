with

reports as (

    select
        *,

        -- Several reports of one run have identities that begin alike, with the URL of the run.
        case
            when event_id like 'http%#%'
                then regexp_replace(event_id, '(/statuses/[^/#]+)?#[^#]*$', '')
            else event_id
        end as run

    from {{ ref('stg_deployments') }}

),

-- The report of the end need not repeat what was told at the start.
completed_reports as (

    select
        event_date,
        event_id,
        repository,
        coalesce(pipeline, max(pipeline) over same_run, '(none)') as pipeline,
        environment,
        coalesce(commit, max(commit) over same_run) as commit,
        status,
        coalesce(started_at, min(started_at) over same_run) as started_at,
        finished_at,
        coalesce(committed_at, min(committed_at) over same_run) as committed_at

    from reports

    window same_run as (partition by event_date, run)

),

deployments as (

    select
        *,
        {{ outcome('status') }} as outcome,
        {{ is_production('environment') }} as is_production,
        greatest(
            event_date::timestamp,
            least(finished_at, event_date + interval 1 day - interval 1 microsecond)
        ) as deployed_at

    from completed_reports

    where finished_at is not null

),

first_builds as (

    select
        deployments.event_date,
        deployments.event_id,
        min(builds.committed_at) as committed_at,
        min(builds.timestamp) as first_built_at

    from deployments

    inner join {{ ref('int_builds').render() }} as builds
        on deployments.repository = builds.repository
        and deployments.commit = builds.commit
        and builds.event_date between deployments.event_date - 30 and deployments.event_date

    group by deployments.event_date, deployments.event_id

),

final as (

    select
        deployments.event_date,
        deployments.event_id,
        deployments.repository,
        deployments.pipeline,
        deployments.environment,
        deployments.is_production,
        deployments.commit,
        deployments.outcome,
        deployments.started_at,
        deployments.finished_at,
        deployments.deployed_at,
        coalesce(
            deployments.committed_at, first_builds.committed_at, first_builds.first_built_at
        ) as changed_at,
        case
            when deployments.outcome = 'success'
                then {{ seconds_between('changed_at', 'deployments.finished_at') }}
        end as lead_time

    from deployments

    left join first_builds
        on deployments.event_date = first_builds.event_date
        and deployments.event_id = first_builds.event_id

)

select * from final
