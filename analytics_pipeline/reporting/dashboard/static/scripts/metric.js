"use strict";
// The page of one metric: its figure, its days, its slices.
(function (dashboard) {
  const { figures, registry, state, wording, charts, dates, overview, slices, demand } = dashboard;
  const { element } = dashboard.elements;
  const TRENDS = "daily_trends";
  const DELIVERY = "daily_delivery_metrics";
  const DEPLOYMENTS = "production_deployments";
  const INCIDENTS = "incident_events";
  const DIRECTIONS = { higher: "higher is better", lower: "lower is better" };

  // By what the metric is told apart: what the address says, or the first that there is.
  function dimensionOf(metric, current) {
    const names = metric.slices.map((slice) => slice.dimension);
    return names.includes(current.by) ? current.by : names[0] || null;
  }

  function load(current) {
    const metric = dashboard.metrics.get(current.metric);
    const by = dimensionOf(metric, current);
    const tables = [...figures.tablesOf(metric, current.filter), DELIVERY, INCIDENTS];
    if (by) tables.push(figures.sourceOf(metric, { dimension: by }).table);
    const { range } = current;
    return Promise.all([
      registry.load(tables.filter((name) => name in dashboard.catalog.tables), range.previousFirst, range.last),
      registry.load(TRENDS in dashboard.catalog.tables ? [TRENDS] : [], range.last, range.last),
      demand.isShown(metric, current) ? demand.load(current) : null,
    ]);
  }

  function isBeyond(metric, value) {
    const { above, below } = metric.thresholds;
    return value !== null && ((above !== undefined && value > above) || (below !== undefined && value < below));
  }

  function deployments(range) {
    if (!(DELIVERY in dashboard.catalog.tables)) return [];
    const rows = registry.rows(DELIVERY, [DEPLOYMENTS], range.first, range.last);
    return rows.date.map((date, at) => ({ date, value: rows[DEPLOYMENTS][at] })).filter((day) => day.value > 0);
  }

  // What the alert rules found in the table of a metric, of the slice that is looked at or any.
  function incidents(metric, current) {
    if (!(INCIDENTS in dashboard.catalog.tables)) return [];
    const { range, filter } = current;
    const rows = registry.rows(INCIDENTS, ["rule", "asset", "labels", "message"], range.first, range.last);
    return rows.date.map((date, at) => ({
      date, asset: rows.asset[at], rule: rows.rule[at], message: rows.message[at], labels: JSON.parse(rows.labels[at]),
    })).filter((incident) => figures.tablesOf(metric, filter).includes(incident.asset) || incident.asset === metric.table)
      .filter(({ labels }) => !filter || !(filter.dimension in labels) || labels[filter.dimension] === filter.value);
  }

  function incidentList(metric, current) {
    const found = incidents(metric, current);
    if (!found.length) return null;
    return element("details", { class: "incidents" },
      element("summary", null, found.length + (found.length === 1 ? " incident" : " incidents") + " of these days in " + metric.table),
      element("ul", null, found.map((incident) => element("li", { "data-date": incident.date, "data-rule": incident.rule },
        dates.long(incident.date) + ", " + incident.rule + ": " + wording.readable(incident.message)))));
  }

  // The days, those before them laid under, and what happened on them.
  function dayChart(metric, current, list) {
    const { range, filter } = current;
    const days = figures.everyDay(list, range);
    const before = figures.everyDay(
      figures.days(metric, filter, range.previousFirst, range.previousLast),
      { first: range.previousFirst, last: range.previousLast }
    );
    const traces = [];
    if (range.reachesBack && before.some((day) => day.value !== null)) {
      const trace = charts.line(before, range.length === 1 ? "the day before" : "the " + range.length + " days before", 4, metric.unit);
      traces.push({
        ...trace, mode: "lines", x: days.map((day) => day.date), customdata: before.map((day) => day.date),
        hovertemplate: "%{customdata|%a %e %b %Y}<br>%{text}", line: { color: "#767f8c", dash: "dot", width: 1.5 },
      });
    }
    traces.push(charts.line(days, metric.label, 0, metric.unit));
    const beyond = days.filter((day) => isBeyond(metric, day.value));
    if (beyond.length) {
      traces.push({
        ...charts.line(beyond, "beyond its threshold", 1, metric.unit), mode: "markers",
        marker: { symbol: "diamond-open", size: 12, color: charts.COLORS[1], line: { width: 2 } },
      });
    }
    const released = deployments(range);
    if (released.length) {
      traces.push({
        type: "scatter", mode: "markers", name: "deployments to production", yaxis: "y2",
        x: released.map((day) => day.date), y: released.map(() => 0.02), text: released.map((day) => String(day.value)),
        hovertemplate: "%{x|%a %e %b %Y}<br>%{text} deployed", marker: { symbol: "triangle-up", size: 9, color: charts.COLORS[2] },
      });
    }
    const found = incidents(metric, current);
    if (found.length) {
      traces.push({
        type: "scatter", mode: "markers", name: "incidents of " + charts.plain(metric.table), yaxis: "y2",
        x: found.map((incident) => incident.date), y: found.map(() => 0.97),
        text: found.map((incident) => charts.plain(incident.rule + ": " + incident.message)),
        hovertemplate: "%{x|%a %e %b %Y}<br>%{text}",
        marker: { symbol: "x", size: 9, color: charts.COLORS[1] },
      });
    }
    const lines = Object.values(metric.thresholds).map((at) => ({
      type: "line", xref: "paper", x0: 0, x1: 1, y0: at, y1: at, line: { color: charts.COLORS[1], width: 1, dash: "dot" },
    }));
    const known = days.filter((day) => day.value !== null);
    const description = metric.label + " by day from " + range.first + " to " + range.last + ": "
      + known.length + " days with a value" + (known.length ? ", the first " + wording.number(known[0].value, metric.unit)
      + ", the last " + wording.number(known[known.length - 1].value, metric.unit) : "") + ".";
    return charts.chart(description, traces, charts.layout(metric.unit, {
      shapes: lines,
      yaxis2: { overlaying: "y", range: [0, 1], visible: false, fixedrange: true },
    }));
  }

  function trend(metric, current) {
    const name = dashboard.catalog.trends[metric.id];
    if (!name || current.filter || !(TRENDS in dashboard.catalog.tables)) return null;
    const { last } = current.range;
    const rows = registry.rows(TRENDS, ["metric", "window_days", "direction", "p_value"], last, last);
    const told = rows.metric.flatMap((each, at) => each === name && rows.direction[at]
      ? [rows.window_days[at] + " days: " + rows.direction[at].replace(/_/g, " ") + " (p = " + wording.number(rows.p_value[at], null) + ")"]
      : []);
    return told.length ? element("p", { class: "trend" }, "Trend up to " + dates.shown(last) + " by the Mann-Kendall test: "
      + told.join("; ") + ".") : null;
  }

  function facts(metric) {
    const limits = Object.entries(metric.thresholds).map(([side, at]) => side + " " + at).join(" or ");
    const entries = [["Formula", element("code", null, metric.formula)],
      ["Unit", metric.unit === "share" ? "share of 1, shown in percent" : metric.unit],
      ["Good", metric.good ? DIRECTIONS[metric.good] : "neither direction"],
      ["Deserves a look", limits], ["Several days", wording.KINDS[metric.over.kind]]];
    return element("dl", { class: "facts" }, entries.filter(([, text]) => text).map(([name, text]) =>
      [element("dt", null, name), element("dd", null, text)]));
  }

  function dayTable(metric, list) {
    return element("details", { class: "days" }, element("summary", null, "The figures by day"),
      element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Figures by day" }, element("table", null,
        element("caption", null, metric.label + " by day"),
        element("thead", null, element("tr", null, element("th", { scope: "col" }, "Date"), element("th", { scope: "col" }, "Figure"))),
        element("tbody", null, list.map((day) => element("tr", { "data-date": day.date, "data-value": day.value },
          element("th", { scope: "row" }, dates.long(day.date)),
          element("td", { class: "number" }, day.value === null ? "no data"
            : (wording.number(day.value, metric.unit) + " " + wording.unit(metric.unit)).trim())))))));
  }

  function figureParts(metric, current) {
    if (dashboard.catalog.tables[metric.table].key.length && !current.filter) {
      return [element("p", { class: "hint" }, "There is no figure of all together, only those of the slices below.")];
    }
    const found = figures.figure(metric, current.filter, current.range);
    if (!found) {
      return [element("p", { class: "missing" }, "This metric is not told apart by " + wording.dimension(current.filter.dimension) + ".")];
    }
    const { range } = current;
    const gone = range.length - found.days;
    const parts = [element("p", { class: "figure", id: "figure", ...overview.data(metric, found) },
      overview.numberOf(metric, found, range), " ", overview.changed(metric, found, range), " ",
      element("span", { class: "about" }, overview.about(found)
        + (found.days && gone ? "; " + gone + (gone === 1 ? " day has no value" : " days have no value") : "")))];
    if (!found.days) {
      return [...parts, element("p", { class: "missing" }, "No day from " + dates.shown(range.first) + " to "
        + dates.shown(range.last) + " has a value" + (metric.null_reason ? ". " + metric.null_reason : "."))];
    }
    return [...parts, dayChart(metric, current, found.list), incidentList(metric, current), trend(metric, current), dayTable(metric, found.list)];
  }

  function draw(current) {
    const metric = dashboard.metrics.get(current.metric);
    const by = dimensionOf(metric, current);
    const title = metric.label + (current.filter ? " of " + wording.dimension(current.filter.dimension) + " "
      + wording.readable(current.filter.value) : "");
    return [
      element("p", { class: "back" }, element("a", { id: "back", href: state.address({ metric: null, by: null, view: "overview" }) }, "← All figures")),
      element("h1", { tabindex: "-1" }, title),
      element("p", { class: "description" }, metric.description, " ",
        dashboard.catalog.tables[metric.table].key.length ? dashboard.catalog.tables[metric.table].description + " " : "",
        element("a", { id: "definition", href: state.address({ metric: null, definition: metric.id }) }, "Definition")),
      ...figureParts(metric, current),
      demand.isShown(metric, current) ? demand.draw(current) : null,
      by ? slices.draw(metric, current, by)
        : element("p", { class: "hint" }, "No mart of this dashboard tells this metric apart by anything."),
      element("section", { "aria-labelledby": "meaning" }, element("h2", { id: "meaning" }, "What it means"), facts(metric)),
    ].filter((part) => part !== null);
  }

  dashboard.metric = { load, draw };
})(window.dashboard);
