{%- set horizon = var('repeat_horizon_days') -%}
{%- set bases = ['key', 'text', 'words'] -%}
{{ config(meta={'history_days': horizon}) }}

with

event_dates as (

    select * from {{ source('lake', 'event_dates') }}

),

questions as (

    select * from {{ ref('int_questions') }}

),

cache_stores as (

    select * from {{ ref('stg_cache_stores') }}

),

-- The days that are computed are known in full.
earlier_days as (

    select days.*

    from {{ ref('int_question_days').render() }} as days

    anti join event_dates
        on days.event_date = event_dates.event_date

),

misses as (

    select * from questions

    where not cache_hit

),

-- The times at which a question had an answer or an entry, and those at which it was missed.
moments as (

    {%- for basis in bases %}

    select
        '{{ basis }}' as basis,
        {{ basis }}_question as question,
        answered_at as moment,
        answered_at,
        case when cache_hit then answered_at end as entry_at,
        null as missed_event_id

    from questions

    where {{ basis }}_question in (select {{ basis }}_question from misses)

    union all

    select
        '{{ basis }}' as basis,
        {{ basis }}_question as question,
        last_answered_at as moment,
        last_answered_at as answered_at,
        last_hit_at as entry_at,
        null as missed_event_id

    from earlier_days

    where
        {{ basis }}_question in (select {{ basis }}_question from misses)
        and last_answered_at is not null

    union all

    select
        '{{ basis }}' as basis,
        {{ basis }}_question as question,
        timestamp as moment,
        null as answered_at,
        null as entry_at,
        event_id as missed_event_id

    from misses

    where {{ basis }}_question is not null

    union all
    {%- endfor %}

    select
        'key' as basis,
        md5_number_lower(cache_key) as question,
        timestamp as moment,
        null as answered_at,
        timestamp as entry_at,
        null as missed_event_id

    from cache_stores

    union all

    select
        'key' as basis,
        key_question as question,
        last_stored_at as moment,
        null as answered_at,
        last_stored_at as entry_at,
        null as missed_event_id

    from earlier_days

    where last_stored_at is not null

),

-- What came before each moment; of moments at the same time, a miss comes first.
moments_in_order as (

    select
        missed_event_id,
        basis,
        max(answered_at) over earlier as answered_at,
        max(entry_at) over earlier as entry_at

    from moments

    window earlier as (
        partition by basis, question
        order by moment, missed_event_id is null
        rows unbounded preceding
    )

),

earlier_times as (

    select
        missed_event_id as event_id,
        {%- for basis in bases %}
        max(answered_at) filter (where basis = '{{ basis }}') as {{ basis }}_answered_at,
        max(entry_at) filter (where basis = '{{ basis }}') as {{ basis }}_entry_at
        {%- if not loop.last %},{% endif %}
        {%- endfor %}

    from moments_in_order

    where missed_event_id is not null

    group by missed_event_id

),

-- Where nothing is stored in the whole horizon, the source does not log what it stores.
days_with_stores as (

    select distinct event_date from cache_stores

    union

    select distinct event_date from earlier_days

    where last_stored_at is not null

),

logged_stores as (

    select distinct event_dates.event_date

    from event_dates

    inner join days_with_stores
        on days_with_stores.event_date
            between event_dates.event_date - {{ horizon }} and event_dates.event_date

),

-- Which earlier time counts: that of the entry, else that of the last answer. Where the key is
-- known, the same text under another key is another question, such as one with other parameters.
dated_misses as (

    select
        misses.*,
        misses.timestamp - interval ({{ horizon }}) day as horizon_at,
        case
            when misses.key_question is null then earlier_times.text_entry_at
            else earlier_times.key_entry_at
        end as entry_at,
        case
            when misses.key_question is null then earlier_times.text_answered_at
            else earlier_times.key_answered_at
        end as answered_at_before,
        entry_at >= horizon_at as had_entry,
        answered_at_before >= horizon_at as was_answered,
        earlier_times.words_answered_at >= horizon_at
            and earlier_times.text_answered_at >= horizon_at is not true as words_were_answered,
        case
            when had_entry then 'lost_entries'
            when was_answered and misses.key_question is not null
                and logged_stores.event_date is not null then 'unstored_answers'
            when was_answered then 'repeated_misses'
            when words_were_answered then 'reworded_questions'
        end as cause,
        case
            when had_entry then entry_at
            when was_answered then answered_at_before
            else earlier_times.words_answered_at
        end as earlier_at

    from misses

    inner join earlier_times
        on misses.event_id = earlier_times.event_id

    left join logged_stores
        on misses.event_date = logged_stores.event_date

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
