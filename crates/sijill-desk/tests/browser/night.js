// 02:00, two desks: the helpline logs a contact and opens a case at high risk; the hospital's queue says that something is
// new, and the hospital acknowledges and accepts. Then the helpline asks to see what it wrote, signed like everything else.
// Writes the case's id.
//
// `node night.js '{"chromium":…,"site":…,"line":{"seed","x","kid","origin","agency","officer"},"hospital":{…},"axe"?,"pictures"?}'`

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { browser } from "./chrome.js";
import { hold, inspector } from "./look.js";

const { chromium, site, line, hospital, axe, pictures } = JSON.parse(process.argv[2]);
const rules = axe && readFileSync(axe, "utf8");
const chrome = await browser(chromium);
const complaints = [];
const inspect = inspector({ site, rules, pictures, complaints });

/** A browser of its own with a key in it, signed in. */
async function desk(identity) {
  const tab = await chrome.tab();
  await tab.go(`${site}/desk/sign-in?lang=en`);
  await hold(tab, identity);
  await tab.go(`${site}/desk/sign-in?lang=en`);
  await tab.press("[data-identities] button");
  await tab.at("/desk");
  return tab;
}

/** Fills a form's controls by name: a text, or the value of a box. */
async function fill(tab, answers) {
  await tab.until("document.readyState === 'complete' && document.querySelector('form[data-event]')");
  for (const [name, value] of Object.entries(answers)) {
    const found = await tab.ask(`(() => {
      const all = [...document.getElementsByName(${JSON.stringify(name)})];
      const box = all.find((c) => ["radio", "checkbox"].includes(c.type) && c.value === ${JSON.stringify(value)});
      if (box) box.checked = true; else all[0].value = ${JSON.stringify(value)};
      return Boolean(box) || all[0].value === ${JSON.stringify(value)};
    })()`);
    assert.ok(found, `${name} takes ${value}`);
  }
}

async function sign(tab) {
  await tab.press("form[data-event] button[type=submit]");
  await tab.until("document.querySelector('dialog').open");
  await tab.press("dialog button[value=sign]");
}

try {
  const nurse = await desk(hospital);
  await nurse.go(`${site}/desk/queue?lang=en`);
  assert.match(await nurse.text("main"), /Nothing waits/);
  await inspect(nurse, "/desk/queue", "an empty queue");
  await nurse.go(`${site}/desk/queue?lang=en`);

  const call = await desk(line);
  await inspect(call, "/desk/contacts/new", "new contact");
  await call.go(`${site}/desk/contacts/new?lang=en`);
  await call.press("form[data-event] button[type=submit]");
  assert.match(await call.text(".wrongs"), /Answer this: Type of contact/, "what is missing is named");
  await fill(call, {
    "casework.kind": "someone_about_child", "casework.channel": "1100", "casework.concerns": "physical_abuse", "casework.governorate": "OM-MA",
    "casework.age_band": "5-11", "narrative.summary": "A neighbour hears the child at night.", "identity.child_name": "Maha",
  });
  await sign(call);
  await call.until("/^\\/desk\\/contacts\\/[0-9a-f-]{36}$/.test(location.pathname)");
  const contact = await call.ask("location.pathname");
  assert.ok(!/Maha|neighbour/.test(await call.text("main")), "what was written is sealed");
  await inspect(call, contact, "contact");

  await call.go(`${site}${contact}?lang=en`);
  await call.press(".row a[href^='/desk/cases/new']");
  await fill(call, { "casework.risk": "high", "casework.sex": "female" });
  await sign(call);
  await call.until("/^\\/desk\\/cases\\/[0-9a-f-]{36}$/.test(location.pathname)");
  const path = await call.ask("location.pathname");

  await nurse.until("document.querySelector('[data-news]:not([hidden])')");
  await inspect(nurse, null, "queue with news");
  await nurse.press("[data-news] a");
  await nurse.press(".queue .button");
  await nurse.until("document.querySelector('h1')?.textContent.includes('Referral acknowledged')");
  await sign(nurse);
  await nurse.at(path);
  await inspect(nurse, "/desk/queue", "queue");
  await inspect(nurse, path, "case of the recipient");
  await nurse.go(`${site}${path}?lang=en`);
  await nurse.press("a[href*='/act/referral.accepted']");
  await sign(nurse);
  await nurse.at(path);
  assert.match(await nurse.text(".card"), /Accepted/);

  await inspect(call, path, "case");
  await inspect(call, `${path}/act/risk.assessed`, "an act");
  await inspect(call, `${path}/act/referral.requested`, "a long act");
  await inspect(call, `${contact}/access`, "ask to see");
  await call.go(`${site}${contact}/access?lang=en`);
  await fill(call, { "data.classes": "identity", "data.purpose": "casework" });
  await sign(call);
  assert.match(await call.until("document.querySelector('h1')?.textContent === 'What you are shown' && document.body.innerText"), /Maha/);
  await inspect(call, null, "what is shown");

  // The same in the case: of what the owner's unit signed itself there was nothing but the summary it left out.
  await call.go(`${site}${path}/access?lang=en`);
  await fill(call, { "data.classes": "narrative", "data.purpose": "casework" });
  await sign(call);
  await call.until("document.querySelector('h1')?.textContent === 'What you are shown'");
  assert.deepEqual([...call.faults, ...nurse.faults, ...complaints], []);
  console.log(path.split("/").at(-1));
} finally {
  await chrome.close();
}
