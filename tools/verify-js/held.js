// What an auditor holds from elsewhere: the trust file (docs/ledger-format.md, Annex D).

import { fromBase64url, require } from "./bytes.js";
import { strictJson } from "./json.js";
import { parseVkey } from "./note.js";
import { Policy } from "./policy.js";
import { shaped } from "./syntax.js";

/** Strict JSON of exactly these members, `sijill` being the version. */
export function readVersioned(raw, version, shape) {
  const value = strictJson(raw);
  require(shaped(value, `sijill=string ${shape}`) && value.sijill === version, `it is not ${version}`);
  return value;
}

export function readTrust(raw) {
  const { origin, log_key: vkey, genesis, policy } = readVersioned(raw, "trust/1", "origin log_key=string genesis=hash policy=string");
  const logKey = parseVkey(vkey);
  require(logKey.name === origin, "the log key is not named as the origin");
  return { origin, logKey, genesis: fromBase64url(genesis), policy: new Policy(policy) };
}
