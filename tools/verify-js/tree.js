// The Merkle tree of a log: RFC 6962 §2, RFC 9162 §2.1; tiles and bundles of C2SP tlog-tiles v0.1.0.

import { joined, sameBytes } from "./bytes.js";
import { sha256 } from "./sha256.js";

export const TILE = 256; // width of a tile
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const EMPTY = sha256(new Uint8Array(0));

export function leafHash(entry) {
  return sha256(joined(LEAF, entry));
}

export function nodeHash(left, right) {
  return sha256(joined(NODE, left, right));
}

/** Hashes one behind the other, in one piece of memory. */
class Row {
  #bytes = new Uint8Array(1024);
  length = 0;

  push(hash) {
    const end = 32 * (this.length + 1);
    if (end > this.#bytes.length) {
      const wider = new Uint8Array(2 * this.#bytes.length);
      wider.set(this.#bytes);
      this.#bytes = wider;
    }
    this.#bytes.set(hash, end - 32);
    this.length += 1;
  }

  at(number) {
    return this.#bytes.subarray(32 * number, 32 * number + 32);
  }
}

/** All complete subtrees of a growing log, 64 bytes an entry: the root at any past size is cheap. */
export class Tree {
  #rows = [];

  /** From the hashes of leaves, one behind the other. */
  constructor(hashes = new Uint8Array(0)) {
    for (let at = 0; at < hashes.length; at += 32) this.append(hashes.subarray(at, at + 32));
  }

  get size() {
    return this.#rows[0]?.length ?? 0;
  }

  append(node, level = 0) {
    const row = this.#rows[level] ??= new Row();
    row.push(node);
    if (row.length % 2 === 0) this.append(nodeHash(row.at(row.length - 2), node), level + 1);
  }

  /** Root of the first `size` leaves, `size` at most the present one. */
  root(size) {
    let root;
    this.#rows.forEach((row, level) => {
      const complete = Math.floor(size / 2 ** level);
      if (complete % 2 === 1) root = root ? nodeHash(row.at(complete - 1), root) : row.at(complete - 1);
    });
    return root?.slice() ?? EMPTY;
  }
}

/** The root that an inclusion proof leads to, RFC 9162 §2.1.3.2; undefined if its length is wrong. Both are BigInts. */
export function rootFromInclusion(leaf, index, size, proof) {
  let [at, last, node] = [index, size - 1n, leaf];
  const left = [...proof];
  while (last > 0n && last >= at) {
    if (at & 1n || at < last) {
      if (left.length === 0) return undefined;
      node = at & 1n ? nodeHash(left.shift(), node) : nodeHash(node, left.shift());
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return left.length > 0 || at > last ? undefined : node;
}

/** Whether an inclusion proof carries the leaf to the root. */
export function includes(root, size, index, leaf, proof) {
  const found = rootFromInclusion(leaf, index, size, proof);
  return found !== undefined && sameBytes(found, root);
}

/** Path of a tile below the log's own; `level` is a number or "entries". */
export function tilePath(level, number, width = TILE) {
  const digits = String(number);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.../g);
  const last = groups.pop() + (width === TILE ? "" : `.p/${width}`);
  return ["tile", level, ...groups.map((group) => `x${group}`), last].join("/");
}

/** The entries of a bundle; none if it is not exactly `width` of them. */
export function parseBundle(raw, width) {
  const entries = [];
  let at = 0;
  while (at < raw.length) {
    const start = at + 2;
    at = start + (raw[at] << 8 | (raw[at + 1] ?? 0));
    entries.push(raw.subarray(start, at));
  }
  return at === raw.length && entries.length === width ? entries : [];
}

/**
 * First leaves of the hash tiles that are not those of the entries. `tiles` is what these give, by number; a tile above a
 * missing entry is not judged. `read` answers the bytes of a path, or undefined.
 */
export function badTiles(read, size, tiles, level = 0) {
  const bad = [];
  const above = new Map();
  for (const [number, hashes] of tiles) {
    const width = Math.min(TILE, size - number * TILE);
    if (hashes.length === 32 * width) {
      const found = read(tilePath(level, number, width));
      if (!found || !sameBytes(found, hashes)) bad.push(number * TILE ** (level + 1));
    }
    if (hashes.length === 32 * TILE) {
      const whole = Math.floor(number / TILE);
      above.set(whole, joined(above.get(whole) ?? new Uint8Array(0), new Tree(hashes).root(TILE)));
    }
  }
  return above.size === 0 ? bad : [...bad, ...badTiles(read, Math.floor(size / TILE), above, level + 1)];
}
