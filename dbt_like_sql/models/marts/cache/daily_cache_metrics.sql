with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

cache_queries as (

    select * from {{ ref('stg_cache_queries') }}

),

failed_queries as (

    select * from {{ ref('stg_failed_queries') }}

),

cache_stores as (

    select * from {{ ref('stg_cache_stores') }}

),

queries_by_day as (

    select
        event_date,
        count(*) as total_queries,
        count(*) filter (where cache_hit) as cache_hits,
        count(*) filter (where not cache_hit) as cache_misses,
        count(*) filter (where cache_hit and match_type = 'exact') as exact_hits,
        count(*) filter (where cache_hit and match_type = 'semantic') as semantic_hits,
        count(*) filter (where cache_hit and match_type = 'intent') as intent_hits,

        -- Added up in order of size: a sum of floats in any order would differ in its last bits.
        {{ response_time_aggregates('', 'true') }},
        {{ response_time_aggregates('hit_', 'cache_hit') }},
        {{ response_time_aggregates('miss_', 'not cache_hit') }}

    from cache_queries

    group by event_date

),

-- Events that do not state a model are compared with each other.
response_times_by_model as (

    select
        event_date,
        avg(response_time order by response_time)
            filter (where not cache_hit) as average_miss_response_time,
        count(response_time) filter (where cache_hit) as hits,
        sum(response_time order by response_time)
            filter (where cache_hit) as response_time_of_hits

    from cache_queries

    group by event_date, model

),

time_saved_by_model as (

    select
        event_date,
        hits,
        average_miss_response_time * hits - response_time_of_hits as time_saved

    from response_times_by_model

    where
        hits > 0
        and average_miss_response_time is not null

),

time_saved_by_day as (

    select
        event_date,
        sum(hits)::bigint as hits,
        sum(time_saved order by time_saved) as time_saved

    from time_saved_by_model

    group by event_date

),

failed_queries_by_day as (

    select
        event_date,
        count(*) as failed_queries

    from failed_queries

    group by event_date

),

stores_by_day as (

    select
        event_date,
        count(*) as stores

    from cache_stores

    group by event_date

),

-- Where some questions were answered and none failed, it is known that 0 failed.
outcomes_by_day as (

    select
        event_dates.event_date,
        coalesce(queries_by_day.total_queries, 0) as answered,
        coalesce(failed_queries_by_day.failed_queries, 0) as failed

    from event_dates

    left join queries_by_day
        on event_dates.event_date = queries_by_day.event_date

    left join failed_queries_by_day
        on event_dates.event_date = failed_queries_by_day.event_date

),

final as (

    select
        event_dates.event_date,
        queries_by_day.total_queries,
        queries_by_day.cache_hits,
        queries_by_day.cache_misses,
        queries_by_day.cache_hits / queries_by_day.total_queries as hit_rate,
        queries_by_day.exact_hits,
        queries_by_day.semantic_hits,
        queries_by_day.intent_hits,
        {{ response_time_columns('', 'queries_by_day') }},
        {{ response_time_columns('hit_', 'queries_by_day') }},
        {{ response_time_columns('miss_', 'queries_by_day') }},

        case
            when queries_by_day.cache_hits = 0 then 0::double
            else time_saved_by_day.time_saved
        end as time_saved,
        case
            when queries_by_day.total_queries > 0 then coalesce(time_saved_by_day.hits, 0)
        end as time_saved_hits,

        stores_by_day.stores,
        stores_by_day.stores / nullif(queries_by_day.cache_hits, 0) as store_to_hit_ratio,
        case
            when outcomes_by_day.answered + outcomes_by_day.failed > 0 then outcomes_by_day.failed
        end as failed_queries,
        outcomes_by_day.failed
            / nullif(outcomes_by_day.answered + outcomes_by_day.failed, 0) as error_rate

    from event_dates

    left join queries_by_day
        on event_dates.event_date = queries_by_day.event_date

    left join time_saved_by_day
        on event_dates.event_date = time_saved_by_day.event_date

    left join stores_by_day
        on event_dates.event_date = stores_by_day.event_date

    left join outcomes_by_day
        on event_dates.event_date = outcomes_by_day.event_date

)

select * from final
