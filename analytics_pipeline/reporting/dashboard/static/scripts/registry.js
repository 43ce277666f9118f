"use strict";
// The data of the dashboard: what the files call, and how the pages read it.
// The files are scripts, because a page that was opened from disk may not fetch others.
window.dashboard = {};

(function (dashboard) {
  const held = new Map();
  const coming = new Map();

  // Called by catalog.js, index.js and the files in data/.
  dashboard.setCatalog = function (catalog) {
    dashboard.catalog = catalog;
    dashboard.metrics = new Map(catalog.metrics.map((metric) => [metric.id, metric]));
  };
  dashboard.setIndex = function (index) {
    dashboard.index = index;
  };
  dashboard.put = function (table, month, content) {
    held.set(table + "/" + month, content);
  };

  function loadScript(source) {
    if (!coming.has(source)) {
      coming.set(source, new Promise(function (resolve, reject) {
        const script = document.createElement("script");
        script.src = source;
        script.onload = resolve;
        script.onerror = function () {
          coming.delete(source);
          reject(new Error(source));
        };
        document.head.appendChild(script);
      }));
    }
    return coming.get(source);
  }

  function monthsOf(table, first, last) {
    const months = dashboard.index.months[table] || {};
    return Object.keys(months).filter(
      (month) => month >= first.slice(0, 7) && month <= last.slice(0, 7)
    );
  }

  // Loads what tables have from first to last; the dates are texts such as 2026-11-30.
  function load(tables, first, last) {
    const loading = [];
    for (const table of new Set(tables)) {
      for (const month of monthsOf(table, first, last)) {
        if (!held.has(table + "/" + month)) {
          const version = dashboard.index.months[table][month];
          loading.push(loadScript("data/" + table + "/" + month + ".js?" + version));
        }
      }
    }
    return Promise.all(loading);
  }

  function unpacked(column, rows) {
    if (column === undefined) return new Array(rows).fill(null);
    if (Array.isArray(column)) return column;
    return column.at.map((at) => (at === null ? null : column.words[at]));
  }

  // Rows of a loaded table: an object of arrays, of the given columns and `date`, ascending.
  function rows(table, names, first, last) {
    const found = { date: [] };
    for (const name of names) found[name] = [];
    for (const month of monthsOf(table, first, last)) {
      const content = held.get(table + "/" + month);
      if (!content) continue;
      const columns = names.map((name) => unpacked(content.columns[name], content.days.length));
      content.days.forEach(function (day, at) {
        const date = month + "-" + String(day).padStart(2, "0");
        if (date < first || date > last) return;
        found.date.push(date);
        names.forEach((name, number) => found[name].push(columns[number][at]));
      });
    }
    return found;
  }

  dashboard.registry = { load, loadScript, rows };
})(window.dashboard);
