// Dashboards that are open while cases are opened elsewhere: the figure changes where it stands, and the reader keeps the focus, what
// was unfolded and the place on the page. Held still, without a connection, and after the session, the page says how it stands.
//
// `node live.js '{"chromium":…,"site":…,"auditor":{…},"eye":{…},"axe"?,"pictures"?}'`

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { browser } from "./chrome.js";
import { inspector } from "./look.js";
import { officer } from "./officer.js";

const { chromium, site, auditor, eye, axe, pictures } = JSON.parse(process.argv[2]);
const rules = axe && readFileSync(axe, "utf8");
const chrome = await browser(chromium);
const complaints = [];
const inspect = inspector({ site, rules, pictures, complaints });

let cases = 0;
/** A case of low risk is opened by somebody else. */
const happen = async () => assert.ok((await fetch(`${site}/happen`, { method: "POST", body: `live-${++cases}` })).ok);
const row = (name) => `[...document.querySelectorAll("#risk tbody tr")].find((row) => row.querySelector("th").textContent === ${JSON.stringify(name)})`;
const figure = (name) => `${row(name)}.querySelector("td").textContent`;
const line = "document.querySelector('[data-live-said]').textContent";

try {
  for (const [lang, low, says] of [
    ["en", "Low", { follows: /update themselves/, paused: /paused/, away: /no connection to the ledger/, ended: /session has ended/ }],
    ["ar", "منخفضة", { follows: /تلقاء نفسها/, paused: /أوقفتَ التحديث/, away: /انقطع الاتصال/, ended: /انتهت جلستك/ }],
  ]) {
    const desk = await officer(chrome, site, auditor, lang);
    await desk.open("/desk/oversight");
    assert.match(await desk.text("[data-live-said]"), says.follows);
    const count = Number(await desk.ask(figure(low)));

    // The reader has unfolded the table, stands on a link in it, and has scrolled.
    await desk.ask(`window.stays = 1; document.querySelector("#risk details").open = true; ${row(low)}.querySelector("a").focus(); scrollTo(0, 300)`);
    const place = await desk.ask("scrollY");
    await happen();
    await desk.until(`${figure(low)} === "${count + 1}"`);
    assert.equal(await desk.ask("window.stays"), 1, "the page was not loaded again");
    assert.ok(await desk.ask(`document.querySelector("#risk details").open && document.activeElement === ${row(low)}.querySelector("a")`), "what was unfolded and focused stays so");
    assert.equal(await desk.ask("scrollY"), place);
    assert.match(await desk.ask(line), says.follows);
    assert.equal(await desk.ask("document.querySelector('[data-live] [role=status]').textContent"), await desk.ask(line), "it is read aloud");
    await inspect(desk, null, `open dashboard ${lang}`);

    // Held still, also on the next page, until told otherwise.
    await desk.press("[data-live] button");
    await desk.until(`${says.paused}.test(${line})`);
    await happen();
    await desk.ask("new Promise((done) => setTimeout(done, 2500))");
    assert.equal(Number(await desk.ask(figure(low))), count + 1, "it is held");
    await desk.press("nav.sections a[href*='/flow']");
    await desk.at("/desk/oversight/flow");
    await desk.until(`${says.paused}.test(${line})`);
    await desk.press("nav.sections a");
    await desk.at("/desk/oversight");
    await desk.until(`${says.paused}.test(${line})`);
    await inspect(desk, null, `dashboard held still ${lang}`);
    await happen();
    await desk.press("[data-live] button");
    await desk.until(`${figure(low)} === "${count + 3}" && ${says.follows}.test(${line})`);

    // Without a connection what stands here may be old, and says so; with one again it is made up for.
    await desk.offline(true);
    await desk.until(`${says.away}.test(${line})`);
    await happen();
    await inspect(desk, null, `dashboard without a connection ${lang}`);
    await desk.offline(false);
    await desk.until(`${figure(low)} === "${count + 4}" && ${says.follows}.test(${line})`);

    // As it was known then is as it was known then.
    const size = await desk.ask("document.querySelector('[data-live]').dataset.live");
    await desk.open(`/desk/oversight?at=${size}`);
    assert.equal(await desk.ask("document.querySelector('[data-live]')"), null);

    await desk.open("/desk/oversight");
    await desk.ask("fetch('/desk/session/end', { method: 'POST' }).then(() => 1)");
    await happen();
    await desk.until(`${says.ended}.test(${line}) && document.querySelector("[data-live] a").checkVisibility()`);
    await inspect(desk, null, `dashboard after the session ${lang}`);
    complaints.push(...desk.faults);
  }

  const over = await officer(chrome, site, eye, "ar");
  await over.open("/desk/oversight/caseload");
  assert.equal(await over.ask("document.querySelector(\"[data-live]\")"), null, "what is published stands still");
  assert.deepEqual([...over.faults, ...complaints], []);
} finally {
  await chrome.close();
}
