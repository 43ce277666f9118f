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
    return element("th", { scope: "col", "aria-sort": sorting, class: column }, element("button", {
      id: "sort-" + column, type: "button",
      onclick: function () {
        order = { column, descending: order.column === column ? !order.descending : column !== "name" };
        redraw();
        document.getElementById("sort-" + column).focus();
      },
    }, text + mark));
  }

  function row(metric, by, slice, filterable) {
    const name = wording.readable(slice.name) || "(empty)";
    return element("tr", {
      "data-slice": slice.name, "data-value": slice.value, "data-share": slice.share,
      "data-previous": slice.previous, "data-kind": slice.kind,
    },
    element("th", { scope: "row" }, filterable
      ? element("a", { href: state.address({ filter: { dimension: by, value: slice.name } }) }, name)
      : name),
    element("td", { class: "number" }, slice.value === null ? "no data" : wording.number(slice.value, metric.unit)),
    element("td", { class: "number" }, slice.share === null ? "–" : wording.percentage(slice.share)),
    element("td", { class: "number" }, changeOf(slice) === null ? "–" : dashboard.overview.changed(metric, slice)),
    element("td", { class: "number" }, String(slice.days)));
  }

  function table(metric, by, slices, filterable) {
    const made = element("table", { class: "slices" });
    let all = false;
    function redraw() {
      const rows = sorted(slices);
      const shown = all ? rows : rows.slice(0, LISTED);
      made.replaceChildren(
        element("caption", null, metric.label + " by " + wording.dimension(by) + ", " + slices.length
          + (slices.length === 1 ? " slice" : " slices")),
        element("thead", null, element("tr", null, header("name", wording.sentence(wording.dimension(by)), redraw),
          header("value", "Figure", redraw), header("share", "Share", redraw),
          header("change", "Change", redraw), header("days", "Days", redraw))),
        element("tbody", null, shown.map((slice) => row(metric, by, slice, filterable))));
      if (shown.length < rows.length) {
        made.append(element("tfoot", null, element("tr", null, element("td", { colspan: 5 }, element("button", {
          type: "button", id: "list-all",
          onclick: function () {
            all = true;
            redraw();
          },
        }, "Show all " + rows.length)))));
      }
    }
    redraw();
    return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Slices" }, made);
  }

  function draw(metric, current, by) {
    const heading = element("h2", { id: "slices" }, "Slices");
    const found = figures.slices(metric, by, current.range);
    const parts = [heading, tabs(metric, current, by)];
    if (!found.length) {
      return element("section", { "aria-labelledby": "slices" }, parts,
        element("p", { class: "missing" }, "No " + wording.dimension(by) + " has data in these days."));
    }
    const largest = [...found].filter((slice) => slice.value !== null)
      .sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1)).slice(0, DRAWN);
    const long = dashboard.catalog.tables[figures.sourceOf(metric, { dimension: by }).table].dimensions.length > 0;
    const description = metric.label + " by day for " + largest.map((slice) => wording.readable(slice.name)
      + " (" + wording.number(slice.value, metric.unit) + ")").join(", ") + ". The table below has the figures.";
    parts.push(charts.chart(description, largest.map((slice, number) => charts.line(
      figures.everyDay(slice.list, current.range), slice.name || "(empty)", number, metric.unit)),
    charts.layout(metric.unit, { height: 360 })));
    if (found.length > largest.length) {
      parts.push(element("p", { class: "hint" }, "Drawn are the " + largest.length + " largest of " + found.length + "."));
    }
    parts.push(table(metric, by, found, long));
    return element("section", { "aria-labelledby": "slices" }, parts);
  }

  dashboard.slices = { draw };
})(window.dashboard);
