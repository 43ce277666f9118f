{#- What rows of int_query_costs add up to. -#}
{% macro cost_sums() %}
        coalesce(sum(queries) filter (where outcome <> 'failed'), 0)::bigint as queries,
        coalesce(
            sum(queries) filter (where outcome <> 'failed' and cost_source <> 'none'), 0
        )::bigint as queries_with_cost,
        coalesce(
            sum(queries_with_tokens) filter (where outcome <> 'failed' and cost_source = 'none'), 0
        )::bigint as unpriced_queries,
        sum(input_tokens)::bigint as input_tokens,
        sum(output_tokens)::bigint as output_tokens,
        sum(provider_cache_read_tokens)::bigint as provider_cache_read_tokens,
        sum(provider_cache_write_tokens)::bigint as provider_cache_write_tokens,
        sum(tokens_saved)::bigint as tokens_saved,
        {{ exact_sum('cost') }} as total_cost,
        {{ exact_sum('cost', where="outcome <> 'failed'") }} as answered_query_cost,
        {{ exact_sum('cost', where="outcome = 'failed'") }} as failed_query_cost,
        {{ exact_sum('response_cache_savings') }} as response_cache_savings,
        {{ exact_sum('provider_cache_savings') }} as provider_cache_savings
{%- endmacro %}

{#- Savings as a share of what would have been spent without them. -#}
{% macro savings_rate(savings, cost) -%}
    {{ savings }} / nullif({{ cost }} + {{ savings }}, 0)
{%- endmacro %}
