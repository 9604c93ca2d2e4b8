// What every page does: words from the page itself, errors in one place, saying when there is no connection.
//
// All texts are the server's, in both languages side by side; a page brings those its scripts need as
// `<template data-text="name">`.

/** The page's text of this name, with `{place}`s filled in. Always set as text, never as markup. */
export function say(name, places = {}) {
  const template = document.querySelector(`template[data-text="${CSS.escape(name)}"]`);
  const text = template?.content.textContent ?? name;
  return text.replaceAll(/\{(\w+)\}/g, (whole, place) => places[place] ?? whole);
}

/** Whether the page has a text of this name. */
export const has = (name) => document.querySelector(`template[data-text="${CSS.escape(name)}"]`) !== null;

/** An element with attributes and children; strings become text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Shows errors in the summary on top and goes there. Each is `{text, field?}`; `field` is an id. */
export function showErrors(errors) {
  const box = document.querySelector("[data-errors]");
  const line = ({ text, field }) => element("li", {}, field ? element("a", { href: `#${field}` }, text) : text);
  box.querySelector("ul").replaceChildren(...errors.map(line));
  box.hidden = false;
  box.focus();
}

/** Takes earlier errors away. */
export function clearErrors() {
  for (const box of document.querySelectorAll("[data-errors]")) box.hidden = true;
}

/** The words for a refusal: the page's own for this code, or the sentence that the server has for it, or the general ones. */
export async function words(error) {
  const code = error.code ?? "unsure";
  if (has(`refused-${code}`)) return say(`refused-${code}`, { member: error.member ?? "" });
  if (!error.code) return say("refused-unsure");
  const headers = { Accept: "application/json" };
  const told = await fetch(`/desk/refused/${encodeURIComponent(code)}`, { headers, credentials: "same-origin" }).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
  return told?.text ?? error.detail ?? say("refused-unknown");
}

/** Runs something while its button waits; a second press does nothing. */
export async function busy(button, act) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try {
    await act();
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

const bar = document.querySelector("[data-offline]");
if (bar) {
  const show = () => (bar.hidden = navigator.onLine);
  addEventListener("online", show);
  addEventListener("offline", show);
  show();
}
