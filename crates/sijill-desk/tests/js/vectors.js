// The vectors every implementation is tested with, and keys from their seeds.

import { readFileSync } from "node:fs";

import { base64url } from "../../static/js/bytes.js";

/** The vectors of `schemas/vectors/<name>.json`. */
export const vectors = (name) =>
  JSON.parse(readFileSync(new URL(`../../../../schemas/vectors/${name}.json`, import.meta.url))).vectors;

/** Bytes from hexadecimal. */
export const hex = (text) => Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

/** A signing key from its 32-byte seed: PKCS #8 (RFC 8410) is these bytes around it. */
export async function keyFromSeed(seed) {
  const pkcs8 = new Uint8Array([...hex("302e020100300506032b657004220420"), ...seed]);
  return crypto.subtle.importKey("pkcs8", pkcs8, { name: "Ed25519" }, false, ["sign"]);
}

/** The key of the event vectors. */
export const VECTOR_SEED = new Uint8Array(32).fill(1);
export const VECTOR_KID = "UDDReOZl1ipXAfp9wYsm13sDBMK5og--QWdBjzuf6o4";
export const VECTOR_SALT = base64url(new Uint8Array(16).fill(9));
