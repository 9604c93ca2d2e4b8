// An officer at a browser of their own: signs in with a key, fills forms, signs acts, as people do.

import assert from "node:assert/strict";

import { hold } from "./look.js";

/** Signs in in a fresh browser context; pages are read in `lang`. */
export async function officer(chrome, site, identity, lang) {
  const tab = await chrome.tab();
  await tab.go(`${site}/desk/sign-in?lang=${lang}`);
  await hold(tab, identity);
  await tab.go(`${site}/desk/sign-in?lang=${lang}`);
  await tab.press("[data-identities] button");
  // Whoever only watches begins at the dashboards.
  await tab.until("['/desk', '/desk/oversight'].includes(location.pathname) && document.readyState === 'complete'");

  /** Fills a form's controls by name: a text, or the values of boxes. */
  const fill = async (answers) => {
    await tab.until("document.readyState === 'complete' && document.querySelector('form[data-event]')");
    for (const [name, given] of Object.entries(answers)) {
      for (const value of [given].flat()) {
        const found = await tab.ask(`(() => {
          const all = [...document.getElementsByName(${JSON.stringify(name)})];
          const box = all.find((c) => ["radio", "checkbox"].includes(c.type) && c.value === ${JSON.stringify(value)});
          if (box) box.checked = true; else if (all[0]) all[0].value = ${JSON.stringify(value)};
          return Boolean(box) || all[0]?.value === ${JSON.stringify(value)};
        })()`);
        assert.ok(found, `${name} takes ${value} at ${await tab.ask("location.pathname")}`);
      }
    }
  };

  /** Chooses a file in a form. */
  const choose = async (name, file, type, text) => {
    await tab.until("document.readyState === 'complete' && document.querySelector('form[data-event]')");
    await tab.ask(`(() => {
      const held = document.getElementsByName(${JSON.stringify(name)})[0];
      const control = document.getElementById(held.dataset.at);
      const chosen = new DataTransfer();
      chosen.items.add(new File([${JSON.stringify(text)}], ${JSON.stringify(file)}, { type: ${JSON.stringify(type)} }));
      control.files = chosen.files;
      control.dispatchEvent(new Event("change", { bubbles: true }));
    })()`);
    await tab.until(`document.getElementsByName(${JSON.stringify(name)})[0].value`);
  };

  /** Reads what will be signed, and signs it. */
  const sign = async () => {
    await tab.press("form[data-event] button[type=submit]");
    await tab.until("document.querySelector('dialog').open");
    await tab.press("dialog button[value=sign]");
  };

  /** Opens a page in the officer's language. */
  const open = (path) => tab.go(`${site}${path}${path.includes("?") ? "&" : "?"}lang=${lang}`);

  /** Goes to the form of an act that the page at `path` offers: the first of this type, or one about `subject`. */
  const begin = async (path, type, subject = "") => {
    await open(path);
    await tab.ask("for (const folded of document.querySelectorAll('main details')) folded.open = true");
    await tab.press(`main a[href*="/act/${type}"]${subject && `[href*="${subject}"]`}`);
    await tab.until(`location.pathname.endsWith("/act/${type}")`);
  };

  /** Does an act that the page at `path` offers, and is back there. */
  const act = async (path, type, answers = {}, subject = "") => {
    await begin(path, type, subject);
    await fill(answers);
    await sign();
    await tab.at(path);
  };

  return { ...tab, fill, choose, sign, open, begin, act };
}
