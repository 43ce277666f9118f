with

cache_stores as (

    select * from {{ ref('stg_cache_stores') }}

),

cache_queries as (

    select * from {{ ref('stg_cache_queries') }}

),

uses_of_keys as (

    select
        event_date,
        cache_key,
        timestamp as stored_at,
        null::timestamp as hit_at

    from cache_stores

    union all

    select
        event_date,
        cache_key,
        null::timestamp as stored_at,
        timestamp as hit_at

    from cache_queries

    where cache_hit

),

final as (

    select
        event_date,
        cache_key,
        count(stored_at) as stores,
        min(stored_at) as first_stored_at,
        max(stored_at) as last_stored_at,
        count(hit_at) as hits,
        min(hit_at) as first_hit_at,
        max(hit_at) as last_hit_at

    from uses_of_keys

    where cache_key is not null

    group by event_date, cache_key

)

select * from final
