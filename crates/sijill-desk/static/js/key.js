// An officer's key: Ed25519, made in this browser, and not extractable: no script, ours included, can read it out.
// It can be used by whoever can run a script on this origin, which is why the pages forbid all but their own.

import { base64url, bytesOf, fromBase64url, sha256 } from "./bytes.js";

/** A fresh key: `{key, jwk, kid}`. `key` is the private half and stays where it was made. */
export async function generateKey() {
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  const { x } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk = publicJwk(x);
  return { key: pair.privateKey, jwk, kid: await thumbprint(jwk) };
}

/** Whether this browser can make such a key. */
export async function canSign() {
  try {
    await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
    return "indexedDB" in globalThis;
  } catch {
    return false;
  }
}

/** A public key as the ledger writes it: exactly these members, in the order the thumbprint hashes them. */
export const publicJwk = (x) => ({ crv: "Ed25519", kty: "OKP", x });

/** The name of a key (RFC 7638): base64url SHA-256 of its JWK. */
export async function thumbprint({ x }) {
  return base64url(await sha256(bytesOf(JSON.stringify(publicJwk(x)))));
}

/** The signature over bytes, base64url. */
export async function sign(key, bytes) {
  return base64url(await crypto.subtle.sign({ name: "Ed25519" }, key, bytes));
}

/** What a key signs to prove that whoever registers it holds it (docs/ledger-format.md, Annex A). */
export const possessionMessage = (origin, agency, officer, kid) =>
  bytesOf(`sijill-key-possession/v1\n${origin}\n${agency}\n${officer}\n${kid}\n`);

/** What a key signs to sign in. `site` is this page's own origin, never what a server says it is. */
export const signInMessage = (site, nonce, kid) => bytesOf(`sijill-desk-sign-in/v1\n${site}\n${nonce}\n${kid}\n`);

/**
 * A key's name as 20 digits in four groups, for two people to compare aloud, in whatever language: its first 16 bytes
 * as a number, modulo 10^20. That is 66 bits: nobody finds another key with the same digits while an invitation lasts.
 */
export function fingerprint(kid) {
  const number = [...fromBase64url(kid).slice(0, 16)].reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return String(number % 10n ** 20n).padStart(20, "0").match(/.{5}/g).join(" ");
}
