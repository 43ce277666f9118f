"use strict";
// Charts by plotly.js, which is loaded once the first page stands or the first chart is asked for.
(function (dashboard) {
  const { registry, wording } = dashboard;
  const { element } = dashboard.elements;
  // Dark enough on white, told apart by the colour-blind, and in grey by their dashes.
  const COLORS = ["#0b5cad", "#b3470b", "#00704f", "#8a3a8c", "#4d4d4d", "#7a5a00"];
  const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
  const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "x", "cross"];
  const MARKED_DAYS = 62;
  const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false };
  const drawn = new Set();

  function ready() {
    return registry.loadScript("plotly.min.js");
  }

  // Plotly reads a few HTML tags in texts.
  function plain(text) {
    return wording.readable(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }

  function line(days, name, number, unit) {
    const style = number % COLORS.length;
    return {
      type: "scatter",
      mode: days.length > MARKED_DAYS ? "lines" : "lines+markers",
      name: plain(name),
      x: days.map((day) => day.date),
      y: days.map((day) => day.value),
      text: days.map((day) => (wording.number(day.value, unit) + " " + wording.unit(unit)).trim()),
      hovertemplate: "%{x|%a %e %b %Y}<br>%{text}",
      connectgaps: false,
      line: { color: COLORS[style], dash: DASHES[style], width: 2 },
      marker: { color: COLORS[style], symbol: SYMBOLS[style], size: 6 },
    };
  }

  function layout(unit, changes) {
    return {
      height: 320,
      margin: { l: 64, r: 16, t: 16, b: 48 },
      font: { family: "system-ui, sans-serif", size: 13, color: "#1c2430" },
      paper_bgcolor: "#ffffff",
      plot_bgcolor: "#ffffff",
      hovermode: "closest",
      showlegend: true,
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      xaxis: { type: "date", gridcolor: "#e6e9ee", linecolor: "#6b7480", ticks: "outside" },
      yaxis: {
        gridcolor: "#e6e9ee", zerolinecolor: "#6b7480", automargin: true,
        tickformat: unit === "share" ? ",.1~%" : ",~g",
        title: { text: unit === "share" ? "" : plain(unit || ""), standoff: 8 },
      },
      ...changes,
    };
  }

  // A figure that is drawn once it stands in the page and plotly.js has come.
  function chart(description, traces, its) {
    const place = element("div", { class: "plot", role: "img", "aria-label": description });
    const figure = element("figure", { class: "chart" }, place);
    ready().then(function () {
      if (!place.isConnected) return null;
      drawn.add(place);
      return window.Plotly.newPlot(place, traces, its, CONFIG);
    }).then(function () {
      place.dataset.drawn = "true";
    }, function () {
      place.replaceWith(element("p", { class: "missing" },
        "The chart cannot be drawn: plotly.min.js is missing beside this page. Build the dashboard again."));
    });
    return figure;
  }

  // Lets go of charts that no longer stand in the page.
  function release() {
    for (const place of drawn) {
      if (!place.isConnected) {
        window.Plotly.purge(place);
        drawn.delete(place);
      }
    }
  }

  dashboard.charts = { chart, line, layout, plain, ready, release, COLORS };
})(window.dashboard);
