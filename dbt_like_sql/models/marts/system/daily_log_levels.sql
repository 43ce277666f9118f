with

log_entries as (

    select
        event_date,
        coalesce(component, '(none)') as component,
        level,
        is_error

    from {{ ref('stg_log_entries') }}

),

entries_by_level as (

    select
        event_date,
        component,
        level,
        is_error,
        count(*) as log_entries

    from log_entries

    group by event_date, component, level, is_error

),

final as (

    select
        *,
        log_entries / sum(log_entries) over (partition by event_date, component) as rate

    from entries_by_level

)

select * from final
