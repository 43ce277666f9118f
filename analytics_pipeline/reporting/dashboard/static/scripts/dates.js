"use strict";
// Dates as texts such as 2026-11-30, which compare as the days do.
(function (dashboard) {
  const MILLISECONDS = 86400000;
  const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const MONTHS = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ];

  function number(date) {
    return Math.round(Date.parse(date + "T00:00:00Z") / MILLISECONDS);
  }

  function plus(date, days) {
    return new Date((number(date) + days) * MILLISECONDS).toISOString().slice(0, 10);
  }

  // Number of days from first to last, both included.
  function length(first, last) {
    return number(last) - number(first) + 1;
  }

  function each(first, last) {
    return Array.from({ length: Math.max(0, length(first, last)) }, (_, at) => plus(first, at));
  }

  function isDate(text) {
    return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(number(text)) && plus(text, 0) === text;
  }

  // Such as 30 Nov 2026.
  function shown(date) {
    const at = new Date(number(date) * MILLISECONDS);
    return at.getUTCDate() + " " + MONTHS[at.getUTCMonth()] + " " + at.getUTCFullYear();
  }

  // Such as Mon, 30 Nov 2026.
  function long(date) {
    return WEEKDAYS[new Date(number(date) * MILLISECONDS).getUTCDay()] + ", " + shown(date);
  }

  dashboard.dates = { plus, length, each, isDate, shown, long };
})(window.dashboard);
