// Every dashboard, as an auditor, oversight and a supervisor see it: in both languages, at two sizes, light and dark. On the way
// the auditor narrows figures down by the keyboard's form, and goes from a figure to its events.
//
// `node oversight.js '{"chromium":…,"site":…,"auditor":{"seed","x","kid","origin","agency","officer"},"eye":{…},"chief":{…},
// "axe"?,"pictures"?}'`

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { browser } from "./chrome.js";
import { inspector } from "./look.js";
import { officer } from "./officer.js";

const { chromium, site, auditor, eye, chief, axe, pictures } = JSON.parse(process.argv[2]);
const rules = axe && readFileSync(axe, "utf8");
const chrome = await browser(chromium);
const complaints = [];
const looks = [[360, "light"], [1440, "light"], [360, "dark"], [1440, "dark"]];
const inspect = inspector({ site, rules, pictures, complaints, looks });
const SECTIONS = ["", "/flow", "/timeliness", "/delay", "/governorates", "/helpline", "/caseload", "/trends", "/quality", "/access"];

try {
  const desk = await officer(chrome, site, auditor, "en");
  for (const section of SECTIONS) await inspect(desk, `/desk/oversight${section}`, `dashboard ${section.slice(1) || "overview"}`);

  // Nothing of a chart stands outside of its figure, in either direction.
  for (const lang of ["ar", "en"]) {
    await desk.look(360);
    for (const section of SECTIONS) {
      await desk.go(`${site}/desk/oversight${section}?lang=${lang}`);
      const outside = await desk.ask(`[...document.querySelectorAll(".chart__plot svg :is(rect, line, path, text)")].filter((mark) => {
        const box = mark.getBoundingClientRect(), plot = mark.closest(".frame").getBoundingClientRect();
        return !mark.closest("defs") && box.width > 0 && (box.left < plot.left - 1 || box.right > plot.right + 1);
      }).map((mark) => mark.outerHTML.slice(0, 160))`);
      complaints.push(...outside.map((mark) => `outside at ${section} ${lang}: ${mark}`));
    }
  }

  await desk.open("/desk/oversight/flow");
  await desk.press("details summary");
  await desk.ask("document.querySelector('[name=from]').value = 'spring'");
  await desk.press("form.narrow button");
  assert.match(await desk.text(".wrongs"), /Write the month/);
  await inspect(desk, null, "dashboard asked wrongly");
  await desk.ask("document.querySelector('[name=from]').value = '2026-02'");
  await desk.press("form.narrow button");
  await desk.until("location.search.includes('from=2026-02') && !document.querySelector('.field--wrong')");
  assert.match(await desk.text("main"), /from February 2026/);

  await desk.open("/desk/oversight");
  await desk.ask("for (const folded of document.querySelectorAll('main details')) folded.open = true");
  await inspect(desk, null, "dashboard with everything open");
  const figure = await desk.text("#risk tbody tr td");
  await desk.press("#risk tbody a");
  await desk.at("/desk/oversight/events");
  assert.equal(await desk.ask("document.querySelectorAll('tbody tr').length"), Number(figure), "as many events as the figure says");
  await inspect(desk, "/desk/oversight/events?indicator=waiting", "events of a figure");
  await inspect(desk, "/desk/oversight/events?indicator=accesses", "no events");

  const over = await officer(chrome, site, eye, "ar");
  for (const section of ["", "/timeliness", "/flow"]) await inspect(over, `/desk/oversight${section}`, `published ${section.slice(1) || "overview"}`);
  const own = await officer(chrome, site, chief, "ar");
  await inspect(own, "/desk/oversight/caseload", "caseload of an agency");

  const faults = [desk, over, own].flatMap((tab) => tab.faults);
  assert.deepEqual([...faults, ...complaints], []);
} finally {
  await chrome.close();
}
