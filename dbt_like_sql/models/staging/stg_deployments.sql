with

source as (

    select * from {{ source('lake', 'validated_events') }}

),

reports as (

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
        environment,
        {{ utc(text_in_extra([
            'committed_at',
            'github.workflow_run.head_commit.timestamp',
            'gitlab.deployable.commit.created_at',
        ])) }} as committed_at

    from source

    where event_type = 'deployment'

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
        environment,
        case
            when committed_at between timestamp '1970-01-01' and timestamp then committed_at
        end as committed_at

    from reports

)

select * from deployments
