with

log_entries as (

    select
        event_date,
        coalesce(component, '(none)') as component,
        level,
        is_error

    from {{ ref('stg_log_entries') }}

),

entries_by_component as (

    select
        event_date,
        component,
        count(*) as log_entries,
        count(*) filter (where is_error) as error_log_entries,
        count(*) filter (where level in ('WARN', 'WARNING')) as warning_log_entries

    from log_entries

    group by event_date, component

),

final as (

    select
        event_date,
        component,
        log_entries,
        error_log_entries,
        warning_log_entries,
        error_log_entries / log_entries as error_rate,
        warning_log_entries / log_entries as warning_rate,
        log_entries / sum(log_entries) over (partition by event_date) as share_of_entries,
        error_log_entries / nullif(
            sum(error_log_entries) over (partition by event_date), 0
        ) as share_of_errors

    from entries_by_component

)

select * from final
