with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

cache_queries as (

    select * from {{ ref('stg_cache_queries') }}

),

queries_by_day as (

    select
        event_date,
        count(*) as total_queries,
        count(*) filter (where cache_hit) as cache_hits,

        -- Added up in order of size: a sum of floats in any order would differ in its last bits.
        avg(response_time order by response_time) as average_response_time,
        quantile_cont(response_time, [0.5, 0.95, 0.99]) as response_time_percentiles

    from cache_queries

    group by event_date

),

final as (

    select
        event_dates.event_date,
        queries_by_day.total_queries,
        queries_by_day.cache_hits,
        queries_by_day.cache_hits / queries_by_day.total_queries as hit_rate,
        queries_by_day.average_response_time,
        queries_by_day.response_time_percentiles[1] as p50_response_time,
        queries_by_day.response_time_percentiles[2] as p95_response_time,
        queries_by_day.response_time_percentiles[3] as p99_response_time

    from event_dates

    left join queries_by_day
        on event_dates.event_date = queries_by_day.event_date

)

select * from final
