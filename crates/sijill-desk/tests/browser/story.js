// Two browsers, one desk: a registrar invites an officer, signs the key that comes back, and the officer signs in; then
// both sign in the same stream at once. Every page on the way is looked at in both languages, sizes and schemes.
//
// `node story.js '{"chromium":…,"site":…,"registrar":{"seed","x","kid","origin"},"axe"?:file,"pictures"?:directory}'`

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { browser } from "./chrome.js";
import { hold, inspector } from "./look.js";

const { chromium, site, registrar, axe, pictures } = JSON.parse(process.argv[2]);
const rules = axe && readFileSync(axe, "utf8");
const chrome = await browser(chromium);
/** What is wrong with any page, all of it, said at the end. */
const complaints = [];

const inspect = inspector({ site, rules, pictures, complaints });

try {
  const reg = await chrome.tab();
  await inspect(reg, "/desk/patterns", "patterns");
  await inspect(reg, "/desk/patterns/charts", "charts");
  await inspect(reg, "/desk/sign-in", "sign in without a key");
  await hold(reg, registrar);
  await inspect(reg, "/desk/sign-in", "sign in");
  await reg.press("[data-identities] button");
  await reg.at("/desk");
  for (const [path, name] of [["/desk", "desk"], ["/desk/keys", "keys"], ["/desk/officers", "officers"], ["/desk/invite", "invite"], ["/desk/nowhere", "nowhere"]]) {
    await inspect(reg, path, name);
  }

  await reg.go(`${site}/desk/invite?lang=en`);
  await reg.ask("document.querySelector('#officer').value = 'Ana B'");
  await reg.press("main form button");
  assert.match(await reg.text(".wrongs"), /small Latin letters/);
  // The summary takes the focus once its script has run.
  await reg.until("document.activeElement.className === 'wrongs'");
  await inspect(reg, null, "invite wrong");
  await reg.ask("document.querySelector('#officer').value = 'ana'; document.querySelector('[value=casework]').checked = true");
  await reg.press("main form button");
  const link = await reg.text(".link-out");
  await inspect(reg, null, "invited");

  const ana = await chrome.tab();
  await inspect(ana, "/desk/enrol", "enrol without a token");
  await ana.go(link);
  await ana.press(".tools a[data-here]");
  await ana.until("location.search.startsWith('?lang=')");
  assert.equal(await ana.ask("location.hash"), new URL(link).hash, "the invitation stays with the page in the other language");
  await ana.press("[data-make]");
  const shown = await ana.text("[data-fingerprint]");
  await inspect(ana, null, "enrol wait");

  await reg.go(`${site}/desk/officers?lang=en`);
  await reg.press("a[href^='/desk/invitations/']");
  assert.equal(await reg.text(".fingerprint"), shown, "both see the same code");
  const path = await reg.ask("location.pathname");
  await inspect(reg, path, "sign a key");
  await reg.go(`${site}${path}?lang=en`);
  await reg.press("form[data-event] button");
  assert.match(await reg.text("dialog [data-content]"), /ana[\s\S]*officer\.enrolled/, "what will be signed is shown");
  await inspect(reg, null, "what will be signed");
  await reg.press("dialog button[value=sign]");
  await reg.at("/desk/officers");
  assert.match(await reg.text("main"), /ana/);

  await ana.press("[data-step=done] a");
  await ana.at("/desk");
  assert.match(await ana.text("main"), /ana/);

  // A second device in the same browser profile would be another identity; here the officer's own key goes, while the
  // registrar signs in the same stream.
  await ana.go(`${site}/desk/keys?lang=en`);
  await ana.press("a[href$='/revoke']");
  await ana.until("document.readyState === 'complete' && document.querySelector('input[type=radio]')");
  await ana.ask("document.querySelectorAll('input[type=radio]')[1].click()");
  await new Promise((resolve) => setTimeout(resolve, 800));
  await ana.go(await ana.ask("location.href"));
  assert.equal(await ana.until("!document.querySelector('[data-draft]').hidden && document.querySelector('input:checked').value"), "replaced", "the draft is back");
  const kept = await ana.ask(`new Promise((resolve) => { const open = indexedDB.open("sijill-desk"); open.onsuccess = () => {
    const all = open.result.transaction("drafts").objectStore("drafts").getAll(); all.onsuccess = () =>
      resolve(all.result.map((d) => new TextDecoder().decode(d.sealed)).join()); }; })`);
  assert.ok(kept.length > 0 && !kept.includes("replaced"), "a draft is not kept in clear");
  await ana.press("form[data-event] button");
  await ana.until("document.querySelector('dialog').open");

  await reg.go(`${site}/desk/officers/worker?lang=en`);
  await reg.press("a[href$='/revoke']");
  await reg.press("form[data-event] button");
  await reg.press("dialog button[value=sign]");
  await reg.at("/desk/officers/worker");

  await ana.press("dialog button[value=sign]");
  assert.match(await ana.text("dialog ul"), /key\.revoked/, "what happened meanwhile is shown");
  await inspect(ana, null, "conflict");
  await ana.press("dialog button[value=sign]");
  await ana.at("/desk/sign-in");
  await ana.press("[data-identities] button");
  assert.match(await ana.text(".wrongs"), /revoked/, "the key is dead, and its holder is told");

  await reg.go(`${site}/desk?lang=ar`);
  await reg.offline(true);
  await reg.until("!document.querySelector('[data-offline]').hidden");
  await inspect(reg, null, "offline");
  await reg.offline(false);
  await reg.until("document.querySelector('[data-offline]').hidden");
  await reg.press("form[data-sign-out] button");
  await reg.at("/desk/sign-in");
  const faults = [...reg.faults, ...ana.faults].filter((fault) => !fault.includes("403"));
  assert.deepEqual([...faults, ...complaints], []);
} finally {
  await chrome.close();
}
