{%- set horizon = var('repeat_horizon_days') -%}
{{ config(meta={'history_days': horizon}) }}

with

questions as (

    select * from {{ ref('int_questions') }}

),

cache_stores as (

    select
        event_date,
        md5_number_lower(cache_key) as question,
        timestamp as stored_at

    from {{ ref('stg_cache_stores') }}

),

earlier_days as (

    select * from {{ ref('int_question_days').render() }}

),

misses as (

    select * from questions

    where not cache_hit

),

-- What each question was answered and stored before, on an earlier day: its last times.
{%- for basis in ['key', 'text', 'words'] %}

{{ basis }}_earlier as (

    select
        misses.event_id,
        max(earlier_days.last_answered_at) as answered_at,
        max(earlier_days.last_hit_at) as hit_at,
        max(earlier_days.last_stored_at) as stored_at

    from misses

    inner join earlier_days
        on earlier_days.basis = '{{ basis }}'
        and misses.{{ basis }}_question = earlier_days.question
        and misses.event_date > earlier_days.event_date
        and misses.event_date - {{ horizon }} <= earlier_days.event_date

    group by misses.event_id

),

{{ basis }}_same_day as (

    select
        misses.event_id,
        questions.answered_at

    from misses

    asof inner join questions
        on misses.event_date = questions.event_date
        and misses.{{ basis }}_question = questions.{{ basis }}_question
        and misses.timestamp > questions.answered_at

),
{%- endfor %}
{%- for basis in ['key', 'text'] %}

{{ basis }}_hit_same_day as (

    select
        misses.event_id,
        hits.answered_at as hit_at

    from misses

    asof inner join (select * from questions where cache_hit) as hits
        on misses.event_date = hits.event_date
        and misses.{{ basis }}_question = hits.{{ basis }}_question
        and misses.timestamp > hits.answered_at

),
{%- endfor %}

stored_same_day as (

    select
        misses.event_id,
        cache_stores.stored_at

    from misses

    asof inner join cache_stores
        on misses.event_date = cache_stores.event_date
        and misses.key_question = cache_stores.question
        and misses.timestamp > cache_stores.stored_at

),

-- Where nothing is stored in the whole horizon, the source does not log what it stores.
days_with_stores as (

    select distinct event_date from cache_stores

    union

    select distinct event_date from earlier_days

    where last_stored_at is not null

),

logged_stores as (

    select distinct misses_days.event_date

    from (select distinct event_date from misses) as misses_days

    inner join days_with_stores
        on days_with_stores.event_date
            between misses_days.event_date - {{ horizon }} and misses_days.event_date

),

seen_misses as (

    select
        misses.*,
        logged_stores.event_date is not null as stores_are_logged,
        -- When there was an entry: it was stored, or a question was answered from it.
        greatest(
            stored_same_day.stored_at, key_earlier.stored_at,
            key_hit_same_day.hit_at, key_earlier.hit_at,
            case when misses.key_question is null then text_hit_same_day.hit_at end,
            case when misses.key_question is null then text_earlier.hit_at end
        ) as entry_at,
        {%- for basis in ['key', 'text', 'words'] %}
        greatest({{ basis }}_same_day.answered_at, {{ basis }}_earlier.answered_at)
            as {{ basis }}_answered_at
            {%- if not loop.last %},{% endif %}
        {%- endfor %}

    from misses

    left join logged_stores
        on misses.event_date = logged_stores.event_date

    left join stored_same_day
        on misses.event_id = stored_same_day.event_id

    left join key_hit_same_day
        on misses.event_id = key_hit_same_day.event_id

    left join text_hit_same_day
        on misses.event_id = text_hit_same_day.event_id

    {%- for basis in ['key', 'text', 'words'] %}

    left join {{ basis }}_same_day
        on misses.event_id = {{ basis }}_same_day.event_id

    left join {{ basis }}_earlier
        on misses.event_id = {{ basis }}_earlier.event_id
    {%- endfor %}

),

-- Which earlier time counts: that of the entry, else the last answer. Where the key is known,
-- the same text under another key is another question, such as one with other parameters.
dated_misses as (

    select
        *,
        entry_at >= timestamp - interval ({{ horizon }}) day as had_entry,
        key_answered_at >= timestamp - interval ({{ horizon }}) day as key_was_answered,
        text_answered_at >= timestamp - interval ({{ horizon }}) day as text_was_answered,
        words_answered_at >= timestamp - interval ({{ horizon }}) day as words_were_answered,
        case
            when had_entry then 'lost_entries'
            when key_was_answered and stores_are_logged then 'unstored_answers'
            when key_was_answered then 'repeated_misses'
            when key_question is null and text_was_answered then 'repeated_misses'
            when words_were_answered and text_was_answered is not true then 'reworded_questions'
        end as cause,
        case
            when had_entry then entry_at
            when key_was_answered then key_answered_at
            when key_question is null and text_was_answered then text_answered_at
            else words_answered_at
        end as earlier_at

    from seen_misses

),

final as (

    select
        dated_misses.event_date,
        dated_misses.cause,
        dated_misses.model,
        coalesce(
            dated_misses.key_question, dated_misses.text_question, dated_misses.words_question
        ) as question,
        min(dated_misses.query) as query,
        count(*) as misses,
        count(distinct dated_misses.user_id) as users,
        count(*) filter (where epoch_us(timestamp) - epoch_us(earlier_at) <= 3.6e9) as within_hour,
        count(*) filter (where epoch_us(timestamp) - epoch_us(earlier_at) <= 8.64e10) as within_day,
        count(priced_queries.cost) as misses_with_cost,
        {{ exact_sum('priced_queries.cost') }} as cost,
        count(dated_misses.response_time) as misses_with_response_time,

        -- Added up in order of size: a sum of floats in any order would differ in its last bits.
        sum(dated_misses.response_time order by dated_misses.response_time) as response_time

    from dated_misses

    inner join {{ ref('int_priced_queries') }} as priced_queries
        on dated_misses.event_date = priced_queries.event_date
        and dated_misses.event_id = priced_queries.event_id

    where dated_misses.cause is not null

    group by all

)

select * from final
