with

final as (
    {{ headline_values() }}
)

select * from final
