"use strict";
// Every metric of the dashboard with its definition.
(function (dashboard) {
  const { state, wording } = dashboard;
  const { element } = dashboard.elements;

  function entry(metric) {
    const limits = Object.entries(metric.thresholds).map(([side, at]) => side + " " + at).join(" or ");
    return element("tr", { id: "definition-" + metric.id, "data-definition": metric.id, tabindex: "-1" },
      element("th", { scope: "row" }, element("a", { href: state.address({ metric: metric.id, by: null, definition: null }) }, metric.label),
        element("br"), element("code", null, metric.column)),
      element("td", null, metric.description),
      element("td", null, element("code", null, metric.formula)),
      element("td", null, metric.unit || "–"),
      element("td", null, metric.good || "–"),
      element("td", null, limits || "–"),
      element("td", null, wording.KINDS[metric.over.kind]));
  }

  function table(name, metrics) {
    const { description } = dashboard.catalog.tables[name];
    const heads = ["Metric", "Meaning", "Formula", "Unit", "Good", "Deserves a look", "Several days"];
    return [
      element("h2", { id: "table-" + name }, name),
      element("p", null, description),
      element("p", { class: "hint" }, "Owner " + metrics[0].owner + ". Defined in ", element("code", null, metrics[0].defined), "."),
      element("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "table-" + name },
        element("table", { class: "definitions" }, element("thead", null, element("tr", null,
          heads.map((text) => element("th", { scope: "col" }, text)))), element("tbody", null, metrics.map(entry)))),
    ];
  }

  function draw() {
    const byTable = new Map();
    for (const metric of dashboard.catalog.metrics) {
      if (!byTable.has(metric.table)) byTable.set(metric.table, []);
      byTable.get(metric.table).push(metric);
    }
    return [
      element("p", { class: "back" }, element("a", { id: "back", href: state.address({ view: "overview", definition: null }) }, "← All figures")),
      element("h1", { tabindex: "-1" }, "Definitions of all metrics"),
      ...[...byTable].flatMap(([name, metrics]) => table(name, metrics)),
    ];
  }

  // Brings the definition that is asked for into view.
  function shown(current) {
    const row = current.definition && document.getElementById("definition-" + current.definition);
    if (!row) return false;
    row.classList.add("asked");
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    return true;
  }

  dashboard.definitions = { draw, shown };
})(window.dashboard);
