// Files of a form: brought to the vault when they are chosen, cited when the form is signed.
//
// `<input type="file" data-file="ID">` has beside it a hidden control with that id, for what an event cites, and an element
// `[data-file-state]` that says where the file stands.

import { call } from "./ledger.js";
import { say, words } from "./page.js";

/** As long as the vault takes. */
const LONGEST = 20_000_000;

const bringing = new WeakMap();

/** Brings the files of a form to the vault as soon as they are chosen. */
export function watchFiles(form) {
  for (const control of form.querySelectorAll("input[data-file]")) {
    control.addEventListener("change", () => bringing.set(control, bring(control)));
  }
}

/** Waits until every file that was chosen is in the vault, or is not to be. */
export const brought = (form) => Promise.all([...form.querySelectorAll("input[data-file]")].map((control) => bringing.get(control)));

async function bring(control) {
  const held = document.getElementById(control.dataset.file);
  const state = control.closest(".field").querySelector("[data-file-state]");
  const [file] = control.files;
  held.value = "";
  state.textContent = "";
  if (!file) return;
  if (file.size === 0 || file.size > LONGEST) return giveUp(control, state, say("file-size"));
  state.textContent = say("file-coming", { name: file.name });
  try {
    const { digest, size } = await call("PUT", "/desk/attachments", file, "application/octet-stream");
    // Another may have been chosen meanwhile.
    if (control.files[0] !== file) return;
    held.value = JSON.stringify({ attachment: digest, size, media_type: mediaType(file.type) });
    state.textContent = say("file-there", { name: file.name, size: Math.ceil(size / 1000) });
  } catch (error) {
    giveUp(control, state, await words(error));
  }
}

function giveUp(control, state, why) {
  control.value = "";
  state.textContent = why;
}

/** Without parameters, and never nothing. */
function mediaType(type) {
  const plain = type.split(";")[0].trim().toLowerCase();
  return /^[!-.0-~]+\/[!-.0-~]+$/.test(plain) && plain.length <= 127 ? plain : "application/octet-stream";
}
