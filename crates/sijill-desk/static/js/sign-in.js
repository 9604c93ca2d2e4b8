// The sign-in page: whoever holds a key in this browser proves it by signing a fresh challenge.

import { canSign, fingerprint } from "./key.js";
import { busy, clearErrors, element, say, showErrors, words } from "./page.js";
import { signIn } from "./session.js";
import { identities } from "./vault.js";

const list = document.querySelector("[data-identities]");

if (await canSign()) {
  const held = await identities();
  list.replaceChildren(...held.map(row));
  document.querySelector(held.length > 0 ? "[data-some]" : "[data-none]").hidden = false;
} else {
  document.querySelector("[data-unable]").hidden = false;
}
document.querySelector("[data-wait]").hidden = true;

function row(identity) {
  const who = `${identity.agency} / ${identity.officer}`;
  // One span: a button lays its children out as boxes, and space between boxes is lost.
  const label = element("span", {}, say("sign-in-as"), " ", element("bdi", { dir: "ltr" }, who));
  const button = element("button", { class: "button", type: "button" }, label);
  button.addEventListener("click", () => busy(button, () => enter(identity)));
  const print = element("p", { class: "quiet small" }, say("sign-in-key"), " ", element("bdi", { class: "code" }, fingerprint(identity.kid)));
  return element("li", { class: "card" }, button, print);
}

async function enter(identity) {
  clearErrors();
  try {
    location.assign(await signIn(identity));
  } catch (error) {
    showErrors([{ text: await words(error) }]);
  }
}
