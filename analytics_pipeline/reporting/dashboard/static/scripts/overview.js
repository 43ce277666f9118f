"use strict";
// The first page: a card for each headline metric.
(function (dashboard) {
  const { figures, state, wording, sparkline } = dashboard;
  const { element } = dashboard.elements;

  const NO_CHANGE = /^[+−]0\.0+(%| points)$/;

  function headlines() {
    return dashboard.catalog.headlines.map((id) => dashboard.metrics.get(id));
  }

  function tables(current) {
    return headlines().flatMap((metric) => figures.tablesOf(metric, current.filter));
  }

  // Whether a change is good news, in a word; nothing where neither direction is.
  function verdict(metric, value, previous) {
    if (!metric.good) return "";
    return (value > previous) === (metric.good === "higher") ? "better" : "worse";
  }

  // The change against the range before, or why there is none.
  function changed(metric, found, range) {
    if (found.value === null) return element("span", { class: "change" }, "");
    if (found.previous === null) {
      return element("span", { class: "change" },
        !range.reachesBack ? "no data that far back" : "nothing to compare with");
    }
    const by = found.value - found.previous;
    if (by === 0) return element("span", { class: "change" }, "unchanged");
    const text = wording.change(found.value, found.previous, metric.unit);
    if (NO_CHANGE.test(text)) return element("span", { class: "change" }, "almost unchanged");
    const word = verdict(metric, found.value, found.previous);
    const arrow = by > 0 ? "▲ " : "▼ ";
    return element("span", { class: "change " + word }, arrow + text + (word ? ", " + word : ""));
  }

  function numberOf(metric, found, range) {
    if (found.value === null) return element("span", { class: "value missing" }, "No data");
    const unit = wording.unit(figures.unitOf(metric, range));
    return element("span", { class: "value" }, wording.number(found.value, metric.unit),
      unit ? element("span", { class: "unit" }, " " + unit) : null);
  }

  // What kind of figure it is, and of how many days; of how many the one before, where they differ.
  function about(found) {
    return wording.about(found.kind, found.days)
      + (found.previous !== null && found.previousDays !== found.days ? ", before: " + found.previousDays : "");
  }

  function data(metric, found) {
    return {
      "data-metric": metric.id,
      "data-value": found.value,
      "data-previous": found.previous,
      "data-kind": found.kind,
      "data-days": found.days,
    };
  }

  function card(metric, current) {
    const found = figures.figure(metric, current.filter, current.range);
    if (!found) {
      return element("li", { class: "card apart", "data-metric": metric.id },
        element("span", { class: "label" }, metric.label),
        element("span", { class: "about" },
          "not told apart by " + wording.dimension(current.filter.dimension)));
    }
    return element("li", { class: "card" }, element("a", {
      id: "card-" + metric.id, href: state.address({ metric: metric.id, by: null }), ...data(metric, found),
    }, element("span", { class: "label" }, metric.label), numberOf(metric, found, current.range),
    changed(metric, found, current.range), sparkline(figures.everyDay(found.list, current.range)),
    element("span", { class: "about" }, about(found))));
  }

  function draw(current) {
    const bySubject = new Map();
    for (const metric of headlines()) {
      if (!bySubject.has(metric.subject)) bySubject.set(metric.subject, []);
      bySubject.get(metric.subject).push(metric);
    }
    const title = current.filter
      ? wording.sentence(wording.dimension(current.filter.dimension)) + " " + wording.readable(current.filter.value)
      : "Overview";
    return [
      element("h1", { tabindex: "-1" }, title),
      element("p", { class: "hint" }, "Choose a figure to see it by day and by slice. Days without a value are left out; "
        + "a gap in a line is such a day."),
      ...[...bySubject].map(([subject, metrics]) => element("section", { "aria-labelledby": "subject-" + subject },
        element("h2", { id: "subject-" + subject }, wording.sentence(subject)),
        element("ul", { class: "cards" }, metrics.map((metric) => card(metric, current))))),
    ];
  }

  dashboard.overview = { tables, draw, changed, numberOf, about, data };
})(window.dashboard);
