// Evidence files: docs/ledger-format.md Annex D. A file is a source for an audit, as a full export is (export.js).

import { bytesOf, fromBase64url, Refused, require, sameBytes } from "./bytes.js";
import { readVersioned } from "./held.js";
import { Checkpoint } from "./note.js";
import { addRules, fits, shaped } from "./syntax.js";
import { leafHash, nodeHash } from "./tree.js";
import { strictJson } from "./json.js";
import "./heads.js";

const LARGEST = 64 << 20; // bytes, unpacked
const GZIP = Uint8Array.of(0x1f, 0x8b);

addRules({
  strings: (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
  exhibits: (value) => Array.isArray(value) && value.every((one, at) => shaped(one, "index=int entry=string disclosures=strings")
    && (at === 0 || value[at - 1].index < one.index)),
  pieces: (value) => Array.isArray(value) && value.every((one) => Array.isArray(one) && one.length === 2
    && fits("int", one[0]) && one[0] <= 62 && fits("hash", one[1])),
  heads_proof: (value) => shaped(value, "index=int streams=stream_proofs keys=key_proofs"),
});

/** Bytes that were packed as one gzip member, or were not packed at all. */
export async function unpacked(raw) {
  if (!sameBytes(raw.subarray(0, 2), GZIP)) return raw;
  const parts = [];
  let length = 0;
  try {
    for await (const part of new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"))) {
      length += part.length;
      require(length <= LARGEST, "it unpacks to more than 64 MiB");
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(`it cannot be unpacked: ${error.message}`);
  }
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  // Some take several members for one: the last one says how long it alone is.
  const stated = new DataView(raw.buffer, raw.byteOffset + raw.length - 4).getUint32(0, true);
  require(stated === whole.length, "it is more than one gzip member");
  return whole;
}

export async function readEvidence(raw) {
  return new Evidence(await unpacked(raw));
}

/** A source that holds some entries of a log. */
export class Evidence {
  whole = false;
  allTold = false; // a disclosure that is not here was withheld
  size = undefined; // is stated nowhere but in the checkpoint
  #entries;
  #between;

  constructor(raw) {
    const read = readVersioned(raw, "evidence/2",
      "origin=string checkpoint=string entries=exhibits between=pieces witnessed=strings heads?=heads_proof");
    this.origin = read.origin;
    this.checkpoint = bytesOf(read.checkpoint);
    this.witnessed = read.witnessed.map((note) => new Checkpoint(bytesOf(note)));
    this.heads = read.heads;
    this.#between = read.between;
    this.#entries = read.entries.map(({ index, entry, disclosures }) => ({ index, raw: bytesOf(entry), texts: disclosures }));
  }

  * batches() {
    if (this.#entries.length > 0) yield this.#entries.map(({ index, raw }) => ({ index, raw }));
  }

  * disclosures(end) {
    for (const { index, texts } of this.#entries) {
      if (index < end) for (const text of texts) yield { index, text };
    }
  }

  /** The roots that are known, by size: of the trees that end between two pieces. Undefined if they do not give `root`. */
  roots(size, root) {
    const known = new Map();
    const stack = []; // of complete subtrees: level and hash, the levels descending
    const put = (level, hash) => {
      let node = { level, hash };
      while (stack.at(-1)?.level === node.level) node = { level: node.level + 1, hash: nodeHash(stack.pop().hash, node.hash) };
      stack.push(node);
      return 1n << BigInt(level);
    };
    const held = new Map(this.#entries.map(({ index, raw }) => [BigInt(index), raw]));
    const indexes = [...held.keys(), size];
    let [position, next, used] = [0n, 0, 0];
    while (position < size) {
      while (indexes[next] < position) next += 1;
      if (held.has(position)) {
        position += put(0, leafHash(held.get(position)));
      } else {
        const [level, hash] = this.#between[used] ?? [];
        used += 1;
        const end = position + (1n << BigInt(level ?? 0));
        const limit = indexes[next] < size ? indexes[next] : size;
        if (hash === undefined || position % (1n << BigInt(level)) !== 0n || end > limit) return undefined;
        position += put(level, fromBase64url(hash));
      }
      known.set(Number(position), stack.reduceRight((right, { hash }) => right ? nodeHash(hash, right) : hash, undefined));
    }
    const fits = used === this.#between.length && held.size === [...held.keys()].filter((index) => index < size).length;
    return fits && size > 0n && sameBytes(known.get(Number(size)), root) ? known : undefined;
  }
}

/** Whether a file that somebody chose is one of this version. */
export function isVersion(raw, version) {
  try {
    return strictJson(raw)?.sijill === version;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}
