"use strict";
// What is looked at, as the hash of the address: it can be shared, and the back button works.
(function (dashboard) {
  const { dates } = dashboard;
  const PRESETS = ["7", "28", "90", "365", "all"];
  const DEFAULT = "28";

  function read() {
    const given = new URLSearchParams(location.hash.slice(1));
    const index = dashboard.index;
    const state = {
      view: given.get("view") === "definitions" ? "definitions" : "overview",
      metric: dashboard.metrics.has(given.get("metric")) ? given.get("metric") : null,
      definition: given.get("definition"),
      by: given.get("by"),
      filter: filterOf(given.get("filter")),
      days: PRESETS.includes(given.get("days")) ? given.get("days") : DEFAULT,
      from: null,
      to: null,
    };
    if (dates.isDate(given.get("from") || "") && dates.isDate(given.get("to") || "")
      && given.get("from") <= given.get("to")) {
      state.from = given.get("from");
      state.to = given.get("to");
    }
    if (state.metric) state.view = "metric";
    if (state.definition) state.view = "definitions";
    if (given.has("metric") && !state.metric) state.unknown = given.get("metric");
    state.range = index.last ? rangeOf(state) : null;
    return state;
  }

  function filterOf(text) {
    const at = (text || "").indexOf(":");
    if (at < 1) return null;
    return { dimension: text.slice(0, at), value: text.slice(at + 1) };
  }

  function rangeOf(state) {
    const { first: start, last: end } = dashboard.index;
    let first = state.from;
    let last = state.to;
    if (!first) {
      last = end;
      first = state.days === "all" ? start : dates.plus(end, 1 - Number(state.days));
    }
    const length = dates.length(first, last);
    return {
      first, last, length,
      reachesBack: dates.plus(first, -length) >= start,
      previousFirst: dates.plus(first, -length),
      previousLast: dates.plus(first, -1),
    };
  }

  // The address of the same page with some of its state changed; null takes away.
  function address(changes) {
    const state = { ...read(), ...changes };
    const hash = new URLSearchParams();
    if (state.view === "definitions" && !state.metric) hash.set("view", "definitions");
    if (state.metric) hash.set("metric", state.metric);
    if (state.metric && state.by) hash.set("by", state.by);
    if (state.filter) hash.set("filter", state.filter.dimension + ":" + state.filter.value);
    if (state.from) {
      hash.set("from", state.from);
      hash.set("to", state.to);
    } else if (state.days !== DEFAULT) hash.set("days", state.days);
    if (state.definition) hash.set("definition", state.definition);
    return location.href.replace(/#.*/, "") + "#" + hash.toString();
  }

  dashboard.state = { read, address, PRESETS };
})(window.dashboard);
