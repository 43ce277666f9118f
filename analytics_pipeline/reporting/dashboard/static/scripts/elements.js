"use strict";
// Making elements. Texts become text nodes, so that nothing in them is ever read as HTML.
(function (dashboard) {
  const SVG = "http://www.w3.org/2000/svg";

  function filled(made, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "onclick" || name === "onchange" || name === "onsubmit") {
        made.addEventListener(name.slice(2), value);
      } else made.setAttribute(name, value === true ? "" : String(value));
    }
    made.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return made;
  }

  function element(name, attributes, ...children) {
    return filled(document.createElement(name), attributes, children);
  }

  function svg(name, attributes, ...children) {
    return filled(document.createElementNS(SVG, name), attributes, children);
  }

  dashboard.elements = { element, svg };
})(window.dashboard);
