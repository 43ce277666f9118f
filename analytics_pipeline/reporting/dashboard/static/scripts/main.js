"use strict";
// Draws what the address asks for, and again whenever that changes.
(function (dashboard) {
  const { state, registry, charts, controls, overview, metric, definitions, dates } = dashboard;
  const { element } = dashboard.elements;
  const TITLE = "aicache analytics";
  let latest = 0;
  let before = null;

  function say(text) {
    document.getElementById("status").textContent = text;
  }

  function load(current) {
    if (current.view === "definitions" || !current.range) return Promise.resolve();
    if (current.view === "metric") return metric.load(current);
    return registry.load(overview.tables(current), current.range.previousFirst, current.range.last);
  }

  function parts(current) {
    if (current.view === "definitions") return definitions.draw();
    if (!current.range) {
      return [element("h1", { tabindex: "-1" }, "No data yet"), element("p", { class: "missing" },
        dashboard.catalog.team
          ? "The lake has no metrics of this team yet."
          : "The lake has no metrics yet. Run aicache-analytics run, and build the dashboard again.")];
    }
    const unknown = current.unknown ? [element("p", { class: "missing" },
      "There is no metric " + dashboard.wording.readable(current.unknown) + " in this dashboard.")] : [];
    return [...unknown, ...(current.view === "metric" ? metric.draw(current) : overview.draw(current))];
  }

  function failed(error) {
    return [element("h1", { tabindex: "-1" }, "A file is missing"), element("p", { class: "missing" },
      "The file " + error.message.replace(/\?.*/, "") + " cannot be read. Build the dashboard again: aicache-analytics dashboard.")];
  }

  // The focus goes to the heading of another page, and back to the card that led away.
  function focus(current, left) {
    if (current.view === "definitions" && definitions.shown(current)) return;
    if (!left || (left.view === current.view && left.metric === current.metric)) return;
    const card = left.metric && document.getElementById("card-" + left.metric);
    if (card) card.focus();
    else {
      window.scrollTo(0, 0);
      document.querySelector("main h1").focus({ preventScroll: true });
    }
  }

  async function render() {
    const turn = ++latest;
    const current = state.read();
    let content;
    try {
      await load(current);
      if (turn !== latest) return;
      content = parts(current);
    } catch (error) {
      if (turn !== latest) return;
      if (!(error instanceof Error) || !/\.js/.test(error.message)) throw error;
      content = failed(error);
    }
    controls(current);
    document.getElementById("main").replaceChildren(...content);
    document.getElementById("definitions-link").href = state.address({ view: "definitions", metric: null });
    document.getElementById("home").href = state.address({ view: "overview", metric: null, by: null, definition: null, filter: null });
    const heading = document.querySelector("main h1").textContent;
    document.title = heading + " – " + TITLE + (dashboard.catalog.team ? " – team " + dashboard.catalog.team : "");
    charts.release();
    focus(current, before);
    if (before) say(heading);
    before = current;
    document.documentElement.dataset.drawn = String(turn);
    // Once painted: what follows must not hold up the first sight.
    requestAnimationFrame(() => setTimeout(function () {
      if (!performance.getEntriesByName("first-view").length) performance.mark("first-view");
      (window.requestIdleCallback || setTimeout)(() => charts.ready().catch(() => null));
    }));
  }

  function start() {
    const { catalog, index } = dashboard;
    if (!catalog || !index) {
      document.getElementById("main").append(element("h1", null, "A file is missing"), element("p", null,
        "catalog.js or index.js cannot be read. Build the dashboard again: aicache-analytics dashboard."));
      return;
    }
    if (catalog.team) document.getElementById("team").textContent = "team " + dashboard.wording.readable(catalog.team);
    document.getElementById("coverage").textContent = index.last
      ? "Data from " + dates.shown(index.first) + " to " + dates.shown(index.last)
        + ", by event date in UTC. No figures of single users; figures per user only for " + catalog.smallest_group + " users or more."
      : "No data.";
    document.querySelector(".skip").addEventListener("click", function (event) {
      event.preventDefault();
      document.getElementById("main").focus();
    });
    window.addEventListener("hashchange", render);
    render();
  }

  start();
})(window.dashboard);
