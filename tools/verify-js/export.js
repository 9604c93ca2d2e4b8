// Full exports on disk: docs/ledger-format.md Annex D. For Node.

import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join, relative } from "node:path";

import { Refused, require } from "./bytes.js";
import { readVersioned } from "./held.js";
import { isObject, strictJson } from "./json.js";
import { fits, shaped } from "./syntax.js";
import { parseBundle, TILE, tilePath } from "./tree.js";

const LONGEST = 1 << 20; // bytes of a document, and of a line

/** A file's bytes; undefined if there is no such file. */
function fileAt(path) {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  return new Uint8Array(readFileSync(path));
}

/** The lines of a file, without their ends. */
function* linesOf(path) {
  const file = openSync(path);
  try {
    let rest = Buffer.alloc(0);
    const part = Buffer.alloc(LONGEST);
    for (let length = readSync(file, part); length > 0; length = readSync(file, part)) {
      rest = Buffer.concat([rest, part.subarray(0, length)]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        yield rest.subarray(0, end);
        rest = rest.subarray(end + 1);
      }
    }
    if (rest.length > 0) yield rest;
  } finally {
    closeSync(file);
  }
}

/** A source that is to hold every entry of a log. */
export class Export {
  whole = true;
  #directory;
  #lines;
  #early; // a line for an entry that was not asked for yet

  constructor(directory) {
    const shape = "origin=string size=int disclosures=string attachments=string";
    const said = readVersioned(new Uint8Array(readFileSync(join(directory, "export.json"))), "export/1", shape);
    require(["all", "none"].includes(said.disclosures) && said.attachments === "none",
      "export.json: disclosures are all or none, attachments none");
    this.#directory = directory;
    this.origin = said.origin;
    this.size = said.size;
    this.allTold = said.disclosures === "all";
    this.checkpoint = new Uint8Array(readFileSync(join(directory, "checkpoint")));
  }

  tile(path) {
    return fileAt(join(this.#directory, path));
  }

  document(hash) {
    const bytes = fileAt(join(this.#directory, "documents", hash));
    return bytes?.subarray(0, LONGEST + 1);
  }

  /** Bundle by bundle, those that are there: a false size costs nothing. */
  * batches(size) {
    const base = join(this.#directory, "tile", "entries");
    const files = existsSync(base) ? readdirSync(base, { recursive: true, withFileTypes: true }) : [];
    const paths = files.filter((file) => /^[0-9]{3}$/.test(file.name)).map((file) => relative(base, join(file.parentPath ?? file.path, file.name)));
    const numbers = paths.map((path) => Number(path.replace(/[^0-9]/g, "")));
    const sorted = [...new Set([...numbers, Number(size / BigInt(TILE))])].sort((one, other) => one - other);
    for (const number of sorted) {
      const left = size - BigInt(number) * BigInt(TILE);
      const width = left < TILE ? Number(left) : TILE;
      const bytes = width > 0 ? this.tile(tilePath("entries", number, width)) : undefined;
      const entries = bytes ? parseBundle(bytes, width) : [];
      if (entries.length > 0) yield entries.map((raw, at) => ({ index: number * TILE + at, raw }));
    }
  }

  /** Disclosures for entries before `end`, in order; of a bad line without `text`. Each is told once. */
  * disclosures(end, size) {
    this.#lines ??= this.#read(size);
    while (true) {
      this.#early ??= this.#lines.next().value;
      const line = this.#early;
      if (line === undefined || (line.text !== undefined && line.index >= end)) return;
      this.#early = undefined;
      yield line;
    }
  }

  * #read(size) {
    const path = join(this.#directory, "disclosures.jsonl");
    let highest = 0;
    if (!this.allTold || !existsSync(path)) return;
    for (const raw of linesOf(path)) {
      const line = raw.length < LONGEST ? asJson(raw) : undefined;
      const index = isObject(line) && fits("int", line.index) ? line.index : null;
      const good = shaped(line, "index=int disclosure=string") && highest <= index && BigInt(index) < size;
      if (good) highest = index;
      yield good ? { index, text: line.disclosure } : { index };
    }
  }
}

function asJson(raw) {
  try {
    return strictJson(raw);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}
