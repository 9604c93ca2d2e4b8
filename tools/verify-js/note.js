// Signed notes, checkpoints, proofs and receipts: C2SP signed-note and tlog-checkpoint v1.0.0, tlog-proof. Numbers there go up
// to 2^63-1: they are BigInts.

import {
  base64, bigEndian, bytesOf, fromBase64, hexOf, joined, require, sameBytes, textOf,
} from "./bytes.js";
import { isGoodPoint, verifies } from "./ed25519.js";
import { sha256 } from "./sha256.js";
import { ORIGIN, fits, shaped } from "./syntax.js";
import { includes, leafHash } from "./tree.js";

export const LOG = 1; // type of a log's signature
export const WITNESS = 4; // of a witness's cosignature
const HASH = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=";
const NAME = "[^\\p{White_Space}+]+";
const LINE = new RegExp(`^\u2014 (${NAME}) (\\P{White_Space}+)$`, "u");
const VKEY = new RegExp(`^(${NAME})\\+([0-9a-f]{8})\\+(\\P{White_Space}{44})$`, "u");
const CHECKPOINT = new RegExp(`^(${ORIGIN})\n([0-9]+)\n(${HASH})\n$`);
const PROOF = new RegExp(`^c2sp\\.org/tlog-proof@v1\n(?:extra ([^\n]+)\n)?index ([0-9]+)\n((?:${HASH}\n){0,63})\n(.*)$`, "s");
const LARGEST = 2n ** 63n - 1n;

/** A number as the C2SP formats write it. */
export function decimal(text) {
  require(/^(0|[1-9][0-9]{0,18})$/.test(text) && BigInt(text) <= LARGEST, "not a decimal number");
  return BigInt(text);
}

function keyId(name, kind, bytes) {
  return sha256(joined(bytesOf(`${name}\n`), Uint8Array.of(kind), bytes)).slice(0, 4);
}

/** A key of a name, as notes are signed with it. */
export function noteKey(name, kind, bytes) {
  return { name, kind, bytes, id: keyId(name, kind, bytes) };
}

/** A verifier key of a type. */
export function parseVkey(text, kind = LOG) {
  const [, name, id, encoded] = VKEY.exec(text) ?? [];
  require(encoded, "not a verifier key");
  const raw = fromBase64(encoded);
  require(raw[0] === kind && isGoodPoint(raw.slice(1)), "not an Ed25519 key of the type wanted");
  const key = noteKey(name, kind, raw.slice(1));
  require(hexOf(key.id) === id, "the verifier key's id is wrong");
  return key;
}

/** A signed note; its signatures are not judged. */
export class Note {
  constructor(raw) {
    require(raw.length <= 1_000_000 && raw.every((byte) => byte >= 0x20 || byte === 0x0a), "too long, or not text");
    const whole = textOf(raw);
    const split = whole.lastIndexOf("\n\n") + 1;
    const lines = whole.slice(split + 1).split("\n");
    require(split > 0 && lines.pop() === "" && lines.length >= 1 && lines.length <= 64, "not a signed note");
    this.text = whole.slice(0, split);
    this.bytes = raw.subarray(0, bytesOf(this.text).length);
    this.signatures = lines.map((line) => {
      const [, name, encoded] = LINE.exec(line) ?? [];
      require(encoded, "a signature line is malformed");
      const signature = fromBase64(encoded);
      require(bytesOf(name).length < 256 && signature.length > 4, "a signature line is malformed");
      return { name, signature };
    });
  }

  /** The lines of `key`, without its id. */
  signaturesBy(key) {
    return this.signatures.filter(({ name, signature }) => name === key.name && sameBytes(signature.slice(0, 4), key.id))
      .map(({ signature }) => signature.slice(4));
  }
}

export class Checkpoint extends Note {
  constructor(raw) {
    super(raw);
    const [, origin, size, root] = CHECKPOINT.exec(this.text) ?? [];
    require(root, "not origin, size and root");
    this.origin = origin;
    this.size = decimal(size);
    this.root = fromBase64(root);
    require(this.size > 0n || base64(sha256(new Uint8Array(0))) === root, "an empty log has the empty root");
  }

  /** Whether the log's `key` did, in its own name, and once. */
  async isSignedBy(key) {
    const own = key?.name === this.origin ? this.signaturesBy(key) : [];
    return own.length === 1 && verifies(key.bytes, this.bytes, own[0]);
  }
}

/** Undefined if `key` has no line on the note, else 0n or a witness's time; refused if a line is wrong, or there are two. */
export async function signingTime(note, key) {
  const found = note.signaturesBy(key);
  if (found.length === 0) return undefined;
  require(found.length === 1, `${key.name} signed twice`);
  let [time, message, signature] = [0n, note.bytes, found[0]];
  if (key.kind === WITNESS) {
    time = bigEndian(signature.slice(0, 8));
    message = joined(bytesOf(`cosignature/v1\ntime ${time}\n`), message);
    signature = signature.slice(8);
  }
  require(time <= LARGEST && await verifies(key.bytes, message, signature), `${key.name}'s signature is wrong`);
  return time;
}

/** A tlog-proof. */
export class Proof {
  constructor(text) {
    const [, extra, index, hashes, note] = PROOF.exec(text) ?? [];
    require(note !== undefined, "not a tlog-proof");
    fromBase64(extra ?? "");
    this.index = decimal(index);
    this.checkpoint = new Checkpoint(bytesOf(note));
    this.hashes = hashes.split("\n").slice(0, -1).map(fromBase64);
  }

  proves(leaf) {
    return includes(this.checkpoint.root, this.checkpoint.size, this.index, leaf, this.hashes);
  }
}

/** What a ledger answered when it took an event; members it knows besides are ignored. */
export class Receipt extends Proof {
  constructor(value) {
    require(fits("object", value), "not a receipt");
    const known = Object.fromEntries(["index", "received", "proof"].filter((name) => name in value).map((name) => [name, value[name]]));
    require(shaped(known, "index=int received=int proof=string"), "not a receipt");
    super(value.proof);
    this.told = value.index;
    this.received = value.received;
  }

  /** Whether this is the entry, with the index and `received` that the receipt tells. */
  provesEntry(entry) {
    const start = bytesOf(`${this.received} `);
    return this.index === BigInt(this.told) && sameBytes(entry.subarray(0, start.length), start) && this.proves(leafHash(entry));
  }
}
