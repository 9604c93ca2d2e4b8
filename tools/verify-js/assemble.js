// Puts the verification page together: one file, with all scripts, styles and words in it, that works from a disk with no
// network. Its policy names the two hashes of what is in it and allows nothing else, so nothing can leave the computer.
//
//     node assemble.js            writes verify.html beside this file
//
// verify.html is committed, so that whoever has the sources has the page; a test says whether it is what they give.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

import { base64, bytesOf } from "./bytes.js";
import { sha256 } from "./sha256.js";

const HERE = import.meta.dirname;
const EVENTS = join(HERE, "../../schemas/events");
const IMPORT = /^import (?:\{([^}]*)\} from )?"(\.[^"]*)";$/gm;
const EXPORT = /^export (?=(?:async )?(?:function\*?|class|const) (\w+))/gm;

function read(path) {
  return readFileSync(join(HERE, path), "utf8");
}

/** The modules that one needs, itself last, each as a function that is called once. */
function bundled(path, done = new Map()) {
  if (done.has(path)) return done;
  let source = read(path);
  const target = (from) => normalize(join(dirname(path), from));
  for (const [, , from] of source.matchAll(IMPORT)) bundled(target(from), done);
  const names = [...source.matchAll(EXPORT)].map(([, name]) => name);
  source = source.replace(EXPORT, "").replace(IMPORT, (_, wanted, from) => wanted ? `const {${wanted}} = modules["${target(from)}"];` : "");
  if (/^(import|export) /m.test(source)) throw new Error(`${path}: an import or export that this program does not know`);
  return done.set(path, `modules["${path}"] = (() => {\n${source}return { ${names.join(", ")} };\n})();\n`);
}

/** Words for event types and their fields, from the schemas. */
function labels() {
  const all = {};
  for (const file of readdirSync(EVENTS).sort()) {
    const schema = JSON.parse(readFileSync(join(EVENTS, file), "utf8"));
    const pair = (one) => [one["x-label"].ar, one["x-label"].en];
    const fields = Object.entries(schema.properties).filter(([, field]) => field["x-label"]).map(([name, field]) => [name, pair(field)]);
    all[schema["x-type"]] = [...pair(schema), Object.fromEntries(fields)];
  }
  return all;
}

/** The page as it should be. */
export function assembled() {
  const style = `\n${read("page/page.css")}`;
  const script = `\n"use strict";\nconst modules = {};\n${[...bundled("page/page.js").values()].join("")}`;
  const hash = (text) => `'sha256-${base64(sha256(bytesOf(text)))}'`;
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`;
  const parts = { policy, style, script, labels: JSON.stringify(labels()).replaceAll("<", "\\u003c") };
  if (/<\/(script|style)/i.test(script + style)) throw new Error("a script or style would end early");
  return read("page/page.html").replace(/\{(policy|style|script|labels)\}/g, (_, name) => parts[name]);
}

if (process.argv[1] === import.meta.filename) writeFileSync(join(HERE, "verify.html"), assembled());
