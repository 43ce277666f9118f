with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

query_costs as (

    select * from {{ ref('int_query_costs') }}

),

daily_costs as (

    select * from {{ ref('int_daily_costs').render() }}

),

active_users as (

    select
        event_date,
        active_users

    from {{ ref('daily_engagement_metrics') }}

),

costs_by_day as (

    select
        event_date,
        {{- cost_sums() }},
        {{ exact_sum('cost', where="cost_source = 'reported'") }} as reported_cost,
        {{ exact_sum('cost', where="cost_source = 'priced'") }} as priced_cost,
        {{ exact_sum('cost', where="outcome = 'miss'") }} as miss_cost,
        sum(queries) filter (where outcome = 'miss' and cost is not null) as misses_with_cost,
        {{ exact_sum('response_cache_savings', where="savings_source = 'reported'") }}
            as reported_response_cache_savings,
        {{ exact_sum('response_cache_savings', where="savings_source = 'priced'") }}
            as priced_response_cache_savings,
        {{ exact_sum('response_cache_savings', where="savings_source = 'estimated'") }}
            as estimated_response_cache_savings

    from query_costs

    group by event_date

),

recent_days as (

    select
        event_dates.event_date,
        daily_costs.event_date as recent_date,
        daily_costs.queries,
        daily_costs.total_cost,
        recent_date >= date_trunc('month', event_dates.event_date) as is_of_the_month,
        recent_date > event_dates.event_date - 7 as is_of_last_7_days

    from event_dates

    left join daily_costs
        on daily_costs.event_date between event_dates.event_date - 30 and event_dates.event_date

),

-- A day without queries spent nothing: it counts as 0 among the last 7 days.
recent_costs as (

    select
        event_date,
        {{ exact_sum('total_cost', where='is_of_the_month') }} as cost_month_to_date,
        {{ exact_sum('total_cost', where='is_of_last_7_days') }} / 7 as daily_cost_of_last_7_days,
        min(recent_date) filter (where queries > 0) <= event_date - 6 as has_7_days,
        last_day(event_date) - event_date as days_left_of_month

    from recent_days

    group by event_date

),

final as (

    select
        event_dates.event_date,
        costs_by_day.queries,
        costs_by_day.queries_with_cost,
        costs_by_day.unpriced_queries,
        costs_by_day.input_tokens,
        costs_by_day.output_tokens,
        costs_by_day.provider_cache_read_tokens,
        costs_by_day.provider_cache_write_tokens,
        costs_by_day.tokens_saved,
        costs_by_day.total_cost,
        costs_by_day.reported_cost,
        costs_by_day.priced_cost,
        costs_by_day.failed_query_cost,
        costs_by_day.answered_query_cost / nullif(costs_by_day.queries_with_cost, 0)
            as cost_per_query,
        costs_by_day.miss_cost / costs_by_day.misses_with_cost as cost_per_miss,
        costs_by_day.total_cost / active_users.active_users as cost_per_active_user,
        costs_by_day.response_cache_savings,
        costs_by_day.reported_response_cache_savings,
        costs_by_day.priced_response_cache_savings,
        costs_by_day.estimated_response_cache_savings,
        costs_by_day.provider_cache_savings,
        {{ savings_rate('costs_by_day.response_cache_savings', 'costs_by_day.total_cost') }}
            as savings_rate,
        recent_costs.cost_month_to_date,
        case
            when recent_costs.has_7_days
                then coalesce(recent_costs.cost_month_to_date, 0)
                    + recent_costs.daily_cost_of_last_7_days * recent_costs.days_left_of_month
        end as projected_month_cost

    from event_dates

    left join costs_by_day
        on event_dates.event_date = costs_by_day.event_date

    left join active_users
        on event_dates.event_date = active_users.event_date

    left join recent_costs
        on event_dates.event_date = recent_costs.event_date

)

select * from final
