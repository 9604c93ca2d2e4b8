// Signing what stands in a form: draft → summary → signature → hand-in → receipt.
//
// If the stream has moved on meanwhile, what happened is shown and the same event (same `jti`) is signed again at the new
// place, but only if the officer says so. If nobody can say whether it arrived, the very same bytes are handed in again.
//
// `data-then` in a form (`page/known.rs`) is an event made of the same answers: if those in one list of `enough` are given, it
// is signed with the same yes and carried to the page `post`.

import { brought, watchFiles } from "./file.js";
import { eventOf, linesOf, missing, write, written } from "./form.js";
import { Refused, append, next } from "./ledger.js";
import { busy, clearErrors, element, say, showErrors, words } from "./page.js";
import { signEvent } from "./sd_jwt.js";
import { draft, forgetDraft, identity, keepDraft } from "./vault.js";

const KEEP_AFTER_MS = 400;

for (const form of document.querySelectorAll("form[data-event]")) attend(form);

function attend(form) {
  const id = `${document.body.dataset.kid} ${location.pathname} ${form.id}`;
  // Signed bytes whose fate is not known; they are handed in again before anything else is signed.
  const state = { sent: null };
  draft(id).then((held) => {
    if (!held) return;
    write(form, held.fields);
    // What was begun under a fresh id goes on under that id: handed in again, it is still the same event.
    if (held.stream) form.dataset.event = JSON.stringify({ ...JSON.parse(form.dataset.event), stream: held.stream });
    if (held.done) form.dataset.done = held.done;
    state.sent = held.sent ?? null;
    form.querySelector("[data-draft]")?.removeAttribute("hidden");
  });
  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => keepDraft(id, kept(form, state.sent)), KEEP_AFTER_MS);
  });
  watchFiles(form);
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    clearTimeout(timer);
    busy(submitted.submitter ?? form.querySelector("button"), async () => {
      clearErrors();
      await brought(form);
      const unanswered = missing(form);
      if (unanswered.length > 0) return showErrors(unanswered.map(([member, field]) => ({ text: say("refused-required", { member }), field })));
      try {
        if (state.sent ? await handInAgain(form, id, state) : await signForm(form, id, state)) location.assign(form.dataset.done);
      } catch (error) {
        showErrors([{ text: await words(error), field: error.member ? fieldOf(form, error.member) : undefined }]);
      }
    });
  });
}

/** Whether it is on the ledger now. */
async function signForm(form, id, state) {
  const signer = await identity(document.body.dataset.kid);
  if (!signer) throw Object.assign(new Error("no key"), { code: "no-key-here" });
  await keepDraft(id, kept(form, null));
  const event = eventOf(form);
  let { payload } = await next(event.stream);
  if (!(await agreed(summary(form, event)))) return false;
  for (;;) {
    const text = await signEvent(signer, payload, event);
    if (form.dataset.post) return carry(form, id, text);
    try {
      state.sent = text;
      await keepDraft(id, kept(form, text));
      await append(text);
      await forgetDraft(id);
      return !(await follow(form, signer));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      state.sent = null;
      await keepDraft(id, kept(form, null));
      if (error.code !== "stream-conflict") throw error;
      const again = await next(event.stream, payload.seq);
      if (!(await agreed(summary(form, event, again.since)))) return false;
      payload = { ...again.payload, jti: payload.jti };
    }
  }
}

/** What a form signs after its own event, if its answers are enough for it; `null` otherwise. */
function following(form) {
  const held = form.querySelector("[data-then]");
  if (!held) return null;
  const { stream, type, v, post, from, enough } = JSON.parse(held.dataset.then);
  const answers = new Map(eventOf(form).hidden.map((field) => [`${field.class}.${field.name}`, field.value]));
  const answer = (name) => answers.get(from[name]) ?? null;
  if (!enough.some((names) => names.every((name) => answer(name) !== null))) return null;
  const field = (name) => ({ class: name.split(".")[0], name: name.split(".")[1], value: answer(name) });
  return { post, event: { stream, type, v, open: {}, hidden: Object.keys(from).map(field) } };
}

/** Signs what follows, and goes where it is answered; whether there is anything. The first event stands whatever comes of it. */
async function follow(form, signer) {
  const more = following(form);
  if (!more) return false;
  try {
    const { payload } = await next(more.event.stream);
    take(more.post, await signEvent(signer, payload, more.event));
    return true;
  } catch {
    return false;
  }
}

/** Takes signed bytes to a page that answers with another page: what it shows must not pass through a script. */
async function carry(form, id, text) {
  await forgetDraft(id);
  take(form.dataset.post, text);
  return false;
}

function take(action, text) {
  const carrier = element("form", { method: "post", action, hidden: "" }, element("input", { type: "hidden", name: "event", value: text }));
  document.body.append(carrier);
  carrier.submit();
}

/** What is kept of a form: its answers, signed bytes whose fate is unknown, and where they belong. */
const kept = (form, sent) => ({ fields: written(form), sent, stream: JSON.parse(form.dataset.event).stream, done: form.dataset.done });

async function handInAgain(form, id, state) {
  try {
    await append(state.sent);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    state.sent = null;
    await keepDraft(id, kept(form, null));
    // It never arrived and its place is taken: signed anew, with the summary shown again.
    if (error.code === "stream-conflict") return signForm(form, id, state);
    throw error;
  }
  await forgetDraft(id);
  return true;
}

/** What will be signed, in the reader's words; after a conflict, what happened meanwhile above it. */
function summary(form, event, since = []) {
  const parts = [];
  if (since.length > 0) {
    const line = (e) => element("li", {}, element("bdi", {}, e.type), ` (${e.agency} / ${e.officer}, ${e.received})`);
    parts.push(element("p", {}, say("sign-conflict")), element("ul", {}, ...since.map(line)));
  }
  const fact = ([label, value]) =>
    element("div", {}, element("dt", {}, label), element("dd", {}, element("bdi", {}, value || say("sign-left-out"))));
  const fixed = [...form.querySelectorAll("[data-fact]")].map((e) => [e.dataset.fact, e.textContent.trim()]);
  const place = [say("sign-as"), `${event.type} · ${event.stream}`];
  const more = following(form) ? [[say("sign-also"), say("sign-look-up")]] : [];
  parts.push(element("dl", { class: "facts" }, ...[...fixed, ...linesOf(form), ...more, place].map(fact)));
  return parts;
}

/** Shows the dialog and waits for a yes or a no. */
function agreed(parts) {
  const dialog = document.querySelector("dialog[data-sign]");
  dialog.querySelector("[data-content]").replaceChildren(...parts);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "sign"), { once: true }));
}

const fieldOf = (form, member) => [...form.elements].find((c) => c.name?.split(".")[1] === member)?.id;
