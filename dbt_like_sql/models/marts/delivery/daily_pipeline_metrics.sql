with

builds as (

    select * from {{ ref('int_builds') }}

),

builds_by_pipeline as (

    select
        event_date,
        repository,
        pipeline,
        count(*) as builds,
        count(*) filter (where outcome = 'success') as successful_builds,
        count(*) filter (where outcome = 'failure') as failed_builds,

        -- Added up in order of size: a sum of floats in any order would differ in its last bits.
        avg(duration order by duration) as average_duration,
        quantile_cont(duration, [0.5, 0.95]) as duration_percentiles,
        quantile_cont(queue_time, [0.5, 0.95]) as queue_time_percentiles

    from builds

    group by event_date, repository, pipeline

),

recent_commits as (

    select
        builds_by_pipeline.event_date,
        builds_by_pipeline.repository,
        builds_by_pipeline.pipeline,
        recent_builds.commit,
        count(distinct recent_builds.outcome) = 2 as is_flaky

    from builds_by_pipeline

    inner join {{ ref('int_builds').render() }} as recent_builds
        on builds_by_pipeline.repository = recent_builds.repository
        and builds_by_pipeline.pipeline = recent_builds.pipeline
        and recent_builds.event_date
            between builds_by_pipeline.event_date - 13 and builds_by_pipeline.event_date

    where
        recent_builds.commit is not null
        and recent_builds.outcome in ('success', 'failure')

    group by
        builds_by_pipeline.event_date,
        builds_by_pipeline.repository,
        builds_by_pipeline.pipeline,
        recent_builds.commit

),

commits_by_pipeline as (

    select
        event_date,
        repository,
        pipeline,
        count(*) as commits,
        count(*) filter (where is_flaky) as flaky_commits

    from recent_commits

    group by event_date, repository, pipeline

),

final as (

    select
        builds.event_date,
        builds.repository,
        builds.pipeline,
        builds.builds,
        builds.failed_builds,
        builds.failed_builds
            / nullif(builds.successful_builds + builds.failed_builds, 0) as failure_rate,
        builds.average_duration,
        builds.duration_percentiles[1] as p50_duration,
        builds.duration_percentiles[2] as p95_duration,
        builds.queue_time_percentiles[1] as p50_queue_time,
        builds.queue_time_percentiles[2] as p95_queue_time,
        commits.commits as commits_14d,
        commits.flaky_commits as flaky_commits_14d,
        commits.flaky_commits > 0 as is_flaky

    from builds_by_pipeline as builds

    left join commits_by_pipeline as commits
        on builds.event_date = commits.event_date
        and builds.repository = commits.repository
        and builds.pipeline = commits.pipeline

)

select * from final
