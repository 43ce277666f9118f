{%- set known_store_days = 30 -%}
{%- set never_hit_days = var('never_hit_days') -%}
{{ config(meta={'history_days': [known_store_days, never_hit_days] | max}) }}

with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

cache_queries as (

    select * from {{ ref('stg_cache_queries') }}

),

cache_stores as (

    select * from {{ ref('stg_cache_stores') }}

),

key_days as (

    select * from {{ ref('int_cache_key_days').render() }}

),

cache_days as (

    select * from {{ ref('daily_cache_metrics').render() }}

),

hits as (

    select
        event_date,
        cache_key,
        timestamp as hit_at

    from cache_queries

    where
        cache_hit
        and cache_key is not null

),

-- Every store of the day itself; of an earlier day only the last one can be the latest.
stores as (

    select
        event_date,
        cache_key,
        timestamp as stored_at

    from cache_stores

    union all

    select
        event_date,
        cache_key,
        last_stored_at as stored_at

    from key_days

    where stores > 0

),

hits_with_store as (

    select
        hits.event_date,
        case
            when stores.event_date >= hits.event_date - {{ known_store_days }}
                then (epoch_us(hits.hit_at) - epoch_us(stores.stored_at)) / 1000000
        end as key_age

    from hits

    asof left join stores
        on hits.cache_key = stores.cache_key
        and hits.hit_at >= stores.stored_at

),

key_ages_by_day as (

    select
        event_date,
        count(key_age) as hits_with_known_store,
        avg(key_age order by key_age) as average_key_age_at_hit,
        quantile_cont(key_age, [0.5, 0.95]) as key_age_percentiles

    from hits_with_store

    group by event_date

),

keys_by_day as (

    select
        event_date,
        count(*) filter (where stores > 0) as entries_stored,
        sum(hits)::bigint as hits

    from key_days

    group by event_date

),

cohort_entries as (

    select
        event_dates.event_date,
        key_days.cache_key,
        key_days.first_stored_at

    from event_dates

    inner join key_days
        on event_dates.event_date - {{ never_hit_days }} = key_days.event_date

    where key_days.stores > 0

),

hit_days as (

    select
        event_date,
        cache_key,
        last_hit_at

    from key_days

    where hits > 0

),

-- The first day with a hit after the store; days after the one of the row do not count yet.
cohorts_by_day as (

    select
        cohort_entries.event_date,
        count(*) as cohort_entries,
        count(*) filter (
            where
                hit_days.event_date is null
                or hit_days.event_date > cohort_entries.event_date
        ) as never_hit_entries

    from cohort_entries

    asof left join hit_days
        on cohort_entries.cache_key = hit_days.cache_key
        and cohort_entries.first_stored_at <= hit_days.last_hit_at

    group by cohort_entries.event_date

),

-- Where hits state no key at all, nothing is known of the entries that they were answered from.
cohort_days as (

    select
        event_dates.event_date,
        coalesce(sum(cache_days.cache_hits), 0) = 0
            or coalesce(sum(keys_by_day.hits), 0) > 0 as hits_state_keys

    from event_dates

    left join cache_days
        on cache_days.event_date
            between event_dates.event_date - {{ never_hit_days }} and event_dates.event_date

    left join keys_by_day
        on cache_days.event_date = keys_by_day.event_date

    group by event_dates.event_date

),

final as (

    select
        event_dates.event_date,
        key_ages_by_day.average_key_age_at_hit,
        key_ages_by_day.key_age_percentiles[1] as p50_key_age_at_hit,
        key_ages_by_day.key_age_percentiles[2] as p95_key_age_at_hit,
        case
            when cache_days.cache_hits is not null
                then coalesce(key_ages_by_day.hits_with_known_store, 0)
        end as hits_with_known_store,
        cache_days.cache_hits
            - coalesce(key_ages_by_day.hits_with_known_store, 0) as hits_with_unknown_store,
        nullif(keys_by_day.entries_stored, 0) as entries_stored,
        cohorts_by_day.cohort_entries,
        case
            when cohort_days.hits_state_keys then cohorts_by_day.never_hit_entries
        end as never_hit_entries,
        case
            when cohort_days.hits_state_keys
                then cohorts_by_day.never_hit_entries / cohorts_by_day.cohort_entries
        end as never_hit_share

    from event_dates

    left join key_ages_by_day
        on event_dates.event_date = key_ages_by_day.event_date

    left join cache_days
        on event_dates.event_date = cache_days.event_date

    left join keys_by_day
        on event_dates.event_date = keys_by_day.event_date

    left join cohorts_by_day
        on event_dates.event_date = cohorts_by_day.event_date

    left join cohort_days
        on event_dates.event_date = cohort_days.event_date

)

select * from final
