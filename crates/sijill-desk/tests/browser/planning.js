// Planning, as a supervisor, an auditor and somebody elsewhere see it: in both languages, at two sizes, light and dark. The supervisor
// chooses another forecast by the keyboard's form, reviews a warning, is told that a warning alone is no ground, and signs.
//
// `node planning.js '{"chromium":…,"site":…,"lead":{"seed","x","kid","origin","agency","officer"},"auditor":{…},"hospital":{…},
// "axe"?,"pictures"?}'`

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { browser } from "./chrome.js";
import { inspector } from "./look.js";
import { officer } from "./officer.js";

const { chromium, site, lead, auditor, hospital, axe, pictures } = JSON.parse(process.argv[2]);
const rules = axe && readFileSync(axe, "utf8");
const chrome = await browser(chromium);
const complaints = [];
const looks = [[360, "light"], [1440, "light"], [360, "dark"], [1440, "dark"]];
const inspect = inspector({ site, rules, pictures, complaints, looks });

try {
  const desk = await officer(chrome, site, lead, "en");
  await inspect(desk, "/desk/planning", "planning");
  await inspect(desk, "/desk/planning?work=tasks", "planning of tasks");
  for (const lang of ["ar", "en"]) {
    await desk.look(360);
    await desk.go(`${site}/desk/planning?work=tasks&lang=${lang}`);
    const outside = await desk.ask(`[...document.querySelectorAll(".chart__plot svg :is(rect, line, text)")].filter((mark) => {
      const box = mark.getBoundingClientRect(), plot = mark.closest(".frame").getBoundingClientRect();
      return !mark.closest("defs") && box.width > 0 && (box.left < plot.left - 1 || box.right > plot.right + 1);
    }).map((mark) => mark.outerHTML.slice(0, 160))`);
    complaints.push(...outside.map((mark) => `outside at ${lang}: ${mark}`));
  }
  await desk.look(1440);

  await desk.open("/desk/planning?work=tasks");
  await desk.ask("document.querySelector('[name=work]').value = 'cases'");
  await desk.press("form.narrow button");
  await desk.until("location.search.includes('work=cases') && !document.querySelector('#overdue')");
  await desk.ask("for (const folded of document.querySelectorAll('main details')) folded.open = true");
  await inspect(desk, null, "planning with everything open");

  await desk.open("/desk/planning");
  const before = await desk.ask("document.querySelectorAll('main .card a.button').length");
  await desk.press("main .card a.button");
  await desk.at("/desk/planning/review");
  const form = await desk.ask("location.pathname + location.search");
  await inspect(desk, form.replace(/[?&]lang=..$/, ""), "review of a warning");
  await desk.go(site + form);
  await desk.fill({ "casework.outcome": "acted", "casework.reason": "work_missing" });
  await desk.sign();
  await desk.until("/say what else was looked at/.test(document.querySelector('main').innerText)");
  await desk.go(site + form);
  await desk.fill({ "casework.outcome": "acted", "casework.reason": "work_missing", "casework.ground": "child_seen" });
  await desk.sign();
  await desk.at("/desk/planning");
  assert.equal(await desk.ask("document.querySelectorAll('main .card a.button').length"), before - 1, "it has left the list");

  const all = await officer(chrome, site, auditor, "ar");
  await inspect(all, "/desk/planning", "planning of an auditor");
  const elsewhere = await officer(chrome, site, hospital, "ar");
  await inspect(elsewhere, "/desk/planning", "planning without warnings");

  const faults = [desk, all, elsewhere].flatMap((tab) => tab.faults).filter((fault) => !/422/.test(fault));
  assert.deepEqual([...faults, ...complaints], []);
} finally {
  await chrome.close();
}
