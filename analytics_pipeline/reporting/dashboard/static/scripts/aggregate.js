"use strict";
// How the values of several days become one. Each metric of the catalog says by what kind.
(function (dashboard) {
  // A formula is believed only where it gives the stored value of each single day.
  const TOLERANCE = 1e-6;

  function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  function sum(values) {
    return values.reduce((total, value) => total + value, 0);
  }

  // The value of a formula in postfix notation; null where it divides by 0.
  function evaluated(postfix, values) {
    const stack = [];
    for (const part of postfix) {
      if (typeof part === "number") stack.push(part);
      else if (part in values) stack.push(values[part]);
      else {
        const right = stack.pop();
        const left = stack.pop();
        stack.push({ "+": left + right, "-": left - right, "*": left * right, "/": left / right }[part]);
      }
    }
    return Number.isFinite(stack[0]) ? stack[0] : null;
  }

  function columnsOf(over) {
    return [...new Set(over.postfix.filter((part) => /^[A-Za-z_]\w*$/.test(part)))];
  }

  function byFormula(over, days) {
    const columns = columnsOf(over);
    const total = Object.fromEntries(columns.map((name) => [name, 0]));
    for (const day of days) {
      const own = {};
      for (const name of columns) {
        own[name] = day[name] === null ? 0 : day[name];
        total[name] += own[name];
      }
      const value = evaluated(over.postfix, own);
      const scale = Math.max(Math.abs(day.value), 1e-9);
      if (value === null || Math.abs(value - day.value) > TOLERANCE * scale) return null;
    }
    return evaluated(over.postfix, total);
  }

  // One value from days, ascending, each with `value` and the columns of the formula.
  function aggregate(over, days) {
    const known = days.filter((day) => day.value !== null);
    if (!known.length) return { value: null, kind: over.kind, days: 0 };
    const values = known.map((day) => day.value);
    const found = {
      sum: () => sum(values),
      last: () => values[values.length - 1],
      max: () => values.reduce((a, b) => Math.max(a, b)),
      min: () => values.reduce((a, b) => Math.min(a, b)),
      formula: () => byFormula(over, known),
      median: () => median(values),
    }[over.kind]();
    if (found === null) return { value: median(values), kind: "median", days: values.length };
    return { value: found, kind: over.kind, days: values.length };
  }

  dashboard.aggregate = { aggregate, columnsOf, median };
})(window.dashboard);
