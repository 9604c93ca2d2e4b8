// Bytes and the ways they are written: UTF-8, hexadecimal, canonical base64 and base64url (docs/ledger-format.md,
// Annex A). What is malformed is thrown as `Refused`, here and everywhere: it is a fault, or a file nobody can read.

export class Refused extends Error {}

export function require(condition, why) {
  if (!condition) throw new Refused(why);
}

const STRICT = { fatal: true, ignoreBOM: true };

/** Text of UTF-8 bytes; a byte-order mark stays and is refused by whoever reads on. */
export function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", STRICT).decode(bytes);
  } catch {
    throw new Refused("it is not UTF-8");
  }
}

export function bytesOf(text) {
  return new TextEncoder().encode(text);
}

/** Text of bytes that are all ASCII. */
export function asciiOf(bytes) {
  const text = textOf(bytes);
  require(text.length === bytes.length, "it is not ASCII");
  return text;
}

export function joined(...parts) {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function sameBytes(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Unsigned, most significant byte first. */
export function bigEndian(bytes) {
  return bytes.reduce((value, byte) => value << 8n | BigInt(byte), 0n);
}

export function littleEndian(bytes) {
  return bigEndian(Uint8Array.from(bytes).reverse());
}

// --- base64 ---

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const STANDARD = `${LETTERS}+/`;
const URL_SAFE = `${LETTERS}-_`;

function valuesOf(alphabet) {
  const values = new Uint8Array(128).fill(255);
  [...alphabet].forEach((letter, value) => { values[letter.charCodeAt(0)] = value; });
  return values;
}
const STANDARD_VALUES = valuesOf(STANDARD);
const URL_SAFE_VALUES = valuesOf(URL_SAFE);

function encoded(bytes, alphabet) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = bytes[at] << 16 | (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0);
    const letters = Math.min(4, bytes.length - at + 1);
    for (let number = 0; number < letters; number += 1) text += alphabet[group >> (18 - 6 * number) & 63];
  }
  return text;
}

/** Canonical or refused: no foreign character, no unused bit that is set. */
function decoded(text, values) {
  require(text.length % 4 !== 1, "base64 of no length");
  const bytes = new Uint8Array(Math.floor(text.length * 3 / 4));
  let [bits, held, at] = [0, 0, 0];
  for (let number = 0; number < text.length; number += 1) {
    const value = values[text.charCodeAt(number)] ?? 255;
    require(value < 64, "a character that is not of base64");
    bits = bits << 6 | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at] = bits >> held;
      bits &= (1 << held) - 1;
      at += 1;
    }
  }
  require(bits === 0, "base64 is not canonical");
  return bytes;
}

export function base64url(bytes) {
  return encoded(bytes, URL_SAFE);
}

export function fromBase64url(text) {
  return decoded(text, URL_SAFE_VALUES);
}

export function base64(bytes) {
  return encoded(bytes, STANDARD) + "=".repeat((3 - bytes.length % 3) % 3);
}

export function fromBase64(text) {
  const bare = text.replace(/={1,2}$/, "");
  const bytes = decoded(bare, STANDARD_VALUES);
  require(text.length % 4 === 0 && text.length - bare.length === (3 - bytes.length % 3) % 3, "base64 is not padded");
  return bytes;
}
