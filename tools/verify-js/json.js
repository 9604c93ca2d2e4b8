// Strict JSON: docs/ledger-format.md §2 and Annex A. JSON.parse takes the last of two members of one name, and numbers of any
// form: what two readers understand differently is refused here.

import { require, textOf } from "./bytes.js";

const DEEPEST = 8;
const SPACE = /[ \t\n\r]*/y;
const INTEGER = /-?(?:0|[1-9][0-9]*)(?![0-9.eE])/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const WORDS = { t: ["true", true], f: ["false", false], n: ["null", null] };

class Reader {
  #text;
  #at = 0;

  constructor(text) {
    this.#text = text;
  }

  whole() {
    const value = this.#value(1);
    require(this.#at === this.#text.length, "something follows the JSON");
    return value;
  }

  #take(pattern) {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  /** Whether this character comes next; it is taken. */
  #is(character) {
    const found = this.#text[this.#at] === character;
    this.#at += found;
    return found;
  }

  #value(depth) {
    this.#take(SPACE);
    const value = this.#bare(depth);
    this.#take(SPACE);
    return value;
  }

  #bare(depth) {
    const first = this.#text[this.#at];
    if (first === '"') return this.#string();
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#array(depth);
    if (first in WORDS) {
      const [word, value] = WORDS[first];
      require(this.#text.startsWith(word, this.#at), "not a word of JSON");
      this.#at += word.length;
      return value;
    }
    const digits = this.#take(INTEGER);
    require(digits !== undefined && digits !== "-0" && Number.isSafeInteger(Number(digits)),
      "not a value: numbers are integers of at most 2^53-1");
    return Number(digits);
  }

  #list(end, depth, take) {
    require(depth <= DEEPEST, "nested too deeply");
    this.#at += 1;
    this.#take(SPACE);
    if (this.#is(end)) return;
    do take(); while (this.#is(","));
    require(this.#is(end), `${end} is missing`);
  }

  #array(depth) {
    const values = [];
    this.#list("]", depth, () => values.push(this.#value(depth + 1)));
    return values;
  }

  /** Without a prototype: no name means anything by itself. */
  #object(depth) {
    const members = Object.create(null);
    this.#list("}", depth, () => {
      this.#take(SPACE);
      require(this.#text[this.#at] === '"', "a name is missing");
      const name = this.#string();
      require(!(name in members), "a member stands twice");
      this.#take(SPACE);
      require(this.#is(":"), ": is missing");
      members[name] = this.#value(depth + 1);
    });
    return members;
  }

  #string() {
    this.#at += 1;
    let text = this.#take(PLAIN);
    while (!this.#is('"')) {
      require(this.#is("\\"), "a string does not end, or holds a control character");
      text += this.#escaped() + this.#take(PLAIN);
    }
    require(text.isWellFormed(), "a lone surrogate");
    require(!text.includes("\0"), "U+0000");
    return text;
  }

  #escaped() {
    const letter = this.#text[this.#at];
    this.#at += 1;
    if (letter !== "u") {
      require(Object.hasOwn(ESCAPES, letter), "no such escape");
      return ESCAPES[letter];
    }
    const digits = this.#text.slice(this.#at, this.#at + 4);
    require(/^[0-9a-fA-F]{4}$/.test(digits), "no such escape");
    this.#at += 4;
    return String.fromCharCode(parseInt(digits, 16));
  }
}

/** The value that UTF-8 bytes or a text are. Objects have no prototype. */
export function strictJson(raw) {
  return new Reader(typeof raw === "string" ? raw : textOf(raw)).whole();
}

export function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** Every object in a value, itself too. */
export function* objectsIn(value) {
  if (isObject(value)) yield value;
  if (value !== null && typeof value === "object") {
    for (const part of Object.values(value)) yield* objectsIn(part);
  }
}

/** Whether a member somewhere in the value has one of these names. */
export function names(value, forbidden) {
  for (const one of objectsIn(value)) {
    for (const name of forbidden) if (name in one) return true;
  }
  return false;
}

/** JSON of a verdict: BigInts as the numbers they are. No text in a verdict holds U+0000. */
export function jsonOf(value, indent) {
  const exact = (_, part) => typeof part === "bigint" ? `\0${part}` : part;
  return JSON.stringify(value, exact, indent).replace(/"\\u0000(\d+)"/g, "$1");
}

