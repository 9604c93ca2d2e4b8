// Ed25519 by the predicate of docs/ledger-format.md §2. WebCrypto is asked for the equation, which it is to check without the
// cofactor; what implementations differ in is checked here: points of small order, encodings that are not canonical, S.

import { base64url, bytesOf, fromBase64url, littleEndian } from "./bytes.js";
import { hashOf } from "./sha256.js";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
const SMALL_Y = [0n, 1n, P - 1n, ORDER_8, P - ORDER_8]; // of the eight points of small order

function power(base, exponent) {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = result * square % P;
    square = square * square % P;
  }
  return result;
}
const D = (P - 121665n) * power(121666n, P - 2n) % P;

function yOf(encoded) {
  return littleEndian(encoded) % 2n ** 255n;
}

const points = new Map(); // base64url -> whether it is a good one

/** Canonical, on the curve, and not of small order. */
export function isGoodPoint(encoded) {
  const name = base64url(encoded);
  if (!points.has(name)) {
    const y = yOf(encoded);
    const square = (y * y - 1n) * power(D * y * y + 1n, P - 2n) % P;
    points.set(name, encoded.length === 32 && y < P && !SMALL_Y.includes(y) && power(square, (P - 1n) / 2n) === 1n);
  }
  return points.get(name);
}

const imported = new Map(); // base64url -> promise of WebCrypto's key

function importedKey(bytes) {
  const name = base64url(bytes);
  if (!imported.has(name)) imported.set(name, crypto.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]));
  return imported.get(name);
}

/** Whether the signature is valid: three arrays of bytes. */
export async function verifies(key, message, signature) {
  if (signature.length !== 64 || littleEndian(signature.subarray(32)) >= L || !isGoodPoint(key)) return false;
  const r = yOf(signature.subarray(0, 32));
  if (r >= P || SMALL_Y.includes(r)) return false;
  return crypto.subtle.verify("Ed25519", await importedKey(key), signature, message);
}

/** RFC 7638 thumbprint of the JWK with this `x`. */
export function thumbprint(x) {
  return hashOf(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`);
}

/** Whether `proof` shows that whoever gave the key can sign with it (Annex A). */
export function possesses(jwk, proof, origin, agency, officer) {
  const message = `sijill-key-possession/v1\n${origin}\n${agency}\n${officer}\n${thumbprint(jwk.x)}\n`;
  return verifies(fromBase64url(jwk.x), bytesOf(message), fromBase64url(proof));
}
