// The verification page in a real browser: opened from a disk with the network off, in both languages, at two sizes, light and
// dark; files are chosen, dropped and taken away again by keyboard and pointer.
//
// `node browser.js '{"chromium":…,"page":FILE,"made":DIR of made_evidence.py,"axe"?:file,"pictures"?:directory}'`

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { browser } from "../../../crates/sijill-desk/tests/browser/chrome.js";

const { chromium, page, made, axe, pictures } = JSON.parse(process.argv[2]);
const rules = axe && readFileSync(axe, "utf8");
const chrome = await browser(chromium);
const complaints = [];

/** How the page looks as it stands, in a language that it is spoken in. */
async function inspect(tab, name) {
  for (const [width, scheme] of [[360, "light"], [1440, "light"], [360, "dark"], [1440, "dark"]]) {
    await tab.look(width, scheme);
    const where = `${name} ${await tab.ask("document.documentElement.lang")} ${width} ${scheme}`;
    const [inner, outer] = await tab.ask("[document.documentElement.scrollWidth, document.documentElement.clientWidth]");
    if (inner > outer) complaints.push(`${where} is ${inner} px wide in ${outer}`);
    if (rules) {
      const found = await tab.ask(`${rules}; axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
        violations.map(({ id, nodes }) => id + ": " + nodes.map((n) => n.html.slice(0, 160) + " " + n.any.map((a) => a.message).join()).join(" | ")))`);
      complaints.push(...found.map((fault) => `${where}: ${fault}`));
    }
    if (pictures) await tab.picture(join(pictures, `verify-${where.replaceAll(/\W+/g, "-")}.png`));
  }
  await tab.look(1440);
}

/** The files as a browser hands them over: by the field, or dropped anywhere. */
async function give(tab, how, ...names) {
  const files = names.map((name) => [name, readFileSync(join(made, name)).toString("base64")]);
  await tab.ask(`(() => {
    const handed = new DataTransfer();
    for (const [name, text] of ${JSON.stringify(files)}) handed.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
    const field = document.getElementById("files");
    if (${JSON.stringify(how)} === "drop") return void document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: handed, bubbles: true, cancelable: true }));
    field.files = handed.files;
    field.dispatchEvent(new Event("change"));
  })()`);
}

const verdict = (tab, kind) => tab.until(`document.querySelector("[data-verdict]")?.dataset.verdict === "${kind}" && document.getElementById("state").textContent === ""`);
const lines = (tab) => tab.ask("document.querySelectorAll('.timeline > li').length");
const clear = async (tab) => {
  while (await tab.ask("document.querySelectorAll('#chosen button').length > 0")) await tab.press("#chosen button");
  await tab.until("document.getElementById('verdict').childElementCount === 0");
};

try {
  const tab = await chrome.tab();
  await tab.offline(true);
  for (const language of ["ar", "en"]) {
    const arabic = language === "ar";
    await tab.go(`${pathToFileURL(page)}#${language}`);
    assert.deepEqual(await tab.ask("[document.documentElement.lang, document.documentElement.dir, document.title.length > 0, isSecureContext]"),
      [language, arabic ? "rtl" : "ltr", true, true]);
    await inspect(tab, "empty");

    await give(tab, "choose", "case.evidence");
    await verdict(tab, "adrift");
    assert.equal(await lines(tab), 3);
    await give(tab, "drop", "trust.json", "receipt.json");
    await verdict(tab, "good");
    const told = await tab.text("#verdict");
    for (const text of ["moh/nurse", "mosd/worker", "x.unheard_of", "<b>", arabic ? "فتح حالة" : "Case opened", arabic ? "المدة الثابتة" : "Provable interval",
      arabic ? "خارج المدة" : "outside the provable", "2025"]) assert.ok(told.includes(text), `${text} is not in: ${told}`);
    assert.match(await tab.text(".print"), /^[0-9a-f]{64}$/);
    assert.ok(await tab.ask("document.activeElement.matches('.notice h2')"), "the verdict is where the keyboard is");
    await inspect(tab, "good");

    await tab.press("#language");
    await tab.until(`document.documentElement.lang !== "${language}" && document.querySelector("[data-verdict=good]")`);
    await tab.press("#language");
    await verdict(tab, "good");
    await clear(tab);

    await give(tab, "drop", "altered.evidence", "trust.json");
    await verdict(tab, "bad");
    const faults = await tab.text(".faults");
    for (const code of ["root", "event-signature", "stream-fork"]) assert.ok(faults.includes(code), faults);
    assert.ok(await tab.ask("document.querySelector('.faults a').hash.startsWith('#entry-')"));
    await inspect(tab, "altered");
    await clear(tab);

    await give(tab, "choose", "case.evidence", "foreign-trust.json");
    await verdict(tab, "bad");
    assert.match(await tab.text(".faults"), /genesis/);
    await clear(tab);

    // A receipt by itself: with the event it is for, and with another.
    await give(tab, "choose", "receipt.json");
    await verdict(tab, "adrift");
    await give(tab, "choose", "trust.json", "event.jwt");
    await verdict(tab, "good");
    await inspect(tab, "receipt");
    await clear(tab);

    await give(tab, "choose", "nothing.bin");
    await tab.until("document.querySelector('#chosen .bad')");
    await inspect(tab, "unreadable");
    await clear(tab);
  }
  assert.equal(await tab.ask("performance.getEntriesByType('resource').length"), 0, "something was fetched");
  // Even a script of the page's own could send nothing.
  assert.equal(await tab.ask("fetch('https://elsewhere.example/').then(() => 'sent', () => 'refused')"), "refused");
  const blocked = tab.faults.splice(0).filter((fault) => !/elsewhere\.example/.test(fault));
  assert.deepEqual([...blocked, ...complaints], []);
} finally {
  await chrome.close();
}
