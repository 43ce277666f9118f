with

questions as (

    select * from {{ ref('int_questions') }}

),

cache_stores as (

    select * from {{ ref('stg_cache_stores') }}

),

uses_of_questions as (

    {%- for basis in ['key', 'text', 'words'] %}
    select
        event_date,
        '{{ basis }}' as basis,
        {{ basis }}_question as question,
        answered_at,
        case when cache_hit then answered_at end as hit_at,
        null::timestamp as stored_at

    from questions

    union all
    {% endfor %}
    select
        event_date,
        'key' as basis,
        md5_number_lower(cache_key) as question,
        null::timestamp as answered_at,
        null::timestamp as hit_at,
        timestamp as stored_at

    from cache_stores

),

final as (

    select
        event_date,
        basis,
        question,
        max(answered_at) as last_answered_at,
        max(hit_at) as last_hit_at,
        max(stored_at) as last_stored_at

    from uses_of_questions

    where question is not null

    group by event_date, basis, question

)

select * from final
