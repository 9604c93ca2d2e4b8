// Events, entries and disclosures: docs/ledger-format.md §2, §3 and Annex A.

import { asciiOf, base64url, fromBase64url, Refused, require } from "./bytes.js";
import { verifies } from "./ed25519.js";
import { names, strictJson } from "./json.js";
import { hashOf, sha256 } from "./sha256.js";
import { fits, shaped } from "./syntax.js";

const FORBIDDEN = ["_sd", "_sd_alg", "..."];
const CLASSES = ["casework", "identity", "narrative", "sensitive", "reporter"];
const PAYLOAD = "iss=id sub=officer act?=officer aud=origin jti iat=int occurred?=time stream seq=int prev?=hash "
  + "seen? type v data=object _sd_alg";

/** An issuer-signed JWT. `digests` maps each digest to its class. The signature is not judged. */
export class Event {
  constructor(raw) {
    require(raw.length <= 60_000, "too long");
    const jwt = asciiOf(raw);
    const parts = jwt.split(".");
    require(parts.length === 3, "not three parts");
    const [header, said] = parts.slice(0, 2).map((part) => strictJson(fromBase64url(part)));
    require(shaped(header, "alg typ kid=hash") && fits("signature", parts[2]), "header or signature");
    require(shaped(said, PAYLOAD) && ("prev" in said) === (said.seq > 0), "the payload is malformed");
    this.hash = base64url(sha256(raw));
    this.signed = raw.subarray(0, raw.length - parts[2].length - 1);
    this.signature = fromBase64url(parts[2]);
    this.kid = header.kid;
    this.payload = said;
    this.digests = new Map();
    for (const [name, value] of Object.entries(said.data)) {
      if (CLASSES.includes(name)) this.#hide(name, value);
      else require(!FORBIDDEN.includes(name) && !names(value, FORBIDDEN), "_sd, _sd_alg or ... where it may not be");
    }
  }

  #hide(group, value) {
    const listed = shaped(value, "_sd=array") ? value._sd : [];
    require(listed.length > 0, `data.${group} is no class of digests`);
    listed.forEach((digest, at) => {
      const ascends = at === 0 || listed[at - 1] < digest;
      require(fits("hash", digest) && ascends && !this.digests.has(digest), `data.${group} is no class of digests`);
      this.digests.set(digest, group);
    });
  }

  isSignedBy(x) {
    return verifies(fromBase64url(x), this.signed, this.signature);
  }

  /** Kind of its stream, and what follows the slash. */
  get place() {
    const [kind, id = ""] = this.payload.stream.split("/");
    return { kind, id };
  }
}

/** Parses `<received>` SP `<JWT>`. */
export function parseEntry(raw) {
  const space = raw.indexOf(0x20);
  require(space > 0 && space <= 16, "no received");
  const digits = asciiOf(raw.subarray(0, space));
  require(/^(0|[1-9][0-9]*)$/.test(digits) && Number.isSafeInteger(Number(digits)), "received");
  return { received: Number(digits), event: new Event(raw.subarray(space + 1)) };
}

/** Name and value of a disclosure. */
export function parseDisclosure(text) {
  require(text.length <= 40_000, "too long");
  const array = strictJson(fromBase64url(text));
  require(Array.isArray(array) && array.length === 3 && fits("salt", array[0]) && fits("word", array[1])
    && !names(array[2], ["_sd", "..."]), "not an array of salt, name and value");
  return { name: array[1], value: array[2] };
}

/** Annex C, step 7: whether the disclosures delivered with `event` fit it; its digests that none has; and the values. */
export function deliver(event, texts) {
  const delivered = new Set();
  const values = new Map(); // "class name" -> value
  let fit = true;
  for (const text of texts) {
    const digest = hashOf(text);
    const group = event.digests.get(digest);
    const read = group && readable(text);
    const name = `${group} ${read?.name}`;
    if (!read || delivered.has(digest) || values.has(name)) fit = false;
    else values.set(name, read.value);
    delivered.add(digest); // what has this digest is its disclosure, even if it is malformed
  }
  return { fit, absent: [...event.digests.keys()].filter((digest) => !delivered.has(digest)), values };
}

function readable(text) {
  try {
    return parseDisclosure(text);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}
