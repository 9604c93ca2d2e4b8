// Writing a signed event (docs/ledger-format.md §2): an SD-JWT `<JWT>~<disclosure>~…~`.
//
// The server prepares where an event goes (stream, seq, prev, seen); what it says, its salts and digests are made
// here. Nothing the server prepared is signed unless it is what was asked for.

import { base64url, bytesOf, randomBytes, sha256 } from "./bytes.js";
import { sign } from "./key.js";

const TYP = "case-event+sd-jwt";
const CLASSES = ["casework", "identity", "narrative", "sensitive", "reporter"];
const MAX_DEPTH = 8;
const MAX_JWT = 60_000;
const MAX_DISCLOSURE = 40_000;

/** What cannot be signed, with a code for the page's text and the member it is about. */
export class Unsignable extends Error {
  constructor(code, member) {
    super(`${code}: ${member}`);
    this.code = code;
    this.member = member;
  }
}

/**
 * Signs an event.
 *
 * `identity`: `{kid, key, agency, officer, origin}`. `prepared`: the payload that `…/next` gave.
 * `event`: `{stream, type, v, occurred?, open: {name: value}, hidden: [{class, name, value}]}`; a hidden value that was
 * left out is `null`, so that the number of digests in a class tells nothing.
 * Returns the SD-JWT. `salt` is for test vectors only.
 */
export async function signEvent(identity, prepared, event, salt = () => randomBytes(16)) {
  checkPrepared(identity, prepared, event.stream);
  const { data, disclosures } = await conceal(event, salt);
  const payload = { iss: identity.agency, sub: identity.officer, aud: identity.origin };
  Object.assign(payload, { jti: prepared.jti, iat: prepared.iat });
  if (event.occurred) payload.occurred = event.occurred;
  Object.assign(payload, { stream: prepared.stream, seq: prepared.seq });
  if (prepared.seq > 0) payload.prev = prepared.prev;
  payload.seen = { size: prepared.seen.size, root: prepared.seen.root };
  Object.assign(payload, { type: event.type, v: event.v, data, _sd_alg: "sha-256" });
  checkJson(payload, "event");
  const header = { alg: "Ed25519", typ: TYP, kid: identity.kid };
  const input = [header, payload].map((part) => base64url(bytesOf(JSON.stringify(part)))).join(".");
  const jwt = `${input}.${await sign(identity.key, bytesOf(input))}`;
  if (jwt.length > MAX_JWT) throw new Unsignable("too-long", "event");
  return [jwt, ...disclosures, ""].join("~");
}

/** The SHA-256 of an SD-JWT's JWT: the `prev` of the next event, and how events are cited. */
export const eventHash = async (sdJwt) => base64url(await sha256(bytesOf(sdJwt.split("~", 1)[0])));

/** Refuses to sign for another ledger, author or stream than was asked for. */
function checkPrepared(identity, prepared, stream) {
  const expected = { iss: identity.agency, sub: identity.officer, aud: identity.origin, stream };
  for (const [member, value] of Object.entries(expected)) {
    if (prepared[member] !== value) throw new Unsignable("not-what-was-asked", member);
  }
  const whole = (n) => Number.isSafeInteger(n) && n >= 0;
  const hash = (h) => /^[A-Za-z0-9_-]{43}$/.test(h);
  if (!whole(prepared.iat) || !whole(prepared.seq)) throw new Unsignable("not-what-was-asked", "seq");
  if (prepared.seq > 0 && !hash(prepared.prev)) throw new Unsignable("not-what-was-asked", "prev");
  if (!whole(prepared.seen?.size) || prepared.seen.size < 1 || !hash(prepared.seen.root)) {
    throw new Unsignable("not-what-was-asked", "seen");
  }
}

/** Open members as they are; of hidden ones the sorted digests per class, and the disclosures beside. */
async function conceal({ open, hidden }, salt) {
  const digests = new Map(CLASSES.map((name) => [name, []]));
  const disclosures = [];
  const named = new Set();
  for (const { class: name, name: field, value } of hidden) {
    if (!digests.has(name) || named.has(`${name}.${field}`)) throw new Unsignable("not-what-was-asked", field);
    named.add(`${name}.${field}`);
    checkJson([value], field);
    const disclosure = base64url(bytesOf(JSON.stringify([base64url(salt()), field, value])));
    if (disclosure.length > MAX_DISCLOSURE) throw new Unsignable("too-long", field);
    digests.get(name).push(base64url(await sha256(bytesOf(disclosure))));
    disclosures.push(disclosure);
  }
  const data = { ...open };
  for (const [name, list] of digests) if (list.length > 0) data[name] = { _sd: list.sort() };
  return { data, disclosures };
}

/** Strict JSON: whole numbers, sound strings, eight levels at most. */
function checkJson(value, member, depth = 0) {
  if (typeof value === "string") {
    if (value.includes("\0") || !isWellFormed(value)) throw new Unsignable("character", member);
  } else if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new Unsignable("number", member);
  } else if (value !== null && typeof value === "object") {
    if (depth >= MAX_DEPTH) throw new Unsignable("not-what-was-asked", member);
    for (const [name, inner] of Object.entries(value)) {
      checkJson(name, member, depth + 1);
      checkJson(inner, member, depth + 1);
    }
  } else if (value !== null && typeof value !== "boolean") {
    throw new Unsignable("not-what-was-asked", member);
  }
}

/** No lone half of a surrogate pair. (`String.prototype.isWellFormed` is younger than some phones.) */
const isWellFormed = (text) => !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text);
