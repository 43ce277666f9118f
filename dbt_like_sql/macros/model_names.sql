{#- A name of a model as prices are compared with it: providers and gateways write the same one in
    capitals or not, with dots or with hyphens. -#}
{% macro comparable_model_name(model) -%}
    replace(lower({{ model }}), '.', '-')
{%- endmacro %}

{#- A name of a model without the words before it that name a provider, a region or a vendor. -#}
{% macro name_without_provider(model) -%}
    regexp_replace(lower({{ model }}), '^(.*/)?([a-z-]+\.)*', '')
{%- endmacro %}

{#- Whether a comparable name is that of a pattern, followed by nothing but versions. -#}
{% macro is_version_of(name, pattern) -%}
    starts_with({{ name }}, {{ pattern }})
        and regexp_full_match(
            substr({{ name }}, length({{ pattern }}) + 1),
            '([-@:](latest|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{3,8}|v[0-9]+(:[0-9]+)?))*'
        )
{%- endmacro %}
