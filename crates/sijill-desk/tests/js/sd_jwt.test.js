import assert from "node:assert/strict";
import { test } from "node:test";

import { base64url, bytesOf, fromBase64url, sha256 } from "../../static/js/bytes.js";
import { Unsignable, eventHash, signEvent } from "../../static/js/sd_jwt.js";
import { VECTOR_KID, VECTOR_SEED, keyFromSeed, vectors } from "./vectors.js";

const json = (text) => JSON.parse(new TextDecoder().decode(fromBase64url(text)));
const payloadOf = (sdJwt) => json(sdJwt.split(".")[1]);
const vector = (name) => vectors("event").find((v) => v.name === name);
const identity = async () => ({ kid: VECTOR_KID, key: await keyFromSeed(VECTOR_SEED), agency: "moh", officer: "intake-3", origin: "ledger.example/2026" });

/** What the server prepared and what the page said, read back out of a vector. */
async function taken(name) {
  const { iss, sub, aud, jti, iat, occurred, stream, seq, prev, seen, type, v, data } = payloadOf(vector(name).input);
  const disclosures = vector("sd-jwt: three disclosures").input.split("~").slice(1, -1);
  const hidden = [];
  for (const disclosure of disclosures) {
    const digest = base64url(await sha256(bytesOf(disclosure)));
    const [salt, field, value] = json(disclosure);
    hidden.push({ class: Object.keys(data).find((c) => data[c]._sd?.includes(digest)), name: field, value, salt });
  }
  const open = Object.fromEntries(Object.entries(data).filter(([, value]) => !value._sd));
  return { prepared: { iss, sub, aud, jti, iat, stream, seq, prev, seen }, event: { stream, type, v, occurred, open, hidden }, disclosures };
}

test("an event is, byte for byte, what the ledger's own library writes", async () => {
  const { prepared, event, disclosures } = await taken("jwt: no act");
  const salts = event.hidden.map(({ salt }) => fromBase64url(salt));
  const signed = await signEvent(await identity(), prepared, event, () => salts.shift());
  const [jwt, ...rest] = signed.split("~");
  assert.equal(jwt, vector("jwt: no act").input);
  assert.deepEqual(rest, [...disclosures, ""]);
  assert.equal(await eventHash(signed), vector("jwt: no act").expected.hash);
});

test("salts are fresh and digests are sorted", async () => {
  const { prepared, event } = await taken("jwt: no act");
  const many = { ...event, hidden: Array.from({ length: 20 }, (_, n) => ({ class: "casework", name: `f${n}`, value: null })) };
  const digests = async () => payloadOf(await signEvent(await identity(), prepared, many)).data.casework._sd;
  const [once, again] = [await digests(), await digests()];
  assert.deepEqual(once, [...once].sort());
  assert.equal(new Set([...once, ...again]).size, 40);
});

test("nothing is signed but what was asked for", async () => {
  const { prepared, event } = await taken("jwt: no act");
  const me = await identity();
  for (const [member, value] of [
    ["iss", "rop"], ["sub", "root"], ["aud", "other.example"], ["stream", "case/other"],
    ["seq", -1], ["seq", 1.5], ["seq", "3"], ["prev", undefined], ["prev", "short"], ["iat", null],
    ["seen", undefined], ["seen", { size: 0, root: prepared.seen.root }], ["seen", { size: 1, root: "x" }],
  ]) {
    await assert.rejects(signEvent(me, { ...prepared, [member]: value }, event), (error) => error instanceof Unsignable && error.code === "not-what-was-asked", member);
  }
  // Members the format does not have are not taken over from the server.
  const extra = await signEvent(me, { ...prepared, act: "root", type: "key.added", data: { key: 1 } }, event);
  assert.equal(payloadOf(extra).act, undefined);
  assert.equal(payloadOf(extra).type, event.type);
});

test("what the ledger would refuse is refused before it is signed", async () => {
  const { prepared, event } = await taken("jwt: no act");
  const me = await identity();
  const deep = (levels) => (levels === 0 ? 1 : { a: deep(levels - 1) });
  for (const [value, code] of [
    ["a\0b", "character"], ["\ud800", "character"], ["\udc00x", "character"], ["ok \ud83d\ude00", null],
    [1.5, "number"], [2 ** 53, "number"], [-0, "number"], [Number.NaN, "number"], [0, null],
    ["x".repeat(40_000), "too-long"], [undefined, "not-what-was-asked"], [deep(7), null], [deep(8), "not-what-was-asked"],
  ]) {
    const attempt = signEvent(me, prepared, { ...event, hidden: [{ class: "narrative", name: "note", value }] });
    if (code) await assert.rejects(attempt, { code }, `${typeof value}`);
    else await attempt;
  }
  for (const hidden of [[{ class: "public", name: "a", value: 1 }], [1, 2].map(() => ({ class: "casework", name: "a", value: 1 }))]) {
    await assert.rejects(signEvent(me, prepared, { ...event, hidden }), { code: "not-what-was-asked" });
  }
  await assert.rejects(signEvent(me, prepared, { ...event, open: { note: "x".repeat(60_000) } }), { code: "too-long" });
});
