import assert from "node:assert/strict";
import { test } from "node:test";

import { base64url, bytesOf, fromBase64url } from "../../static/js/bytes.js";
import { canSign, fingerprint, generateKey, possessionMessage, sign, signInMessage, thumbprint } from "../../static/js/key.js";
import { hex, keyFromSeed, vectors } from "./vectors.js";

test("base64url is canonical both ways", () => {
  assert.equal(base64url(bytesOf("\u00ff\u00fe?>")), "w7_Dvj8-");
  assert.deepEqual(fromBase64url("w7_Dvj8-"), bytesOf("\u00ff\u00fe?>"));
  for (const wrong of ["w7_Dvj9", "aa==", "a+b/", "aa ", "AB"]) assert.throws(() => fromBase64url(wrong), TypeError, wrong);
});

test("thumbprints are those of the vectors", async () => {
  const jwks = vectors("event").filter(({ kind, verdict }) => kind === "jwk" && verdict === "valid");
  assert.ok(jwks.length >= 2);
  for (const { name, input, expected } of jwks) assert.equal(await thumbprint(JSON.parse(input)), expected.kid, name);
});

test("signatures are those of the vectors", async () => {
  const seeded = vectors("ed25519").filter(({ seed }) => seed);
  assert.ok(seeded.length >= 4);
  for (const { name, seed, message, signature } of seeded) {
    assert.equal(await sign(await keyFromSeed(hex(seed)), hex(message)), base64url(hex(signature)), name);
  }
});

test("a key that was made here cannot be read out", async () => {
  const { key, jwk, kid } = await generateKey();
  assert.deepEqual(Object.keys(jwk), ["crv", "kty", "x"]);
  assert.equal(kid, await thumbprint(jwk));
  assert.equal(key.extractable, false);
  await assert.rejects(crypto.subtle.exportKey("pkcs8", key));
  assert.equal(fingerprint("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"), "89422 68745 29680 90146");
});

test("without a database for keys nothing can sign", async () => assert.equal(await canSign(), false));

test("what is signed cannot be taken for anything else", () => {
  const text = (bytes) => new TextDecoder().decode(bytes);
  assert.equal(text(possessionMessage("o", "a", "f", "k")), "sijill-key-possession/v1\no\na\nf\nk\n");
  assert.equal(text(signInMessage("https://d", "n", "k")), "sijill-desk-sign-in/v1\nhttps://d\nn\nk\n");
});
