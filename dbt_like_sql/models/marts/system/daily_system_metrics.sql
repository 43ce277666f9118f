with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

metric_values as (

    select * from {{ ref('daily_metric_values') }}

),

host_metrics as (

    select * from {{ ref('daily_host_metrics') }}

),

log_entries as (

    select * from {{ ref('stg_log_entries') }}

),

usage_by_day as (

    select
        event_date,

        max(average) filter (where metric_name = 'cpu_usage') as cpu_usage_average,
        max(p95) filter (where metric_name = 'cpu_usage') as cpu_usage_p95,
        max(maximum) filter (where metric_name = 'cpu_usage') as cpu_usage_max,

        max(average) filter (where metric_name = 'memory_usage') as memory_usage_average,
        max(p95) filter (where metric_name = 'memory_usage') as memory_usage_p95,
        max(maximum) filter (where metric_name = 'memory_usage') as memory_usage_max,

        max(average) filter (where metric_name = 'disk_usage') as disk_usage_average,
        max(p95) filter (where metric_name = 'disk_usage') as disk_usage_p95,
        max(maximum) filter (where metric_name = 'disk_usage') as disk_usage_max

    from metric_values

    group by event_date

),

hosts_by_day as (

    select
        event_date,
        nullif(count(distinct host) filter (where host <> '(none)'), 0) as hosts,

        {%- for metric in ['cpu_usage', 'memory_usage', 'disk_usage'] %}
        sum(saturation_minutes order by saturation_minutes)
            filter (where metric_name = '{{ metric }}') as {{ metric }}_saturation_minutes
            {{- ',' if not loop.last }}
        {%- endfor %}

    from host_metrics

    group by event_date

),

log_entries_by_day as (

    select
        event_date,
        count(*) as log_entries,
        count(*) filter (where is_error) as error_log_entries

    from log_entries

    group by event_date

),

final as (

    select
        event_dates.event_date,
        usage_by_day.cpu_usage_average,
        usage_by_day.cpu_usage_p95,
        usage_by_day.cpu_usage_max,
        usage_by_day.memory_usage_average,
        usage_by_day.memory_usage_p95,
        usage_by_day.memory_usage_max,
        usage_by_day.disk_usage_average,
        usage_by_day.disk_usage_p95,
        usage_by_day.disk_usage_max,
        hosts_by_day.hosts,
        hosts_by_day.cpu_usage_saturation_minutes,
        hosts_by_day.memory_usage_saturation_minutes,
        hosts_by_day.disk_usage_saturation_minutes,
        log_entries_by_day.log_entries,
        log_entries_by_day.error_log_entries,
        log_entries_by_day.error_log_entries / log_entries_by_day.log_entries as error_rate

    from event_dates

    left join usage_by_day
        on event_dates.event_date = usage_by_day.event_date

    left join hosts_by_day
        on event_dates.event_date = hosts_by_day.event_date

    left join log_entries_by_day
        on event_dates.event_date = log_entries_by_day.event_date

)

select * from final
