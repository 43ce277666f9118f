"use strict";
// The figures of metrics for a range of days, and for their slices.
(function (dashboard) {
  const { registry, dates } = dashboard;
  const { aggregate, columnsOf } = dashboard.aggregate;
  const MEASURED = "daily_metric_values";
  const REPORTED = "as reported";

  // Where a metric is to be read: in its own table, or the table that tells it apart.
  function sourceOf(metric, filter) {
    const whole = { table: metric.table, column: metric.column, dimension: null };
    if (!filter) return dashboard.catalog.tables[metric.table].key.length ? null : whole;
    return metric.slices.find((slice) => slice.dimension === filter.dimension) || null;
  }

  function columnsOfSource(metric, source) {
    const own = dashboard.metrics.get(source.table + "." + source.column) || metric;
    return { over: own.over, names: [source.column, ...columnsOf(own.over)] };
  }

  // The columns that a slice is called by. Values that bring a unit are told apart by it as well.
  function keysOf(source) {
    if (!source.dimension) return [];
    const table = dashboard.catalog.tables[source.table];
    if (table.dimensions.length) return ["dimension", "value"];
    return table.units ? [...table.key, "unit"] : table.key;
  }

  function dayAt(rows, names, column, at) {
    const day = { date: rows.date[at], value: rows[column][at] };
    for (const name of names) if (name !== column) day[name] = rows[name][at];
    return day;
  }

  // By slice, ascending by date: the days of a metric. A slice is called by its value.
  function daysBySlice(metric, source, first, last) {
    const { names } = columnsOfSource(metric, source);
    const keys = keysOf(source);
    const rows = registry.rows(source.table, [...new Set([...keys, ...names])], first, last);
    const long = keys[0] === "dimension";
    const found = new Map();
    for (let at = 0; at < rows.date.length; at++) {
      if (long && rows.dimension[at] !== source.dimension) continue;
      const name = long
        ? rows.value[at]
        : keys.map((key) => String(rows[key][at] === null ? "(none)" : rows[key][at])).join(" · ");
      if (!found.has(name)) found.set(name, []);
      found.get(name).push(dayAt(rows, names, source.column, at));
    }
    return found;
  }

  function days(metric, filter, first, last) {
    const source = sourceOf(metric, filter);
    if (!source) return [];
    const found = daysBySlice(metric, source, first, last);
    return found.get(filter ? filter.value : "") || [];
  }

  function figureOf(metric, source, list) {
    return aggregate(columnsOfSource(metric, source).over, list);
  }

  // The figure of a range, and of the range of equal length before it.
  function figure(metric, filter, range) {
    const source = sourceOf(metric, filter);
    if (!source) return null;
    const list = days(metric, filter, range.first, range.last);
    const found = figureOf(metric, source, list);
    const before = figureOf(
      metric, source, range.reachesBack ? days(metric, filter, range.previousFirst, range.previousLast) : []
    );
    return { ...found, list, previous: before.value, previousDays: before.days };
  }

  function slices(metric, dimension, range) {
    const source = sourceOf(metric, { dimension });
    const own = dashboard.metrics.get(source.table + "." + source.column);
    const now = daysBySlice(metric, source, range.first, range.last);
    const before = range.reachesBack
      ? daysBySlice(metric, source, range.previousFirst, range.previousLast)
      : new Map();
    const found = [...now].map(function ([name, list]) {
      const previous = figureOf(metric, source, before.get(name) || []);
      return { name, list, ...figureOf(metric, source, list), previous: previous.value };
    });
    const total = found.reduce((sum, slice) => sum + (slice.value || 0), 0);
    for (const slice of found) {
      const adds = own.over.kind === "sum" && total > 0 && slice.value !== null;
      slice.share = adds ? slice.value / total : null;
    }
    return found;
  }

  // The tables to load before the figures of a metric can be told.
  function tablesOf(metric, filter) {
    const source = sourceOf(metric, filter);
    if (!source) return [];
    return metric.measured ? [source.table, MEASURED] : [source.table];
  }

  // The unit of a metric; of a measured one that in which the source reports it, if it is one.
  function unitOf(metric, range) {
    if (!metric.measured) return metric.unit === REPORTED ? null : metric.unit;
    const rows = registry.rows(MEASURED, ["metric_name", "unit"], range.first, range.last);
    const units = new Set(rows.unit.filter((unit, at) => rows.metric_name[at] === metric.measured));
    return units.size === 1 ? [...units][0] : null;
  }

  // A value for each date of a range, null where there is none.
  function everyDay(list, range) {
    const values = new Map(list.map((day) => [day.date, day.value]));
    return dates.each(range.first, range.last).map((date) => ({
      date, value: values.has(date) ? values.get(date) : null,
    }));
  }

  dashboard.figures = { figure, slices, days, tablesOf, everyDay, sourceOf, unitOf };
})(window.dashboard);
