"""Queries of each construct of DuckDB, with the columns that each of their columns is made from."""

TABLES = {
    "t": ["a", "b", "c", "tags", "s", "event_date"],
    "u": ["a", "d", "ts"],
    "p": ["model", "price"],
    "event_dates": ["event_date"],
}
SCHEMA = """
create schema lake; create schema history; create schema seed;
create table lake.t (
    a integer, b integer, c integer, tags varchar[], s struct(x integer, y integer),
    event_date date
);
create table lake.u (a integer, d integer, ts timestamp);
create table seed.p (model varchar, price double);
create table history.t as from lake.t;
create table lake.event_dates (event_date date);
"""

CASES: dict[str, tuple[str, dict[str, str]]] = {
    # Expressions
    "count": (
        "select count(*) as n, count(*) filter (where c = 1) as m, count() as k from lake.t",
        {"n": "", "m": "t.c", "k": ""},
    ),
    "filter": ("select sum(a) filter (where b > 1) as x from lake.t", {"x": "t.a t.b"}),
    "filter_with_subquery": (
        "select sum(b) filter (where c > (select avg(d) from lake.u)) as x from lake.t",
        {"x": "t.b t.c u.d"},
    ),
    "case": ("select case when a > 1 then b else c end as x from lake.t", {"x": "t.a t.b t.c"}),
    "casts_and_functions": (
        "select try_cast(a as varchar) as x, s::struct(x bigint, y int) as y, interval (a) day as "
        "i, extract(year from event_date) as z, a between b and c as w, (a, b) as r from lake.t",
        {"x": "t.a", "y": "t.s", "i": "t.a", "z": "t.event_date", "w": "t.a t.b t.c",
         "r": "t.a t.b"},
    ),
    "constants": (
        "select 'a' as x, null as y, current_date as z, random() as r from lake.t",
        {"x": "", "y": "", "z": "", "r": ""},
    ),
    "order_in_aggregate": (
        "select list(a order by b) as x, string_agg(a::varchar, ',' order by c desc) as y, "
        "arg_max(a, b) as z, percentile_cont(0.5) within group (order by c) as w from lake.t",
        {"x": "t.a t.b", "y": "t.a t.c", "z": "t.a t.b", "w": "t.c"},
    ),
    "quantiles": (
        "with q as (select quantile_cont(a, [0.5, 0.95]) as qs from lake.t) "
        "select qs[1] as p50, q.qs[2] as p95 from q",
        {"p50": "t.a", "p95": "t.a"},
    ),
    "structs": (
        "with z as (select {'k': a, 'v': b} as st, struct_pack(c := c) as sp, s from lake.t) "
        "select st.k as x, z.st.v as y, sp, s.x as sx, z.s.y as sy, s['x'] as sz from z",
        {"x": "t.a t.b", "y": "t.a t.b", "sp": "t.c", "sx": "t.s", "sy": "t.s", "sz": "t.s"},
    ),
    "struct_fields": (
        "select s.*, unnest(s) from lake.t",
        {"x": "t.s", "y": "t.s", "x_1": "t.s", "y_1": "t.s"},
    ),
    "whole_row": ("select u as r from lake.u", {"r": "u.a u.d u.ts"}),
    "maps": (
        "select map {a: b} as m, map([a], [c])[1] as n from lake.t",
        {"m": "t.a t.b", "n": "t.a t.c"},
    ),
    "lambdas": (
        "select list_transform(tags, lambda y: y || b) as x, list_filter(tags, lambda a: a = 'x') "
        "as y, list_reduce(tags, lambda p, q: p || q || c) as z from lake.t",
        {"x": "t.b t.tags", "y": "t.tags", "z": "t.c t.tags"},
    ),
    "comprehension": (
        "select [upper(e) || b for e, i in tags if e <> a::varchar and i > 1] as x from lake.t",
        {"x": "t.a t.b t.tags"},
    ),
    "chained_functions": (
        "select lower(tags[1]).trim() as x, tags.len() as y, "
        "t.tags.list_filter(lambda q: q = c::varchar).len() as z from lake.t",
        {"x": "t.tags", "y": "t.tags", "z": "t.c t.tags"},
    ),
    "windows": (
        "select sum(b) over (partition by a order by c) as x, last_value(a ignore nulls) over "
        "(order by b) as y, count(*) over (partition by c) as n from lake.t",
        {"x": "t.a t.b t.c", "y": "t.a t.b", "n": "t.c"},
    ),
    "named_windows": (
        "select sum(b) over w as x, lag(b) over (w order by a) as y, sum(a) over v as z "
        "from lake.t window w as (partition by c), v as (w order by event_date)",
        {"x": "t.b t.c", "y": "t.a t.b t.c", "z": "t.a t.c t.event_date"},
    ),
    "scalar_subquery": (
        "select (select max(d) from lake.u where u.a = t.a) as x, b in (select d from lake.u) as y,"
        " exists (select d from lake.u where u.a = t.a) as z from lake.t",
        {"x": "u.d", "y": "t.b u.d", "z": ""},
    ),
    "earlier_alias": (
        "select a + b as x, x * c as y from lake.t", {"x": "t.a t.b", "y": "t.a t.b t.c"}
    ),
    "a_column_goes_before_an_alias": (
        "select a as b, b * 2 as y from lake.t", {"b": "t.a", "y": "t.b"}
    ),
    "prefix_alias": ("select k: a, z: d + 1 from lake.u", {"k": "u.a", "z": "u.d"}),
    "positions": ("select #2 as x from lake.u", {"x": "u.d"}),
    "names_in_any_case": (
        'select A as "A b", T.B as x from LAKE."t" as T', {"A b": "t.a", "x": "t.b"}
    ),
    # Rows that are chosen
    "conditions": (
        "select a from lake.t where b in (select d from lake.u) order by c limit 1", {"a": "t.a"}
    ),
    "groups": (
        "select a % 2 as k, max_by(b, c) as m from lake.t group by k having sum(c) > 1",
        {"k": "t.a", "m": "t.b t.c"},
    ),
    "grouping_sets": (
        "select a, b, grouping(a) as g, count(*) as n from lake.t "
        "group by grouping sets ((a, b), (a), ())",
        {"a": "t.a", "b": "t.b", "g": "t.a", "n": ""},
    ),
    "group_by_all": (
        "select a, sum(b) as x from lake.t group by all order by all", {"a": "t.a", "x": "t.b"}
    ),
    "qualify": (
        "select a, row_number() over (order by b) as n from lake.t "
        "qualify row_number() over (partition by c order by b) = 1",
        {"a": "t.a", "n": "t.b"},
    ),
    "distinct_on": ("select distinct on (a) b from lake.t order by a, c", {"b": "t.b"}),
    "sample": ("select a from lake.t tablesample 10%", {"a": "t.a"}),
    # Stars
    "star_of_cte": (
        "with q as (select * from lake.u) select * from q",
        {"a": "u.a", "d": "u.d", "ts": "u.ts"},
    ),
    "from_first": ("from lake.u", {"a": "u.a", "d": "u.d", "ts": "u.ts"}),
    "exclude_replace_rename": (
        "with q as (select * exclude (tags, s, event_date) replace (b + c as b) from lake.t) "
        "select * rename (a as z) from q",
        {"z": "t.a", "b": "t.b t.c", "c": "t.c"},
    ),
    "star_of_table": (
        "select u.* exclude (ts) replace (d + t.c as d), t.b from lake.t join lake.u on t.a = u.a",
        {"a": "u.a", "d": "t.c u.d", "b": "t.b"},
    ),
    "a_name_that_stands_twice": (
        "with q as (select a, b as a from lake.t) select * from q", {"a": "t.a", "a_1": "t.b"}
    ),
    "star_like": ("select * like 't%' from lake.t", {"tags": "t.tags"}),
    "columns_by_pattern": (
        "select max(columns('^[ab]$')), min(columns('^(.)$')) as 'min_\\1' from lake.t",
        {"a": "t.a", "b": "t.b", "min_a": "t.a", "min_b": "t.b", "min_c": "t.c", "min_s": "t.s"},
    ),
    "columns_by_lambda": (
        "select columns(lambda x: x in ('a', 'd')) + 1 from lake.u", {"a": "u.a", "d": "u.d"}
    ),
    "columns_by_star": (
        "select columns(* exclude (ts)) + columns(* exclude (ts)), max(columns(['ts'])) over () "
        "from lake.u",
        {"a": "u.a", "d": "u.d", "ts": "u.ts"},
    ),
    "columns_of_table": (
        "select columns(u.*) from lake.u join lake.t using (a)",
        {"a": "u.a", "d": "u.d", "ts": "u.ts"},
    ),
    "columns_unpacked": ("select coalesce(*columns('a|d')) as x from lake.u", {"x": "u.a u.d"}),
    # FROM and JOIN
    "left_join": (
        "select u.a, t.b from lake.u left join lake.t on u.a = t.a and t.c > u.d",
        {"a": "u.a", "b": "t.b"},
    ),
    "calendar": (
        "select event_dates.event_date, sum(a) as x from lake.event_dates "
        "left join lake.t on t.event_date = event_dates.event_date group by all",
        {"event_date": "", "x": "t.a"},
    ),
    "using": (
        "select a, d from lake.t left join lake.u using (a) left join history.t as h using (a)",
        {"a": "t.a", "d": "u.d"},
    ),
    "using_of_full_join": (
        "select a, b, d from lake.t full join lake.u using (a)",
        {"a": "t.a u.a", "b": "t.b", "d": "u.d"},
    ),
    "using_of_right_join": (
        "select * exclude (b, c, tags, s, event_date) from lake.t right join lake.u using (a)",
        {"a": "u.a", "d": "u.d", "ts": "u.ts"},
    ),
    "natural_join": ("select a, b, d from lake.u natural join lake.t", {"a": "u.a", "b": "t.b",
                     "d": "u.d"}),
    "asof_join": (
        "select t.a, k.d from lake.t asof left join (select a, d from lake.u) as k "
        "on t.a = k.a and t.b >= k.d",
        {"a": "t.a", "d": "u.d"},
    ),
    "semi_join": ("select a from lake.t semi join lake.u using (a)", {"a": "t.a"}),
    "positional_join": ("select t.a, d from lake.t positional join lake.u", {"a": "t.a",
                        "d": "u.d"}),
    "parentheses": (
        "select d, model from (lake.u join lake.t on true) join ((seed.p)) on true",
        {"d": "u.d", "model": "p.model"},
    ),
    "schemas": (
        "select t.a, avg(h.b) as x, max(price) as y from lake.t join history.t as h on t.a = h.a, "
        "seed.p group by all",
        {"a": "t.a", "x": "t.b", "y": "p.price"},
    ),
    "qualified_by_schema": (
        "select lake.t.a, history.t.b, lake.t.s.x as x from lake.t, history.t",
        {"a": "t.a", "b": "t.b", "x": "t.s"},
    ),
    "cte_named_like_a_table": (
        "with t as (select d as a from lake.u) select t.a from t", {"a": "u.d"}
    ),
    "nested_ctes": (
        "with o as (with i as (select a as z from lake.t) select z + 1 as y from i), "
        "q(k) as materialized (select y from o) select k from q",
        {"k": "t.a"},
    ),
    "recursive_cte": (
        "with recursive r(p, q, n) as (select a, d, 0 from lake.u union all "
        "select q, p, n + 1 from r where p < 3) select p, q, n from r",
        {"p": "u.a u.d", "q": "u.a u.d", "n": ""},
    ),
    "lateral": (
        "select t.a, l.m, l.k from lake.t left join lateral "
        "(select d + t.b as m, t.c as k from lake.u where u.a = t.a) as l on true",
        {"a": "t.a", "m": "t.b u.d", "k": "t.c"},
    ),
    "lateral_without_the_word": (
        "select x.a, y from lake.u as x, (select x.d) as l(y)", {"a": "u.a", "y": "u.d"}
    ),
    "values": (
        "select v.k, w.col1, t.a from lake.t, (values (1, 'x'), (2, 'y')) as v(k), "
        "(values (1, 2)) as w",
        {"k": "", "col1": "", "a": "t.a"},
    ),
    "values_of_cte": ("with v(k, n) as (values (1, 'x')) select n, a from v join lake.t on k = a",
                      {"n": "", "a": "t.a"}),
    "unnest": (
        "select unnest(tags) as tag, b from lake.t", {"tag": "t.tags", "b": "t.b"}
    ),
    "unnest_in_from": (
        "select tag, n, l.z, o, b from lake.t, unnest(tags) with ordinality as x(tag, o), "
        "unnest([1, 2]) as y(n), lateral unnest(t.tags) as l(z)",
        {"tag": "t.tags", "n": "", "z": "t.tags", "o": "", "b": "t.b"},
    ),
    "unnest_recursive": (
        "select unnest([{'k': a, 'v': b}], recursive := true) from lake.t",
        {"k": "t.a t.b", "v": "t.a t.b"},
    ),
    "table_functions": (
        "select r.i, q.range as j, d, a from lake.t, range(t.b) as r(i), range(3) as q(range), "
        "generate_series(date '2026-01-01', date '2026-01-03', interval 1 day) as days(d)",
        {"i": "t.b", "j": "", "d": "", "a": "t.a"},
    ),
    "table_function_of_unknown_columns": (
        "select j.key as k, value as v from lake.t, json_each(tags[1]) as j",
        {"k": "t.tags", "v": "t.tags"},
    ),
    # Sets, and columns that become rows
    "union_all": ("select a, b from lake.t union all select d, a from lake.u",
                  {"a": "t.a u.d", "b": "t.b u.a"}),
    "union_by_name": (
        "with x as (select a from lake.t union all by name select d as b, a from lake.u "
        "union all by name select model as c from seed.p) select c, b, a from x",
        {"c": "p.model", "b": "u.d", "a": "t.a u.a"},
    ),
    "except_and_intersect": (
        "select a, b from lake.t intersect select a, d from lake.u except select c, c from lake.t",
        {"a": "t.a u.a", "b": "t.b u.d"},
    ),
    "unpivot": (
        "with l as (unpivot lake.u on a, d into name k value v) select k, v, ts from l",
        {"k": "", "v": "u.a u.d", "ts": "u.ts"},
    ),
    "unpivot_of_columns": (
        "select name, value, ts from (unpivot lake.u on columns(* exclude (ts)))",
        {"name": "", "value": "u.a u.d", "ts": "u.ts"},
    ),
    "unpivot_to_several_columns": (
        "select k, v, w, b from lake.t unpivot ((v, w) for k in ((a, c) as 'x', (c, a) as 'y'))",
        {"k": "", "v": "t.a t.c", "w": "t.a t.c", "b": "t.b"},
    ),
    "pivot": (
        "with x as (pivot lake.t on b in (1, 2) using sum(c) as e, max(c) group by a) "
        'select a, "1_e", "2_max(c)" as m from x',
        {"a": "t.a", "1_e": "t.b t.c", "m": "t.b t.c"},
    ),
    "pivot_in_from": (
        "select * from lake.u pivot (sum(d) for a in (1, 2 as two)) as p",
        {"ts": "u.ts", "1": "u.a u.d", "two": "u.a u.d"},
    ),
}  # fmt: skip

WRAPPED = {
    "cte": "with wrapped as (\n{sql}\n) select * from wrapped",
    "mart of ephemeral models": "with\n__dbt__cte__x as (\n{sql}\n)\nselect * from (\n"
    "with final as (select * from __dbt__cte__x) select * from final\n)",
    "union with itself": "select * from ({sql}) union all select * from ({sql})",
    "union by name": "select * from ({sql}) union by name select * from ({sql})",
    "lateral": "select l.* from range(2) as r(i), lateral ({sql}) as l",
    "aggregate": "select max(columns(*)) from ({sql})",
}

NOT_FOLLOWED = {
    "select t.a! as x from lake.t": "sqlglot does not parse it: Invalid expression / Unexpected "
    "token in line 1 of the compiled SQL.",
    "select column_name as x from (summarize lake.t)": "SUMMARIZE is not a query",
    "select nope as x from lake.t": "the column nope is not known.",
    "select a as x from lake.nope": "the columns of the relation nope are not known.",
    "select a from lake.t": "the query gives no column x by that name.",
    "select sum(a) over w as x from lake.t": "the window w is not known.",
    "select a as x from lake.t union select a, b from lake.t": "cannot be matched by position.",
    "select 1 as x; select 2 as x": "is not a query",
    f"select {' + '.join('a' * 5000)} as x from lake.t": "(RecursionError: ",
}
