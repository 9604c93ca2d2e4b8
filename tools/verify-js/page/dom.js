// Elements, without a library and without markup in strings: whatever a file holds stays text.

/** An element; attributes that are undefined or false are left out, children too. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(attribute, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== false));
  return made;
}

/** An identifier: never mirrored, never broken from what it is. */
export function literal(text) {
  return element("bdi", {}, element("code", { dir: "ltr" }, String(text)));
}

/** A list of facts; [term, …details], what is undefined is left out. */
export function facts(...rows) {
  const shown = rows.filter((row) => row !== undefined && row !== false);
  return element("dl", { class: "facts" }, shown.map(([term, ...details]) => element("div", {}, element("dt", {}, term), element("dd", {}, details))));
}

export function notice(kind, title, ...paragraphs) {
  return element("div", { class: `notice notice--${kind}` }, element("h2", { tabindex: "-1" }, title),
    paragraphs.filter(Boolean).map((text) => element("p", {}, text)));
}
