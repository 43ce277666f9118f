with

source as (

    select * from {{ source('lake', 'validated_events') }}

),

system_metrics as (

    select
        event_id,
        event_date,
        timestamp,
        host,
        metric_name,
        value,
        unit

    from source

    where event_type = 'system_metric'

)

select * from system_metrics
