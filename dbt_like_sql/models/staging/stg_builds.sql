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
        {{ text_in_extra([
            'queue_time',
            'gitlab.queued_duration',
            'gitlab.object_attributes.queued_duration',
        ]) }} as queue_time,
        {{ utc(text_in_extra([
            'committed_at',
            'github.head_commit.timestamp',
            'github.workflow_run.head_commit.timestamp',
            'gitlab.commit.timestamp',
        ])) }} as committed_at

    from source

    where event_type = 'build'

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
        finished_at,
        case
            when try_cast(queue_time as double) between 0 and 1e8
                then try_cast(queue_time as double)
        end as queue_time,
        case
            when committed_at between timestamp '1970-01-01' and timestamp then committed_at
        end as committed_at

    from reports

)

select * from builds
