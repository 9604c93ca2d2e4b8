// A dashboard, while it is open: once the figures have moved on, the page is asked for again and what differs is taken over. The
// reader can hold it still (WCAG 2.2.2), and is told in words when what stands here may be old.

import { morph } from "./morph.js";
import { say } from "./page.js";

// Between two changes of the page, and between two of its lines read aloud, milliseconds.
const REST = 2_000;
const QUIET = 30_000;

const bar = document.querySelector("[data-live]");
const line = bar.querySelector("[data-live-said]");
const aloud = bar.querySelector("[role=status]");
const button = bar.querySelector("button");
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

let source = null;
let wanted = false;
let turning = false;
let spoken = 0;
let over = false;
// Held still on the section before this one: the way here says so.
let paused = location.hash === "#held";

/** Says how it stands: with the figures as they are, or as the ledger has said it itself. */
function tell(state, soon) {
  if (bar.dataset.state === state && state !== "following") return;
  bar.dataset.state = state;
  if (state !== "following") line.textContent = say(`live-${state}`, { known: line.dataset.known });
  if (!soon && Date.now() - spoken < QUIET) return;
  spoken = Date.now();
  aloud.textContent = line.textContent;
}

function listen() {
  if (source || paused || over || document.hidden) return;
  source = new EventSource(`/desk/oversight/live?since=${encodeURIComponent(bar.dataset.live)}`);
  source.addEventListener("open", () => bar.dataset.state === "away" && want());
  source.addEventListener("size", want);
  source.addEventListener("error", () => {
    tell("away", true);
    // The browser tries again by itself, unless it was told something else: then the page finds out what.
    if (source?.readyState === EventSource.CLOSED) {
      leave();
      wait(REST).then(want);
    }
  });
}

function leave() {
  source?.close();
  source = null;
}

async function want() {
  wanted = true;
  if (turning) return;
  turning = true;
  while (wanted && !paused && !over && !document.hidden) {
    wanted = false;
    await take().catch(() => tell("away", true));
    listen();
    await wait(REST);
  }
  turning = false;
}

/** Asks for the page as it is now, and takes over what differs. */
async function take() {
  // Says that nobody asked: it keeps no session alive.
  const answer = await fetch(location.href, { headers: { Accept: "text/html", "Sijill-By": "page" }, credentials: "same-origin" });
  if (answer.redirected || answer.status === 403) return end();
  if (!answer.ok) throw new Error(answer.status);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = page.querySelector("[data-live]");
  const figures = page.querySelector("[data-figures]");
  if (paused || !next || !figures) return;
  morph(document.querySelector("[data-figures]"), figures);
  morph(line, next.querySelector("[data-live-said]"));
  const back = bar.dataset.state !== "following";
  bar.dataset.live = next.dataset.live;
  tell("following", back);
}

function end() {
  over = true;
  leave();
  tell("ended", true);
  button.hidden = true;
  bar.querySelector("a").hidden = false;
}

function hold() {
  for (const way of document.querySelectorAll("nav.sections a")) way.hash = paused ? "held" : "";
  button.textContent = say(paused ? "live-resume" : "live-pause");
  if (!paused) return want();
  leave();
  tell("paused", true);
}

button.addEventListener("click", () => {
  paused = !paused;
  hold();
});
addEventListener("offline", () => {
  leave();
  if (!paused && !over) tell("away", true);
});
addEventListener("online", () => paused || over || want());
// A page that nobody sees does not keep a connection of the few that a browser has for one site.
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : want()));
addEventListener("pagehide", leave);
addEventListener("pageshow", (shown) => shown.persisted && want());

bar.dataset.state = "following";
bar.hidden = false;
if (paused) hold();
else listen();
