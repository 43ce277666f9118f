{%- set query_dimensions = ['model', 'language', 'framework', 'team', 'match_type'] -%}
{#- A question that failed was matched with no entry: it has no match_type. -#}
{%- set failure_dimensions = ['model', 'language', 'framework', 'team'] -%}

with

cache_queries as (

    select
        event_date,
        cache_hit,
        response_time,
        {{ stated_dimensions(query_dimensions) }}

    from {{ ref('stg_cache_queries') }}

),

failed_queries as (

    select
        event_date,
        {{ stated_dimensions(failure_dimensions) }}

    from {{ ref('stg_failed_queries') }}

),

queries_by_slice as (

    select
        event_date,
        {{ slice_columns(query_dimensions) }},
        count(*) as total_queries,
        count(*) filter (where cache_hit) as cache_hits,
        count(*) filter (where not cache_hit) as cache_misses,

        -- Added up in order of size: a sum of floats in any order would differ in its last bits.
        {{ response_time_aggregates('', 'true') }},
        {{ response_time_aggregates('hit_', 'cache_hit') }},
        {{ response_time_aggregates('miss_', 'not cache_hit') }}

    from cache_queries

    group by {{ slice_groups(query_dimensions) }}

),

failed_queries_by_slice as (

    select
        event_date,
        {{ slice_columns(failure_dimensions) }},
        count(*) as failed_queries

    from failed_queries

    group by {{ slice_groups(failure_dimensions) }}

),

counts_by_slice as (

    select
        event_date,
        dimension,
        value,
        coalesce(queries_by_slice.total_queries, 0) as total_queries,
        coalesce(queries_by_slice.cache_hits, 0) as cache_hits,
        coalesce(queries_by_slice.cache_misses, 0) as cache_misses,
        case
            when dimension <> 'match_type'
                then coalesce(failed_queries_by_slice.failed_queries, 0)
        end as failed_queries,
        {{ response_time_columns('', 'queries_by_slice') }},
        {{ response_time_columns('hit_', 'queries_by_slice') }},
        {{ response_time_columns('miss_', 'queries_by_slice') }}

    from queries_by_slice

    full outer join failed_queries_by_slice
        using (event_date, dimension, value)

),

final as (

    select
        *,
        cache_hits / nullif(total_queries, 0) as hit_rate,
        failed_queries / (total_queries + failed_queries) as error_rate

    from counts_by_slice

)

select * from final
