// SHA-256, FIPS 180-4. WebCrypto has it too, but answers with a promise: a tree of a million nodes would wait for each. Every
// audit compares it with WebCrypto's before it uses it.

import { base64url, bytesOf, require, sameBytes } from "./bytes.js";

/** The first 32 bits of the fractional part of a root of each of the first primes. */
function fractions(count, root) {
  const found = [];
  for (let number = 2; found.length < count; number += 1) {
    let divisor = 2;
    while (number % divisor !== 0) divisor += 1;
    if (divisor === number) found.push(number ** (1 / root) % 1 * 2 ** 32 | 0);
  }
  return Int32Array.from(found);
}
const START = fractions(8, 2);
const ROUND = fractions(64, 3);
const words = new Int32Array(64);

const tail = new Uint8Array(128); // what does not fill a block, and the padding

/** 32 bytes. */
export function sha256(message) {
  const { length } = message;
  const whole = length & ~63;
  const end = (length & 63) < 56 ? 64 : 128;
  const state = START.slice();
  for (let at = 0; at < whole; at += 64) compress(state, message, at);
  tail.fill(0);
  tail.set(message.subarray(whole));
  tail[length & 63] = 0x80;
  for (let byte = 1, bits = length * 8; bits > 0; byte += 1, bits = Math.floor(bits / 256)) tail[end - byte] = bits % 256;
  for (let at = 0; at < end; at += 64) compress(state, tail, at);
  const digest = new Uint8Array(32);
  for (let at = 0; at < 32; at += 1) digest[at] = state[at >> 2] >> (24 - 8 * (at & 3));
  return digest;
}

function compress(state, bytes, from) {
  for (let t = 0, at = from; t < 16; t += 1, at += 4) {
    words[t] = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
  }
  for (let t = 16; t < 64; t += 1) {
    const x = words[t - 15];
    const y = words[t - 2];
    const s0 = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
    const s1 = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
    words[t] = words[t - 16] + s0 + words[t - 7] + s1 | 0;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let t = 0; t < 64; t += 1) {
    const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
    const one = h + s1 + (e & f ^ ~e & g) + ROUND[t] + words[t] | 0;
    const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
    const two = s0 + (a & b ^ a & c ^ b & c) | 0;
    h = g;
    g = f;
    f = e;
    e = d + one | 0;
    d = c;
    c = b;
    b = a;
    a = one + two | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

/** Hash of a text, as JSON on the ledger has it. */
export function hashOf(text) {
  return base64url(sha256(bytesOf(text)));
}

/** Throws unless both give the same for these bytes. */
export async function compareWithWebCrypto(bytes) {
  require(sameBytes(sha256(bytes), new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))),
    "this program computes SHA-256 wrongly: it must not be used");
}
