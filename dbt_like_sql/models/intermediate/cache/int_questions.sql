with

queries as (

    select
        *,
        case
            when length(query) >= {{ var('repeat_min_characters') }}
                and not contains(query, '[REDACTED:')
                then coalesce(model, '') || chr(31)
        end as text_prefix,
        trim(regexp_replace(lower(query), '[^\pL\pN]+', ' ', 'g')) as words

    from {{ ref('stg_cache_queries') }}

),

final as (

    select
        event_id,
        event_date,
        timestamp,
        user_id,
        coalesce(model, '(none)') as model,
        query,
        cache_hit,
        response_time,
        prompt_tokens,
        provider_cache_read_tokens,

        -- An answer that comes after midnight counts as the last of its day.
        least(
            timestamp + to_microseconds((least(coalesce(response_time, 0), 86400) * 1e6)::bigint),
            event_date + interval 1 day - interval 1 microsecond
        ) as answered_at,

        md5_number_lower(cache_key) as key_question,
        md5_number_lower(text_prefix || query) as text_question,
        case when words <> '' then md5_number_lower(text_prefix || words) end as words_question

    from queries

)

select * from final
