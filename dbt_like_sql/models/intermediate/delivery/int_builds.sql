with

-- A run is told several times, such as queued, running and ended: its end counts.
ended_builds as (

    select
        event_date,
        event_id,
        repository,
        coalesce(pipeline, '(none)') as pipeline,
        commit,
        {{ outcome('status') }} as outcome,
        timestamp,
        committed_at,
        finished_at,
        coalesce(started_at, timestamp + to_microseconds((queue_time * 1e6)::bigint)) as started_at,

        -- A timestamp before the start is that of the wait; one at the start says nothing of it.
        case
            when timestamp < started_at then {{ seconds_between('timestamp', 'started_at') }}
            else queue_time
        end as queue_time

    from {{ ref('stg_builds') }}

    where finished_at is not null

),

final as (

    select
        event_date,
        event_id,
        repository,
        pipeline,
        commit,
        outcome,
        timestamp,
        committed_at,
        started_at,
        finished_at,
        queue_time,
        {{ seconds_between('started_at', 'finished_at') }} as duration

    from ended_builds

)

select * from final
