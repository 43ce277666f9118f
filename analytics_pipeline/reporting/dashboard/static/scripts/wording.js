"use strict";
// Numbers and texts as people read them, as in the reports.
(function (dashboard) {
  const MAX_TEXT = 120;
  // Control characters, and the marks that turn the direction of the text after them.
  const UNSEEN = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

  function threeDigits(value) {
    if (value === 0) return "0";
    if (Math.abs(value) < 1e-4) {
      const rounded = value.toExponential(2);
      return Number(rounded).toFixed(2 - Number(rounded.split("e")[1]));
    }
    const text = value.toPrecision(3);
    return text.includes("e") ? grouped(Number(text)) : text;
  }

  function grouped(value) {
    return Math.round(value).toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  }

  function percentage(share) {
    const percent = 100 * share;
    if (percent === 0 || percent === 100) return percent.toFixed(0) + "%";
    const size = Math.abs(percent);
    return percent.toFixed(size >= 1 && size <= 99 ? 1 : 2) + "%";
  }

  function duration(seconds) {
    if (seconds === 0) return "0 s";
    if (Math.round(1000 * Math.abs(seconds)) < 1000) return threeDigits(1000 * seconds) + " ms";
    if (Math.round(10 * Math.abs(seconds)) < 600) return threeDigits(seconds) + " s";
    let whole = Math.round(seconds);
    const minutes = Math.floor(whole / 60);
    if (minutes < 60) return minutes + " min" + (whole % 60 ? " " + (whole % 60) + " s" : "");
    whole = Math.round(seconds / 60);
    return grouped(Math.floor(whole / 60)) + " h" + (whole % 60 ? " " + (whole % 60) + " min" : "");
  }

  // A number without its unit, but for shares and times.
  function number(value, unit) {
    if (value === null || value === undefined) return "–";
    if (unit === "share") return percentage(value);
    if (unit === "s" || unit === "s per day") return duration(value);
    if (unit && unit.startsWith("USD") && Math.abs(value) >= 0.1) {
      return value.toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ",");
    }
    if (Number.isInteger(value) || Math.abs(value) >= 1000) return grouped(value);
    return threeDigits(value);
  }

  function unit(name) {
    return name === null || name === "share" || name === "s" ? "" : name;
  }

  // A change with its sign: in points for a share, else in percent where that is defined.
  function change(value, previous, name) {
    const by = value - previous;
    const sign = by < 0 ? "−" : "+";
    if (name === "share") {
      const points = Math.abs(100 * by);
      return sign + points.toFixed(points >= 1 ? 1 : 2) + " points";
    }
    if (previous > 0) return sign + Math.abs((100 * by) / previous).toFixed(1) + "%";
    return sign + number(Math.abs(by), name);
  }

  function readable(text) {
    const cut = text.length <= MAX_TEXT ? text : text.slice(0, MAX_TEXT - 1) + "…";
    return cut.replace(UNSEEN, "\ufffd");
  }

  // What a figure of several days is, in words.
  function about(kind, days) {
    if (days === 0) return "no day has a value";
    const counted = days === 1 ? "1 day" : days + " days";
    return {
      sum: "sum of " + counted,
      formula: "from sums of " + counted,
      last: "latest of " + counted,
      max: "highest of " + counted,
      min: "lowest of " + counted,
      median: "median of " + counted,
    }[kind];
  }

  const KINDS = {
    sum: "The figure of several days is their sum.",
    formula: "The figure of several days is computed from the sums of what the formula is made of, "
      + "not from the figures of the days.",
    last: "The figure of several days is that of the latest day.",
    max: "The figure of several days is the highest of them.",
    min: "The figure of several days is the lowest of them.",
    median: "This cannot be added up over days. The figure of several days is the median of the "
      + "days: a typical day, not a value of all days together.",
  };

  function dimension(name) {
    return name.replace(/_/g, " ");
  }

  function sentence(text) {
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  dashboard.wording = {
    number, unit, change, readable, about, dimension, sentence, percentage, duration, KINDS,
  };
})(window.dashboard);
