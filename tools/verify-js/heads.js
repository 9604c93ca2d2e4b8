// The maps of stream heads and of keys, and proofs about them: docs/ledger-format.md Annex E.

import { base64url, bytesOf, fromBase64url, joined, sameBytes } from "./bytes.js";
import { sha256 } from "./sha256.js";
import { addRules, fits, shaped } from "./syntax.js";

const LEAF = Uint8Array.of(2);
const NODE = Uint8Array.of(3);
const NOTHING = new Uint8Array(32);

function leafOf(key, value) {
  return sha256(joined(LEAF, key, value));
}

function nodeOf(left, right) {
  return sha256(joined(NODE, left, right));
}

function bitAt(key, depth) {
  return key[depth >> 3] >> (7 - (depth & 7)) & 1;
}

/** A sparse Merkle map from 32 bytes to 32. A node is a leaf (`key`, `value`), or has two `sides`. */
export class SparseMap {
  #top;

  set(key, value) {
    this.#top = SparseMap.#put(this.#top, { key, value }, 0);
  }

  static #put(node, leaf, depth) {
    if (node === undefined) return leaf;
    if (node.key && sameBytes(node.key, leaf.key)) return leaf;
    const split = node.key ? { sides: [undefined, undefined] } : node;
    if (node.key) split.sides[bitAt(node.key, depth)] = node;
    const side = bitAt(leaf.key, depth);
    split.sides[side] = SparseMap.#put(split.sides[side], leaf, depth + 1);
    split.hash = undefined;
    return split;
  }

  root() {
    return SparseMap.#hash(this.#top);
  }

  static #hash(node) {
    if (node === undefined) return NOTHING;
    node.hash ??= node.key ? leafOf(node.key, node.value) : nodeOf(...node.sides.map((side) => SparseMap.#hash(side)));
    return node.hash;
  }
}

export function streamKey(stream) {
  return sha256(bytesOf(stream));
}

/** Of the last event of a stream: its `seq` and the hash of its JWT. */
export function streamValue(seq, last) {
  const bytes = new Uint8Array(40);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(seq));
  bytes.set(fromBase64url(last), 8);
  return sha256(bytes);
}

export function keyValue({ iss, sub, added, revoked, since }) {
  return sha256(bytesOf(`${iss} ${sub} ${added} ${revoked ?? "-"} ${since ?? "-"}`));
}

/** The maps as of any size not yet left behind: what came later waits. */
export class Heads {
  #waiting = []; // [index, map, name, value], by index
  #latest = { streams: new Map(), keys: new Map() }; // name -> what was not put into the map yet
  #maps = { streams: new SparseMap(), keys: new SparseMap() };
  #keep;

  /** `keep`: how far back a size asked for may lie. */
  constructor(keep) {
    this.#keep = keep;
  }

  moveStream(index, stream, seq, last) {
    this.#wait([index, "streams", stream, { seq, last }]);
  }

  moveKey(index, kid, status) {
    this.#wait([index, "keys", kid, { ...status }]);
  }

  #wait(change) {
    this.#waiting.push(change);
    if (this.#waiting.length > 4 * this.#keep) this.#reach(change[0] - this.#keep);
  }

  #reach(size) {
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count][0] < size) count += 1;
    for (const [, map, name, value] of this.#waiting.splice(0, count)) this.#latest[map].set(name, value);
  }

  /** The roots after the first `size` entries, in base64url. */
  roots(size) {
    this.#reach(size);
    for (const [stream, { seq, last }] of this.#latest.streams) this.#maps.streams.set(streamKey(stream), streamValue(seq, last));
    for (const [kid, status] of this.#latest.keys) this.#maps.keys.set(sha256(bytesOf(kid)), keyValue(status));
    this.#latest.streams.clear();
    this.#latest.keys.clear();
    return { streams: base64url(this.#maps.streams.root()), keys: base64url(this.#maps.keys.root()) };
  }
}

// --- proofs ---

const STREAM_PROOF = "stream head? siblings leaf?";
const KEY_PROOF = "kid=hash status? siblings leaf?";

addRules({
  head: (value) => shaped(value, "seq=int last=hash"),
  leaf: (value) => shaped(value, "key=hash value=hash"),
  status: (value) => shaped(value, "iss=id sub=officer added=int revoked?=int since?=int"),
  siblings: (value) => Array.isArray(value) && value.length <= 256 && value.every((one) => fits("hash", one)),
  stream_proofs: (value) => Array.isArray(value) && value.every((one) => shaped(one, STREAM_PROOF) && !("head" in one && "leaf" in one)),
  key_proofs: (value) => Array.isArray(value) && value.every((one) => shaped(one, KEY_PROOF) && !("status" in one && "leaf" in one)),
});

/** Whether a proof leads to the root of the map, given in base64url. */
export function leadsTo(root, proof) {
  const key = "stream" in proof ? streamKey(proof.stream) : sha256(bytesOf(proof.kid));
  const siblings = proof.siblings.map(fromBase64url);
  let node = NOTHING;
  if (proof.head) node = leafOf(key, streamValue(proof.head.seq, proof.head.last));
  if (proof.status) node = leafOf(key, keyValue(proof.status));
  if (proof.leaf) {
    const other = fromBase64url(proof.leaf.key);
    if (sameBytes(other, key) || siblings.some((_, depth) => bitAt(other, depth) !== bitAt(key, depth))) return false;
    node = leafOf(other, fromBase64url(proof.leaf.value));
  }
  for (let depth = siblings.length - 1; depth >= 0; depth -= 1) {
    node = bitAt(key, depth) ? nodeOf(siblings[depth], node) : nodeOf(node, siblings[depth]);
  }
  return base64url(node) === root;
}

/**
 * What is wrong with the heads proof of an evidence file (Annexes D and E), given what was read of each entry held and the
 * indexes of those at fault.
 */
export function* wrongOf({ index, streams, keys }, held, faulty) {
  const record = held.find((one) => one.index === index);
  const { type, stream, data } = record?.event.payload ?? {};
  if (!record?.accepted || type !== "heads.committed" || stream !== "log" || faulty.has(index)) {
    yield "there is no record of heads here that could be believed";
    return;
  }
  const earlier = held.filter((one) => one.index < data.size);
  for (const proof of streams) {
    if (!leadsTo(data.streams, proof)) yield `the proof about ${proof.stream} does not lead to the record`;
    const last = earlier.findLast((one) => one.last && one.event.payload.stream === proof.stream)?.event;
    if (last?.hash !== proof.head?.last || last?.payload.seq !== proof.head?.seq) yield `the entries held of ${proof.stream} are not all of it`;
  }
  for (const proof of keys) {
    if (!leadsTo(data.keys, proof)) yield `the proof about key ${proof.kid} does not lead to the record`;
    const { added, revoked = Infinity } = proof.status ?? { added: Infinity };
    const signed = earlier.filter((one) => one.accepted && one.event.kid === proof.kid && one.index > 0);
    if (!signed.every((one) => added < one.index && one.index <= revoked)) yield `an entry is signed by key ${proof.kid} where it is not good`;
  }
}
