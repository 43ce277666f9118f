"use strict";
// The range of dates and the slice that all figures are about.
(function (dashboard) {
  const { state, registry, dates, wording } = dashboard;
  const { element } = dashboard.elements;
  const PRESETS = { 7: "7 days", 28: "28 days", 90: "90 days", 365: "365 days", all: "All" };

  function go(changes) {
    location.href = state.address(changes);
  }

  function presets(current) {
    return element("ul", { class: "presets", "aria-label": "Range" }, state.PRESETS.map((days) =>
      element("li", null, element("a", {
        id: "range-" + days,
        href: state.address({ days, from: null, to: null }),
        "aria-current": !current.from && current.days === days ? "true" : null,
      }, PRESETS[days]))));
  }

  function ownRange(current) {
    const { first, last } = current.range;
    const { first: start, last: end } = dashboard.index;
    const input = (id, label, value) => element("label", { for: id }, label + " ",
      element("input", { id, type: "date", value, min: start, max: end, required: true }));
    const problem = element("span", { class: "problem", role: "alert" });
    return element("form", {
      class: "own-range", "aria-label": "Own range",
      onsubmit: function (event) {
        event.preventDefault();
        const from = document.getElementById("range-from").value;
        const to = document.getElementById("range-to").value;
        if (from <= to) go({ from, to });
        else problem.textContent = "The first day lies after the last.";
      },
    }, input("range-from", "From", first), input("range-to", "to", last),
    element("button", { id: "range-apply" }, "Show"), problem);
  }

  // Dimensions that long tables tell the headline metrics apart by.
  function dimensions() {
    const found = new Set();
    for (const id of dashboard.catalog.headlines) {
      for (const slice of dashboard.metrics.get(id).slices) {
        if (dashboard.catalog.tables[slice.table].dimensions.length) found.add(slice.dimension);
      }
    }
    return [...found];
  }

  function valuesOf(dimension, range) {
    const tables = new Set();
    for (const metric of dashboard.catalog.metrics) {
      for (const slice of metric.slices) {
        if (slice.dimension === dimension && dashboard.catalog.tables[slice.table].dimensions.length) {
          tables.add(slice.table);
        }
      }
    }
    return registry.load(tables, range.first, range.last).then(function () {
      const values = new Set();
      for (const table of tables) {
        const rows = registry.rows(table, ["dimension", "value"], range.first, range.last);
        rows.dimension.forEach(function (name, at) {
          if (name === dimension) values.add(rows.value[at]);
        });
      }
      return [...values].sort();
    });
  }

  function filter(current) {
    const offered = dimensions();
    if (!offered.length) return null;
    const chosen = current.filter;
    const value = element("select", {
      id: "filter-value", "aria-label": "Slice", hidden: !chosen,
      onchange: function (event) {
        if (event.target.value === "") return;
        const dimension = document.getElementById("filter-dimension").value;
        go({ filter: { dimension, value: event.target.value.slice(1) } });
      },
    });
    const offer = (name) => valuesOf(name, current.range).then(function (values) {
      const known = chosen && chosen.dimension === name ? chosen.value : null;
      if (known !== null && !values.includes(known)) values.unshift(known);
      // Values may be empty texts: each has a mark before it.
      value.replaceChildren(element("option", { value: "" }, "choose a " + wording.dimension(name)),
        ...values.map((each) => element("option", {
          value: "=" + each, selected: each === known,
        }, wording.readable(each) || "(empty)")));
      value.hidden = false;
    });
    const dimension = element("select", {
      id: "filter-dimension",
      onchange: function (event) {
        if (event.target.value === "") go({ filter: null });
        else offer(event.target.value);
      },
    }, element("option", { value: "" }, "everything"), offered.map((name) => element("option", {
      value: name, selected: Boolean(chosen) && chosen.dimension === name,
    }, "one " + wording.dimension(name))));
    if (chosen) offer(chosen.dimension);
    return element("form", { class: "filter", "aria-label": "Slice" },
      element("label", { for: "filter-dimension" }, "Show ", dimension), value,
      chosen ? element("a", { id: "filter-remove", href: state.address({ filter: null }) }, "Show everything") : null);
  }

  function compared(range) {
    if (!range.reachesBack) {
      return " (UTC). The data begin on " + dates.shown(dashboard.index.first)
        + ", too late for a comparison with the same length before.";
    }
    return " (UTC), compared with the " + (range.length === 1 ? "day" : range.length + " days") + " before";
  }

  function controls(current) {
    const focused = document.activeElement && document.activeElement.id;
    const place = document.getElementById("controls");
    if (!current.range || current.view === "definitions") {
      place.replaceChildren();
      return;
    }
    const { range } = current;
    place.replaceChildren(presets(current), ownRange(current), filter(current) || "",
      element("p", { class: "range" }, range.first === range.last
        ? dates.long(range.first)
        : dates.long(range.first) + " to " + dates.long(range.last),
      compared(range)));
    if (focused && place.querySelector("#" + CSS.escape(focused))) {
      document.getElementById(focused).focus();
    }
  }

  dashboard.controls = controls;
})(window.dashboard);
