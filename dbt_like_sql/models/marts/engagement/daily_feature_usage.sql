with

ui_interactions as (

    select * from {{ ref('stg_ui_interactions') }}

),

user_days as (

    select * from {{ ref('int_user_days') }}

),

active_users_by_day as (

    select
        event_date,
        count(user_id) as active_users

    from user_days

    group by event_date

),

usage_by_feature as (

    select
        event_date,
        coalesce(page, '(none)') as page,
        coalesce(element, '(none)') as element,
        action,
        count(*) as interactions,
        nullif(count(distinct nullif(user_id, '')), 0) as users

    from ui_interactions

    group by all

),

final as (

    select
        usage_by_feature.event_date,
        usage_by_feature.page,
        usage_by_feature.element,
        usage_by_feature.action,
        usage_by_feature.interactions,
        usage_by_feature.users,
        usage_by_feature.users / active_users_by_day.active_users as share_of_active_users

    from usage_by_feature

    left join active_users_by_day
        on usage_by_feature.event_date = active_users_by_day.event_date

)

select * from final
