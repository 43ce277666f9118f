"use strict";
// A metric told apart: a chart of its largest slices, and a table of all.
(function (dashboard) {
  const { figures, state, wording, charts } = dashboard;
  const { element } = dashboard.elements;
  const DRAWN = 6;
  const LISTED = 50;
  let order = { column: "value", descending: true };

  function changeOf(slice) {
    if (slice.value === null || slice.previous === null) return null;
    return slice.value - slice.previous;
  }

  const KEYS = { name: (s) => s.name, value: (s) => s.value, share: (s) => s.share, change: changeOf, days: (s) => s.days };

  // Rows without a value come last, whichever way the others go.
  function sorted(slices) {
    const key = KEYS[order.column];
    return [...slices].sort(function (a, b) {
      const [left, right] = [key(a), key(b)];
      if (left === null || right === null) return (left === null) - (right === null) || (a.name < b.name ? -1 : 1);
      const by = left < right ? -1 : left > right ? 1 : 0;
      return (order.descending ? -by : by) || (a.name < b.name ? -1 : 1);
    });
  }

  function tabs(metric, current, by) {
    const names = [...new Set(metric.slices.map((slice) => slice.dimension))];
    return element("ul", { class: "presets", "aria-label": "Told apart by" }, names.map((name) =>
      element("li", null, element("a", {
        id: "by-" + name, href: state.address({ by: name }), "aria-current": name === by ? "true" : null,
      }, "by " + wording.dimension(name)))));
  }

  function header(column, text, redraw) {
    const sorting = order.column === column ? (order.descending ? "descending" : "ascending") : "none";
    const mark = { descending: " ▼", ascending: " ▲", none: "" }[sorting];
    return element("th", { scope: "col", "aria-sort": sorting }, element("button", {
      id: "sort-" + column, type: "button",
      onclick: function () {
        order = { column, descending: order.column === column ? !order.descending : column !== "name" };
        redraw();
        document.getElementById("sort-" + column).focus();
      },
    }, text + mark));
  }

  function row(metric, by, slice, { range, filterable, sharing }) {
    const name = wording.readable(slice.name) || "(empty)";
    return element("tr", {
      "data-slice": slice.name, "data-value": slice.value, "data-share": slice.share,
      "data-previous": slice.previous, "data-kind": slice.kind,
    },
    element("th", { scope: "row" }, filterable
      ? element("a", { href: state.address({ filter: { dimension: by, value: slice.name } }) }, name)
      : name),
    element("td", { class: "number" }, slice.value === null ? "no data" : wording.number(slice.value, metric.unit)),
    sharing ? element("td", { class: "number" }, slice.share === null ? "–" : wording.percentage(slice.share)) : null,
    element("td", { class: "number" }, changeOf(slice) === null ? "–" : dashboard.overview.changed(metric, slice, range)),
    element("td", { class: "number" }, String(slice.days)));
  }

  // Slices in different units have no axis in common.
  function unitOf(slice) {
    return (/ · ([^·]*)$/.exec(slice.name) || [])[1];
  }

  function chart(metric, current, rows, units) {
    const valued = rows.filter((slice) => slice.value !== null && (!units || unitOf(slice) === unitOf(rows[0])));
    const drawn = valued.slice(0, DRAWN);
    const unit = figures.unitOf(metric, current.range);
    const description = metric.label + " by day for " + drawn.map((slice) => wording.readable(slice.name)
      + " (" + wording.number(slice.value, metric.unit) + ")").join(", ") + ". The table below has the figures.";
    const traces = drawn.map((slice, number) =>
      charts.line(figures.everyDay(slice.list, current.range), slice.name || "(empty)", number, unit));
    return [charts.chart(description, traces, charts.layout(unit, { height: 360 })),
      drawn.length < rows.length ? element("p", { class: "hint" }, "Drawn are the first " + drawn.length
        + " of the " + rows.length + " slices, in the order of the table.") : ""];
  }

  function table(metric, range, by, rows, all, redraw) {
    const { filterable, sharing } = about(metric, by, rows);
    const shown = all ? rows : rows.slice(0, LISTED);
    const heads = [["name", wording.sentence(wording.dimension(by))], ["value", "Figure"],
      ...(sharing ? [["share", "Share"]] : []), ["change", "Change"], ["days", "Days"]];
    const made = element("table", { class: "slices" },
      element("caption", null, metric.label + " by " + wording.dimension(by) + ", " + rows.length
        + (rows.length === 1 ? " slice" : " slices")),
      element("thead", null, element("tr", null, heads.map(([column, text]) => header(column, text, redraw)))),
      element("tbody", null, shown.map((slice) => row(metric, by, slice, { range, filterable, sharing }))));
    if (shown.length < rows.length) {
      made.append(element("tfoot", null, element("tr", null, element("td", { colspan: heads.length }, element("button", {
        type: "button", id: "list-all", onclick: () => redraw(true),
      }, "Show all " + rows.length)))));
    }
    return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Slices" }, made);
  }

  function about(metric, by, rows) {
    const { table: name } = figures.sourceOf(metric, { dimension: by });
    return {
      filterable: dashboard.catalog.tables[name].dimensions.length > 0,
      sharing: rows.some((slice) => slice.share !== null),
      units: dashboard.catalog.tables[name].units,
    };
  }

  function draw(metric, current, by) {
    const found = figures.slices(metric, by, current.range);
    const section = element("section", { "aria-labelledby": "slices" },
      element("h2", { id: "slices" }, "Slices"), tabs(metric, current, by));
    if (!found.length) {
      section.append(element("p", { class: "missing" }, "No " + wording.dimension(by) + " has data in these days."));
      return section;
    }
    const place = element("div", null);
    function redraw(all) {
      const rows = sorted(found);
      place.replaceChildren(...chart(metric, current, rows, about(metric, by, rows).units),
        table(metric, current.range, by, rows, all === true, redraw));
      charts.release();
    }
    redraw();
    section.append(place);
    return section;
  }

  dashboard.slices = { draw };
})(window.dashboard);
