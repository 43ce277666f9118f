with

source as (

    select * from {{ source('lake', 'validated_events') }}

),

build_jobs as (

    select
        event_id,
        event_date,
        timestamp,
        repository,
        pipeline,
        job,
        commit,
        status,
        started_at,
        finished_at

    from source

    where event_type = 'build_job'

)

select * from build_jobs
