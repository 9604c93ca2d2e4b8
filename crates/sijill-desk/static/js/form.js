// Reading an event out of a form, and a form's draft.
//
// A form that is signed has `data-event='{"stream":…,"type":…,"v":1,"data":{…}}'`: what is fixed. Its fields add
// the rest. A field's name says where its value goes: `data.unit` is an open member, `casework.priority` a
// disclosure of that class, `occurred` the claimed time. `data-kind` says what a value is: `text` (the default), `number`,
// `flag`, `list` (of all checked boxes of that name, sorted; `data-each` says what each is), `json`, `muscat` (a local time
// there), `address` (`agency/unit`) or `officer` (`agency/officer`). What cites a file is `json` in a hidden control (`file.js`). A field in `data-required` must be answered.

const OPEN = "data";

/** The event a form describes, as `signEvent` takes it. */
export function eventOf(form) {
  const fixed = JSON.parse(form.dataset.event);
  const event = { stream: fixed.stream, type: fixed.type, v: fixed.v ?? 1, open: { ...fixed.data }, hidden: [] };
  for (const [name, value] of valuesOf(form)) {
    const [place, field] = name.split(".");
    if (name === "occurred") event.occurred = value ?? undefined;
    else if (place !== OPEN) event.hidden.push({ class: place, name: field, value });
    // An open member that was left out is not there; a hidden one is there as `null`.
    else if (value !== null) event.open[field] = value;
  }
  return event;
}

/** The values of a form's fields by name, in the order of the page; `null` for what was left out. */
function valuesOf(form) {
  const values = new Map();
  const lists = new Map();
  for (const control of form.elements) {
    if (!control.name || control.disabled || control.type === "submit" || control.type === "button") continue;
    const { kind = "text" } = control.dataset;
    const chosen = control.type === "checkbox" || control.type === "radio" ? control.checked : true;
    if (kind === "list") {
      const list = lists.get(control.name) ?? [];
      lists.set(control.name, chosen ? [...list, control.value].sort() : list);
      // The order is that of the texts, also where each stands for an object.
      values.set(control.name, lists.get(control.name).map((text) => read(control.dataset.each, text)));
    } else if (kind === "flag") values.set(control.name, control.checked);
    else if (chosen) values.set(control.name, read(kind, control.value.trim()));
    else if (!values.has(control.name)) values.set(control.name, null);
  }
  return values;
}

function read(kind, text) {
  if (text === "") return null;
  if (kind === "number") return Number(text);
  // Muscat has kept UTC+4 without daylight saving since 1920.
  if (kind === "muscat") return `${text}${text.length === 16 ? ":00" : ""}+04:00`;
  const [agency, inside] = text.split("/");
  if (kind === "address") return { agency, unit: inside };
  if (kind === "officer") return { agency, officer: inside };
  return kind === "json" ? JSON.parse(text) : text;
}

/** What must be answered and was not: `[label, id]` of each. */
export function missing(form) {
  const values = valuesOf(form);
  const asked = new Map();
  for (const control of form.elements) {
    const field = control.name && control.closest("[data-required]");
    const value = values.get(control.name);
    const empty = value === null || (Array.isArray(value) && value.length === 0);
    if (field && empty && !asked.has(control.name)) asked.set(control.name, [own(field.querySelector("legend, label")), control.dataset.at ?? control.id]);
  }
  return [...asked.values()];
}

/** What is written on a form, line by line: `[label, value]` in the reader's words. */
export function linesOf(form) {
  const lines = new Map();
  for (const control of form.elements) {
    if (!control.name || control.type === "hidden" || control.type === "submit" || control.type === "button") continue;
    const box = control.type === "checkbox" || control.type === "radio";
    const field = control.closest(".field");
    const label = own(field?.querySelector("legend, label") ?? control.labels?.[0]);
    const value = box ? (control.checked ? own(control.labels?.[0]) : "") : shown(control);
    const earlier = lines.get(control.name)?.[1];
    lines.set(control.name, [label, earlier && value ? `${earlier}, ${value}` : earlier || value]);
  }
  return [...lines.values()];
}

const shown = (control) => (control.tagName === "SELECT" ? control.selectedOptions[0]?.text ?? "" : control.value.trim());

/** A label's words without what stands in it in small print. */
function own(label) {
  const text = (node) => (node.nodeType === Node.TEXT_NODE ? node.data : node.matches("small, .optional") ? "" : node.textContent);
  return label ? [...label.childNodes].map(text).join("").trim() : "";
}

/** What is written, to be kept: name → values. */
export function written(form) {
  return [...new FormData(form)].filter(([, value]) => typeof value === "string");
}

/** Puts a draft back. */
export function write(form, entries) {
  const byName = Map.groupBy ? Map.groupBy(entries, ([name]) => name) : group(entries);
  for (const control of form.elements) {
    if (!control.name || control.type === "hidden") continue;
    const values = (byName.get(control.name) ?? []).map(([, value]) => value);
    if (control.type === "checkbox" || control.type === "radio") control.checked = values.includes(control.value);
    else if (values.length > 0) control.value = values[0];
  }
}

function group(entries) {
  const groups = new Map();
  for (const entry of entries) groups.set(entry[0], [...(groups.get(entry[0]) ?? []), entry]);
  return groups;
}
