with

repeated_misses as (

    select * from {{ ref('int_repeated_misses') }}

),

final as (

    select
        event_date,
        cause,
        model,
        sum(misses)::bigint as misses,
        count(*) as questions,
        sum(within_hour)::bigint as misses_within_hour,
        sum(within_day)::bigint as misses_within_day,
        sum(misses_with_cost)::bigint as misses_with_cost,
        {{ exact_sum('cost') }} as cost,
        sum(misses_with_response_time)::bigint as misses_with_response_time,
        sum(response_time order by response_time) as response_time

    from repeated_misses

    group by event_date, cause, model

)

select * from final
