#!/usr/bin/env node
// Audits a full export or an evidence file without the ledger's own program: docs/ledger-format.md, Annexes C to F.
//
//     node verify.js audit EXPORT_DIR|FILE.evidence [--trust FILE] [--receipt FILE]... [--since CHECKPOINT]... [--json]
//
// Exit status: 0 no fault, 1 faults, 2 could not be read.

import { readFileSync, statSync } from "node:fs";
import { parseArgs } from "node:util";

import { Audit } from "./audit.js";
import { Refused } from "./bytes.js";
import { readEvidence } from "./evidence.js";
import { Export } from "./export.js";
import { readTrust } from "./held.js";
import { jsonOf, strictJson } from "./json.js";
import { Checkpoint, Receipt } from "./note.js";

const USAGE = "usage: node verify.js audit EXPORT_DIR|FILE.evidence [--trust FILE] [--receipt FILE]... [--since CHECKPOINT]... [--json]";
const TOLD_OF_A_CODE = 10; // faults of one code that are told one by one

function bytesAt(path) {
  return new Uint8Array(readFileSync(path));
}

export async function auditAt(path, { trust, receipt = [], since = [] } = {}) {
  const held = {
    trust: trust === undefined ? undefined : readTrust(bytesAt(trust)),
    receipts: receipt.map((file) => new Receipt(strictJson(bytesAt(file)))),
    since: since.map((file) => new Checkpoint(bytesAt(file))),
  };
  const source = statSync(path).isDirectory() ? new Export(path) : await readEvidence(bytesAt(path));
  return new Audit(source, held).run();
}

function print(report) {
  if (!report.anchored) console.log("anchored: no. Without its trust file, a ledger invented from end to end would look the same.");
  console.log(`${report.origin}, size ${report.size}, root ${report.root}, ${report.entries} entries read`);
  for (const [name, { status, checked, unchecked, why }] of Object.entries(report.levels)) {
    console.log(`  ${name} ${status}, ${checked} checked, ${unchecked} unchecked${why ? `: ${why}` : ""}`);
  }
  if (report.intervals) {
    const { both, after, before, outside } = report.intervals;
    console.log(`  intervals: ${both} with both bounds, ${after} with the lower alone, ${before} with the upper alone`);
    for (const one of outside) console.log(`  OUTSIDE entry ${one.index}: claims ${one.iat}, was signed after ${one.after ?? "?"} and before ${one.before ?? "?"}`);
  }
  for (const one of report.exhibits ?? []) {
    console.log(`  entry ${one.index}: ${one.stream}/${one.seq} ${one.type} by ${one.iss}/${one.sub}, after ${one.after ?? "?"}, before ${one.before ?? "?"}`);
  }
  const count = report.faults.length;
  console.log(count === 0 ? "no faults" : count === 1 ? "1 fault:" : `${count} faults:`);
  const places = new Map(); // in the order of the log; one altered entry makes every later author a witness
  for (const { code, index, message } of report.faults) {
    if (!places.has(code)) places.set(code, []);
    places.get(code).push(index === null ? "the whole" : `entry ${index}`);
    if (places.get(code).length <= TOLD_OF_A_CODE) console.log(`  FAULT ${code} at ${places.get(code).at(-1)}: ${message}`);
  }
  for (const [code, all] of places) {
    const more = all.length - TOLD_OF_A_CODE;
    if (more > 0) console.log(`  … ${more} more of ${code}, the last at ${all.at(-1)}; all of them with --json`);
  }
}

async function main(args) {
  const many = { type: "string", multiple: true };
  const options = { trust: { type: "string" }, receipt: many, since: many, json: { type: "boolean" } };
  const { values, positionals: [command, path, ...more] } = parseArgs({ args, options, allowPositionals: true });
  if (command !== "audit" || path === undefined || more.length > 0) throw new Refused(USAGE);
  const audit = await auditAt(path, values);
  const report = audit.report();
  if (values.json) console.log(jsonOf(report, 2));
  else print(report);
  return audit.faults.size > 0 ? 1 : 0;
}

if (process.argv[1] && import.meta.url.endsWith("verify.js") && statSync(process.argv[1]).ino === statSync(new URL(import.meta.url)).ino) {
  main(process.argv.slice(2)).then((status) => { process.exitCode = status; }, (error) => {
    const expected = error instanceof Refused || error.code !== undefined; // of the file system, or of the command line
    console.error(expected ? `could not be read: ${error.message}` : error);
    process.exitCode = expected ? 2 : 70; // 70: a fault of this program's own
  });
}
