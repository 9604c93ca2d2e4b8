// Writes what this verifier finds in the ledgers that tools/verify/tests/random_ledgers.py made:
//
//     node judge.js DIR COUNT     DIR/<n>/found-js.json is the verdict on DIR/<n>/export, or null where there is nothing to
//                                 audit, and found-evidence-js.json the one on DIR/<n>/some.evidence

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Refused } from "../bytes.js";
import { jsonOf } from "../json.js";
import { auditAt } from "../verify.js";

async function verdict(directory, source) {
  const held = (name) => existsSync(join(directory, name)) ? [join(directory, name)] : [];
  try {
    const [trust] = held("trust.json");
    return (await auditAt(join(directory, source), { trust, receipt: held("receipt.json"), since: held("since") })).report();
  } catch (error) {
    if (error instanceof Refused || error.code !== undefined) return null; // of the file system
    throw error;
  }
}

const [directory, count] = process.argv.slice(2);
for (let number = 0; number < Number(count); number += 1) {
  const own = join(directory, String(number));
  writeFileSync(join(own, "found-js.json"), jsonOf(await verdict(own, "export")));
  if (existsSync(join(own, "some.evidence"))) writeFileSync(join(own, "found-evidence-js.json"), jsonOf(await verdict(own, "some.evidence")));
}
