// The officer's side of an invitation. The token stands after the # of the link, so that it is in no server's log
// and in no Referer. Here a key is made, stays here, and its public half and proof of possession go to the registrar.

import { canSign, fingerprint, generateKey, possessionMessage, sign } from "./key.js";
import { call } from "./ledger.js";
import { busy, clearErrors, showErrors, words } from "./page.js";
import { signIn } from "./session.js";
import { identities, identity, keepIdentity } from "./vault.js";

/** While the registrar is on the line, and when it takes longer. */
const ASK_SOON_MS = 1_500;
const ASK_LATER_MS = 10_000;
const SOON = 40;
const token = location.hash.slice(1);
// In another language it is the same invitation.
for (const way of document.querySelectorAll("a[data-here]")) way.hash = token;
const step = (name) => {
  for (const part of document.querySelectorAll("[data-step]")) part.hidden = part.dataset.step !== name;
};

try {
  if (!token) step("no-token");
  else if (!(await canSign())) step("unable");
  else await open();
} catch (error) {
  step("refused");
  showErrors([{ text: await words(error) }]);
}

async function open() {
  const invitation = await call("POST", "/desk/enrol/open", { token });
  for (const place of document.querySelectorAll("[data-place]")) place.textContent = invitation[place.dataset.place] ?? "";
  if (invitation.state !== "open") {
    const mine = (await identities()).find((held) => held.kid === invitation.kid);
    if (mine) return wait(mine.kid);
    return step("answered");
  }
  const button = document.querySelector("[data-make]");
  button.addEventListener("click", () => busy(button, () => answer(invitation)));
  step("make");
}

async function answer({ origin, agency, officer }) {
  clearErrors();
  try {
    // A key made here before, whose answer got lost on the way, is offered again rather than left behind.
    const unsent = (await identities()).find((held) => held.invitation === token && held.agency === agency);
    const { key, jwk, kid } = unsent ? { ...unsent, jwk: { crv: "Ed25519", kty: "OKP", x: unsent.x } } : await generateKey();
    // Kept before it is shown to anybody: a registered key that was lost on the way would be nobody's.
    await keepIdentity({ kid, key, x: jwk.x, agency, officer, origin, made: Date.now(), invitation: token });
    const proof = await sign(key, possessionMessage(origin, agency, officer, kid));
    await call("POST", "/desk/enrol/answer", { token, key: jwk, proof });
    await wait(kid);
  } catch (error) {
    showErrors([{ text: await words(error) }]);
  }
}

/** Until the registrar has signed. */
async function wait(kid) {
  document.querySelector("[data-fingerprint]").textContent = fingerprint(kid);
  step("wait");
  for (let asked = 0; ; asked++) {
    const { state } = await call("POST", "/desk/enrol/open", { token }).catch(() => ({ state: "unknown" }));
    if (state === "done") return done(kid);
    await new Promise((resolve) => setTimeout(resolve, asked < SOON ? ASK_SOON_MS : ASK_LATER_MS));
  }
}

/** The key is registered: from here its holder signs in with it. Without this script the link leads to the sign-in. */
function done(kid) {
  const way = document.querySelector("[data-step=done] a");
  way.addEventListener("click", (pressed) => {
    pressed.preventDefault();
    busy(way, async () => {
      clearErrors();
      try {
        location.assign(await signIn(await identity(kid)));
      } catch (error) {
        showErrors([{ text: await words(error) }]);
      }
    });
  });
  step("done");
}
