with

source as (

    select * from {{ source('lake', 'validated_events') }}

),

deployments as (

    select
        event_id,
        event_date,
        timestamp,
        repository,
        pipeline,
        commit,
        status,
        started_at,
        finished_at,
        environment

    from source

    where event_type = 'deployment'

)

select * from deployments
