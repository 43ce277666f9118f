"use strict";
// A small line without axes; the figures beside it say what it shows.
(function (dashboard) {
  const { svg } = dashboard.elements;
  const WIDTH = 200;
  const HEIGHT = 36;
  const EDGE = 3;

  // `days` has a value, or null, for each day in turn.
  function sparkline(days) {
    const known = days.filter((day) => day.value !== null).map((day) => day.value);
    const drawn = svg("svg", {
      class: "sparkline", viewBox: "0 0 " + WIDTH + " " + HEIGHT, preserveAspectRatio: "none",
      "aria-hidden": "true", focusable: "false",
    });
    if (!known.length) return drawn;
    const low = known.reduce((a, b) => Math.min(a, b));
    const high = known.reduce((a, b) => Math.max(a, b));
    const x = (at) => EDGE + (at * (WIDTH - 2 * EDGE)) / Math.max(1, days.length - 1);
    const y = (value) =>
      high === low ? HEIGHT / 2 : HEIGHT - EDGE - ((value - low) * (HEIGHT - 2 * EDGE)) / (high - low);
    let path = "";
    let pen = false;
    days.forEach(function (day, at) {
      if (day.value !== null) {
        const alone = !pen && (at + 1 === days.length || days[at + 1].value === null);
        path += (pen ? "L" : "M") + x(at).toFixed(1) + " " + y(day.value).toFixed(1);
        if (alone) path += "h0.1";
      }
      pen = day.value !== null;
    });
    drawn.append(svg("path", { d: path, "vector-effect": "non-scaling-stroke" }));
    return drawn;
  }

  dashboard.sparkline = sparkline;
})(window.dashboard);
