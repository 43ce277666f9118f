"use strict";
// Demand by the hour, and what was and is foretold of it.
(function (dashboard) {
  const { registry, dates, wording, charts } = dashboard;
  const { element } = dashboard.elements;
  const DAYS = 7;
  const TABLES = ["hourly_query_demand", "demand_forecast", "forecast_models"];

  function isShown(metric, current) {
    return metric.id === dashboard.catalog.demand && !current.filter
      && "demand_forecast" in dashboard.catalog.tables;
  }

  function first(current) {
    return dates.plus(current.range.last, 1 - DAYS);
  }

  function load(current) {
    return registry.load(TABLES, dates.plus(first(current), -1), current.range.last);
  }

  function line(rows, column, changes) {
    return {
      type: "scatter", x: rows.hour, y: rows[column],
      hovertemplate: "%{x|%a %e %b %H:%M}<br>%{y:,.1~f} queries", ...changes,
    };
  }

  function accuracy(current) {
    const models = registry.rows("forecast_models", ["model", "chosen", "coverage", "interval_width", "mase", "reason"],
      current.range.last, current.range.last);
    const at = models.chosen.indexOf(true);
    if (at < 0) return "";
    const parts = ["By the model " + models.model[at] + "."];
    if (models.coverage[at] !== null) {
      parts.push("In its backtest " + wording.percentage(models.coverage[at]) + " of the hours lay within their "
        + wording.percentage(models.interval_width[at]) + " interval.");
    }
    if (models.mase[at] !== null) {
      parts.push("Its mean absolute scaled error was " + wording.number(models.mase[at], null)
        + "; below 1 is better than the same hour of the week before.");
    }
    return parts.join(" ");
  }

  function draw(current) {
    const { last } = current.range;
    const demand = registry.rows("hourly_query_demand", ["hour", "queries"], first(current), last);
    const names = ["hour", "forecast", "lower", "upper", "reason"];
    const forecast = registry.rows("demand_forecast", names, dates.plus(first(current), -1), last);
    const made = registry.rows("demand_forecast", names, last, last);
    const section = element("section", { "aria-labelledby": "demand" },
      element("h2", { id: "demand" }, "Demand by the hour, and its forecast"));
    const known = made.forecast.filter((value) => value !== null);
    const total = known.length ? known.reduce((a, b) => a + b, 0) : null;
    if (total === null) {
      const reason = made.reason.find((text) => text !== null);
      section.append(element("p", { class: "missing", id: "forecast" },
        "No forecast was made from the data up to " + dates.shown(last) + (reason ? ": " + reason : ".")));
    } else {
      section.append(element("p", { id: "forecast", "data-value": total }, "For " + dates.shown(dates.plus(last, 1)) + ", "
        + wording.number(Math.round(total), null) + " queries are expected, the sum of the expected hours. " + accuracy(current)));
    }
    if (!demand.hour.length && !forecast.hour.length) return section;
    section.append(charts.chart("Cache queries of each hour of the " + DAYS + " days up to " + last
      + ", with the forecast of each day and its interval.", [
      line(forecast, "lower", { mode: "lines", line: { width: 0 }, showlegend: false, hoverinfo: "skip", hovertemplate: null }),
      line(forecast, "upper", { mode: "lines", line: { width: 0 }, fill: "tonexty", fillcolor: "rgba(179, 71, 11, 0.2)",
        name: "interval of the forecast", hoverinfo: "skip", hovertemplate: null }),
      line(forecast, "forecast", { mode: "lines", name: "forecast", line: { color: charts.COLORS[1], dash: "dash", width: 2 } }),
      line(demand, "queries", { mode: "lines", name: "demand", line: { color: charts.COLORS[0], width: 2 } }),
    ], charts.layout("queries", {})));
    return section;
  }

  dashboard.demand = { isShown, load, draw };
})(window.dashboard);
