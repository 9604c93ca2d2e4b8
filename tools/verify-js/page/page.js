// The page: files in, a verdict out. Nothing is fetched and nothing is sent, which the page's own policy also forbids it.

import { Audit } from "../audit.js";
import { element } from "./dom.js";
import { recognise } from "./files.js";
import { receiptLines, verdict } from "./show.js";
import { say, speak, spoken } from "./words.js";

const at = (id) => document.getElementById(id);
let files = [];
let turn = 0; // the newest check: an older one that ends later is not shown

function translate() {
  document.documentElement.lang = spoken();
  document.documentElement.dir = spoken() === "ar" ? "rtl" : "ltr";
  document.title = say("title");
  for (const place of document.querySelectorAll("[data-say]")) place.textContent = say(place.dataset.say);
  at("language").lang = spoken() === "ar" ? "en" : "ar";
}

function list() {
  const lines = files.map((file, number) => {
    const remove = element("button", { type: "button", class: "plain", "aria-label": say("remove", { name: file.name }) }, "✕");
    remove.addEventListener("click", () => change(files.filter((_, other) => other !== number)));
    return element("li", {}, element("bdi", {}, file.name), " — ", file.why ? element("span", { class: "bad" }, file.why()) : say(file.kind), " ", remove);
  });
  at("chosen").replaceChildren(...(lines.length > 0 ? lines : [element("li", { class: "quiet" }, say("none"))]));
}

async function change(chosen) {
  files = chosen;
  turn += 1;
  const mine = turn;
  list();
  at("state").textContent = files.length > 0 ? say("busy") : "";
  const shown = await judged().catch((error) => [element("p", { class: "bad" }, say("failed", { why: error.message }))]);
  if (mine !== turn) return;
  at("verdict").replaceChildren(...shown);
  at("state").textContent = shown.length === 0 && files.length > 0 ? say("nothing") : "";
  at("verdict").querySelector("[tabindex]")?.focus();
}

/** What is to be shown of the files there are. */
async function judged() {
  const of = (kind) => files.filter((file) => file.kind === kind);
  const trust = of("trust").at(-1);
  const receipts = of("receipt").map((file) => file.value);
  const since = of("checkpoint").map((file) => file.value);
  const shown = [];
  for (const { value } of of("evidence")) {
    shown.push(verdict(await new Audit(value, { trust: trust?.value, receipts, since }).run(), trust?.print));
  }
  if (shown.length === 0) {
    for (const receipt of receipts) shown.push(await receiptLines(receipt, trust?.value, of("event").at(-1)?.value));
  }
  return shown;
}

async function add(chosen) {
  const read = await Promise.all([...chosen].map(async (file) => recognise(file.name, new Uint8Array(await file.arrayBuffer()))));
  await change([...files, ...read]);
}

async function able() {
  return crypto.subtle.importKey("raw", new Uint8Array(32), "Ed25519", false, ["verify"]).then(() => true, (error) => error.name !== "NotSupportedError");
}

at("files").addEventListener("change", (event) => {
  add(event.target.files).finally(() => { event.target.value = ""; });
});
for (const name of ["dragover", "drop"]) {
  addEventListener(name, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", name === "dragover");
    if (name === "drop") add(event.dataTransfer.files);
  });
}
addEventListener("dragleave", () => at("drop").classList.remove("over"));
at("language").addEventListener("click", () => {
  speak(spoken() === "ar" ? "en" : "ar");
  translate();
  change(files);
});

speak({ "#ar": "ar", "#en": "en" }[location.hash] ?? (navigator.language.startsWith("en") ? "en" : "ar"));
translate();
list();
at("save").hidden = location.protocol === "file:";
able().then((fine) => { if (!fine) at("state").textContent = say("noCrypto"); });
