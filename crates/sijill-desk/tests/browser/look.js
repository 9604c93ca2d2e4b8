// Looking at pages, and holding keys: what every story in a browser needs.

import { join } from "node:path";

const LOOKS = [[360, "light"], [1440, "light"], [360, "dark"]];

/**
 * Everything that can be checked of a page by looking at it, in both languages, sizes and schemes; what is wrong goes to
 * `complaints`. Without a path, the page as it stands.
 */
export const inspector = ({ site, rules, pictures, complaints, looks = LOOKS }) => async (tab, path, name) => {
  for (const lang of ["ar", "en"]) {
    for (const [width, scheme] of looks) {
      await tab.look(width, scheme);
      if (path) await tab.go(`${site}${path}${path.includes("?") ? "&" : "?"}lang=${lang}`);
      await tab.until("document.fonts.status === 'loaded' && !document.querySelector('main :is([data-wait], [data-step=loading]):not([hidden])')");
      const where = `${name} ${lang} ${width} ${scheme}`;
      const [inner, outer] = await tab.ask("[document.documentElement.scrollWidth, document.documentElement.clientWidth]");
      if (inner > outer) complaints.push(`${where} is ${inner} px wide in ${outer}`);
      if (rules) {
        const found = await tab.ask(`${rules}; axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
          violations.map(({ id, nodes }) => id + ": " + nodes.map((n) => n.html.slice(0, 160) + " " + n.any.map((a) => a.message).join()).join(" | ")))`);
        complaints.push(...found.map((fault) => `${where}: ${fault}`));
      }
      if (pictures) await tab.picture(join(pictures, `${where.replaceAll(/\W+/g, "-")}.png`));
      if (!path) break;
    }
    if (!path) break;
  }
  await tab.look(1440);
};

/** Puts a key into this browser as if it had been made here. */
export async function hold(tab, { seed, x, kid, origin, agency, officer }) {
  await tab.ask(`(async () => {
    const vault = await import(document.querySelector("script[src]").src.replace(/[^/]+$/, "vault.js"));
    const bytes = Uint8Array.from(atob(${JSON.stringify(seed)}), (c) => c.charCodeAt(0));
    const head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    const key = await crypto.subtle.importKey("pkcs8", new Uint8Array([...head, ...bytes]), "Ed25519", false, ["sign"]);
    await vault.keepIdentity({ kid: "${kid}", key, x: "${x}", agency: "${agency}", officer: "${officer}", origin: "${origin}", made: 1 });
  })()`);
}
