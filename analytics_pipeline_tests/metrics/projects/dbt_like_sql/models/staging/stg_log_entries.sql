with

source as (

    select * from {{ source('lake', 'validated_events') }}

),

log_entries as (

    select
        event_id,
        event_date,
        timestamp,
        component,
        level,
        message,
        level in (
            'ERROR', 'SEVERE', 'CRITICAL', 'ALERT', 'EMERGENCY', 'PANIC', 'FATAL'
        ) as is_error

    from source

    where event_type = 'log_entry'

)

select * from log_entries
