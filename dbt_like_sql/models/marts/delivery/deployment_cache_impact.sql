with

deployments as (

    select
        event_date,
        event_id,
        repository,
        environment,
        commit,
        deployed_at,
        greatest(
            event_date::timestamp, least(coalesce(started_at, deployed_at), deployed_at)
        ) as began_at

    from {{ ref('int_deployments') }}

    where
        is_production
        and outcome = 'success'

),

requests as (

    select
        event_date,
        timestamp,
        cache_hit,
        response_time,
        null as error

    from {{ ref('stg_cache_queries') }}

    union all

    select
        event_date,
        timestamp,
        null as cache_hit,
        null as response_time,
        error

    from {{ ref('stg_failed_queries') }}

),

-- The hours of the day that a window lies in: a request is compared with few deployments then.
windows as (

    select
        event_date,
        event_id,
        began_at - interval 1 hour as starts_at,
        began_at as ends_at,
        true as is_before

    from deployments

    union all

    select
        event_date,
        event_id,
        deployed_at as starts_at,
        deployed_at + interval 1 hour as ends_at,
        false as is_before

    from deployments

),

hours as (

    select
        *,
        unnest([date_trunc('hour', starts_at), date_trunc('hour', starts_at) + interval 1 hour])
            as hour

    from windows

),

requests_of_deployments as (

    select
        hours.event_date,
        hours.event_id,
        hours.is_before,
        requests.cache_hit,
        requests.response_time,
        requests.error

    from hours

    inner join requests
        on hours.event_date = requests.event_date
        and hours.hour = date_trunc('hour', requests.timestamp)
        and hours.starts_at <= requests.timestamp
        and hours.ends_at > requests.timestamp

),

impact as (

    select
        event_date,
        event_id,

        {%- for side in ['before', 'after'] %}
        {%- set is_side = 'is_before' if side == 'before' else 'not is_before' %}
        count(*) filter (where {{ is_side }} and error is null) as queries_{{ side }},
        count(*) filter (where {{ is_side }} and error is not null) as failed_queries_{{ side }},
        count(*) filter (where {{ is_side }} and cache_hit) as cache_hits_{{ side }},
        quantile_cont(response_time, 0.95) filter (where {{ is_side }}) as p95_{{ side }}
        {{- ',' if not loop.last }}
        {%- endfor %}

    from requests_of_deployments

    group by event_date, event_id

),

final as (

    select
        deployments.event_date,
        deployments.event_id,
        deployments.repository,
        deployments.environment,
        deployments.commit,
        deployments.deployed_at,
        least(60, (epoch_us(deployments.began_at) - epoch_us(deployments.event_date::timestamp)) / 6e7)
            as minutes_before,
        least(
            60,
            (epoch_us(deployments.event_date + interval 1 day) - epoch_us(deployments.deployed_at)) / 6e7
        ) as minutes_after,

        {%- for side in ['before', 'after'] %}
        coalesce(impact.queries_{{ side }}, 0) as queries_{{ side }},
        impact.cache_hits_{{ side }} / nullif(impact.queries_{{ side }}, 0) as hit_rate_{{ side }},
        impact.p95_{{ side }} as p95_response_time_{{ side }},
        impact.failed_queries_{{ side }}
            / nullif(impact.queries_{{ side }} + impact.failed_queries_{{ side }}, 0)
            as error_rate_{{ side }},
        {%- endfor %}

        hit_rate_after - hit_rate_before as hit_rate_change,
        p95_response_time_after - p95_response_time_before as p95_response_time_change,
        error_rate_after - error_rate_before as error_rate_change

    from deployments

    left join impact
        on deployments.event_date = impact.event_date
        and deployments.event_id = impact.event_id

)

select * from final
