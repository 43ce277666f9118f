with

questions as (

    select * from {{ ref('int_questions') }}

),

cache_stores as (

    select * from {{ ref('stg_cache_stores') }}

),

uses_of_questions as (

    select
        event_date,
        key_question,
        null::ubigint as text_question,
        null::ubigint as words_question,
        answered_at,
        case when cache_hit then answered_at end as hit_at,
        null::timestamp as stored_at

    from questions

    where key_question is not null

    union all

    select
        event_date,
        null::ubigint as key_question,
        text_question,
        words_question,
        answered_at,
        case when cache_hit then answered_at end as hit_at,
        null::timestamp as stored_at

    from questions

    where text_question is not null

    union all

    select
        event_date,
        md5_number_lower(cache_key) as key_question,
        null::ubigint as text_question,
        null::ubigint as words_question,
        null::timestamp as answered_at,
        null::timestamp as hit_at,
        timestamp as stored_at

    from cache_stores

),

final as (

    select
        event_date,
        key_question,
        text_question,
        any_value(words_question) as words_question,
        max(answered_at) as last_answered_at,
        max(hit_at) as last_hit_at,
        max(stored_at) as last_stored_at

    from uses_of_questions

    group by event_date, key_question, text_question

)

select * from final
