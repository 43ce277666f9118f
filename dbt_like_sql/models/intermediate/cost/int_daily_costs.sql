with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

query_costs as (

    select * from {{ ref('int_query_costs') }}

),

costs_by_day as (

    select
        event_date,
        sum(queries)::bigint as queries,
        {{ exact_sum('cost') }} as total_cost

    from query_costs

    group by event_date

),

final as (

    select
        event_dates.event_date,
        costs_by_day.queries,
        costs_by_day.total_cost

    from event_dates

    left join costs_by_day
        on event_dates.event_date = costs_by_day.event_date

)

select * from final
