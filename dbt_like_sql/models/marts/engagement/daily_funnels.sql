{%- set funnels = var('funnels') -%}

with

user_events as (

    select * from {{ ref('stg_user_events') }}

),

times_by_user as (

    select
        {{ funnel_step_times(funnels) | indent(8) }}
        event_date,
        user_id

    from user_events

    -- An empty id names nobody.
    where user_id <> ''

    group by event_date, user_id

),

{{ funnel_steps_taken(funnels, 'times_by_user') }},

users_by_step as (

    select
        event_date,
        unnest(
            {{ funnel_step_counts(funnels) | indent(12) }},
            recursive := true
        )

    from steps_by_user

    group by event_date

),

final as (

    select
        event_date,
        funnel,
        step_number,
        step,
        users,
        users / nullif(first_value(users) over steps, 0) as conversion_from_first,
        users / nullif(lag(users) over steps, 0) as conversion_from_previous

    from users_by_step

    window steps as (partition by event_date, funnel order by step_number)

)

select * from final
