with

requests as (

    select
        event_date,
        timestamp,
        cache_hit,
        response_time,
        false as is_failed

    from {{ ref('stg_cache_queries') }}

    union all

    select
        event_date,
        timestamp,
        null as cache_hit,
        null as response_time,
        true as is_failed

    from {{ ref('stg_failed_queries') }}

),

requests_by_hour as (

    select
        event_date,
        date_trunc('hour', timestamp) as hour,
        count(*) filter (where not is_failed) as total_queries,
        count(*) filter (where cache_hit) as cache_hits,
        count(*) filter (where is_failed) as failed_queries,

        -- Added up in order of size: a sum of floats in any order would differ in its last bits.
        avg(response_time order by response_time) as average_response_time

    from requests

    group by event_date, hour

),

-- All hours of a day that has some: an hour of silence is one without queries.
hours as (

    select
        event_date,
        event_date + unnest(range(24)) * interval 1 hour as hour

    from (select distinct event_date from requests_by_hour)

),

final as (

    select
        hours.event_date,
        hours.hour,
        coalesce(requests_by_hour.total_queries, 0) as total_queries,
        coalesce(requests_by_hour.cache_hits, 0) as cache_hits,
        requests_by_hour.cache_hits / nullif(requests_by_hour.total_queries, 0) as hit_rate,
        coalesce(requests_by_hour.failed_queries, 0) as failed_queries,
        requests_by_hour.failed_queries
            / (requests_by_hour.total_queries + requests_by_hour.failed_queries) as error_rate,
        requests_by_hour.average_response_time

    from hours

    left join requests_by_hour
        on hours.event_date = requests_by_hour.event_date
        and hours.hour = requests_by_hour.hour

)

select * from final
