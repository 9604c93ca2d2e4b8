// An auditor's way: from the checkpoint to what audits found, from a line of who saw what to the proof of its entry, by the keyboard's
// forms; every page in both languages, at two sizes, light and dark. Oversight sees the first page only.
//
// `node audit.js '{"chromium":…,"site":…,"auditor":{…},"eye":{…},"axe"?,"pictures"?}'`

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { browser } from "./chrome.js";
import { inspector } from "./look.js";
import { officer } from "./officer.js";

const { chromium, site, auditor, eye, axe, pictures } = JSON.parse(process.argv[2]);
const rules = axe && readFileSync(axe, "utf8");
const chrome = await browser(chromium);
const complaints = [];
const looks = [[360, "light"], [1440, "light"], [360, "dark"], [1440, "dark"]];
const inspect = inspector({ site, rules, pictures, complaints, looks });

try {
  const desk = await officer(chrome, site, auditor, "en");
  await inspect(desk, "/desk/audit", "audit");
  for (const path of ["/event", "/event?entry=0", "/event?entry=30", "/accesses", "/accesses?only=outsiders", "/accesses?only=closed", "/registry", "/registry/moh", "/registry?at=9"]) {
    await inspect(desk, `/desk/audit${path}`, `audit ${path.slice(1)}`);
  }

  // From a line of who saw what to its proof, in words.
  await desk.open("/desk/audit/accesses");
  await desk.ask("for (const folded of document.querySelectorAll('main details')) folded.open = true");
  await inspect(desk, null, "who saw what with everything open");
  await desk.ask("document.querySelector('[name=act]').value = 'access.requested'");
  await desk.press("form.narrow button");
  await desk.until("location.search.includes('act=access.requested') && document.querySelectorAll('table.accesses tbody tr').length === 3");
  const entry = await desk.text("table.accesses tbody th a");
  await desk.press("table.accesses tbody th a");
  await desk.at("/desk/audit/event");
  assert.match(await desk.text("h1"), new RegExp(`Entry ${entry}$`));
  assert.match(await desk.text("p.lead"), /passed every check/);
  assert.ok(await desk.ask("document.querySelectorAll('ol.checks > li').length >= 7"));
  await desk.press("details.more summary");
  assert.match(await desk.text("pre.commands"), /"type": "access.requested"/);
  await inspect(desk, null, "proof with the signed words");
  const file = await desk.ask("fetch(document.querySelector('main .row a').href).then((answer) => answer.json())");
  assert.equal(file.sijill, "evidence/2");

  // By the form: wrong first, then by its number in Arabic digits.
  await desk.open("/desk/audit/event");
  await desk.ask("document.querySelector('[name=entry]').value = 'nothing'");
  await desk.press("main form button");
  assert.match(await desk.text(".wrongs"), /no entry of this number/);
  await inspect(desk, null, "an entry that is not there");
  await desk.ask("document.querySelector('[name=entry]').value = '٢٠'");
  await desk.press("main form button");
  await desk.until("document.querySelector('h1').textContent.endsWith('Entry 20')");

  const over = await officer(chrome, site, eye, "ar");
  await inspect(over, "/desk/audit", "audit for oversight");
  assert.deepEqual([...desk.faults, ...over.faults, ...complaints], []);
} finally {
  await chrome.close();
}
