with

source as (

    select * from {{ source('lake', 'validated_events') }}

),

builds as (

    select
        event_id,
        event_date,
        timestamp,
        repository,
        pipeline,
        commit,
        status,
        started_at,
        finished_at

    from source

    where event_type = 'build'

)

select * from builds
