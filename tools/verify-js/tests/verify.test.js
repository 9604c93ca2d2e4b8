// What the shared vectors and the ledgers of the other verifier do not reach: each primitive against another definition of it.
//
//     node --test tools/verify-js/tests/

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { assembled } from "../assemble.js";
import { base64url, bytesOf, Refused } from "../bytes.js";
import { Clocks } from "../clocks.js";
import "../contents.js"; // its rules
import { isGoodPoint } from "../ed25519.js";
import { Evidence, unpacked } from "../evidence.js";
import { Heads, keyValue, leadsTo, SparseMap, streamKey, streamValue } from "../heads.js";
import { jsonOf, strictJson } from "../json.js";
import { sha256 } from "../sha256.js";
import { fits, instantMs } from "../syntax.js";
import { leafHash, nodeHash, Tree } from "../tree.js";
import { runVectors } from "./vectors.js";

const HERE = import.meta.dirname;
const hash = (text) => sha256(bytesOf(text));
const refused = (work, why) => assert.throws(work, (error) => error instanceof Refused && (why === undefined || why.test(error.message)));

test("SHA-256 is WebCrypto's, of every length around a block and of a long text", async () => {
  const random = crypto.getRandomValues(new Uint8Array(65_536));
  for (const length of [...Array(260).keys(), 65_536]) {
    const message = random.slice(0, length);
    assert.deepEqual(sha256(message), new Uint8Array(await crypto.subtle.digest("SHA-256", message)), `of ${length} bytes`);
  }
});

test("every shared vector", async () => {
  const wrong = [];
  const { ran, different } = await runVectors(join(HERE, "../../../schemas/vectors"), (what) => wrong.push(what));
  assert.deepEqual(wrong, []);
  assert.ok(ran > 600 && different === 0);
});

test("JSON that two readers could understand differently is refused", () => {
  for (const text of ['{"a":1,"a":1}', "01", "1.0", "1e2", "-0", "9007199254740992", "NaN", "[1,]", "{,}", '{"a" 1}', "[1 2]", "\ufeff1", "1 2",
    '"\\ud800"', '"\\u0000"', '"\n"', '"\\x41"', "'a'", "[[[[[[[[[1]]]]]]]]]", "", "tru", "[", '{"a":']) refused(() => strictJson(text));
  refused(() => strictJson(Uint8Array.of(0x22, 0xff, 0x22)));
  assert.deepEqual(strictJson("[[[[[[[[-9007199254740991]]]]]]]]").flat(8), [-9007199254740991]);
  const own = strictJson('{"__proto__":1,"constructor":2,"\\ud83d\\ude00":"\\u00e9\\n"}');
  assert.deepEqual(Object.entries(own), [["__proto__", 1], ["constructor", 2], ["😀", "é\n"]]);
});

test("numbers beyond 2^53 are written as they are", () => {
  assert.equal(jsonOf({ size: 2n ** 63n - 1n, text: '"\\0001"' }), '{"size":9223372036854775807,"text":"\\"\\\\0001\\""}');
});

test("instants", () => {
  for (const [text, ms] of [["1970-01-01T00:00:00Z", 0], ["1969-12-31T23:59:59.9999Z", -1], ["2000-02-29T23:59:59.999999999+04:00", 951_854_399_999],
    ["0001-01-01T00:00:00+23:59", -62_135_683_140_000], ["9999-12-31T23:59:59-23:59", 253_402_387_139_000]]) {
    assert.equal(instantMs(text), ms, text);
  }
  for (const text of ["2026-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01t00:00:00Z",
    "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00", 5]) {
    assert.equal(instantMs(text), undefined, String(text));
  }
});

test("syntax is of the whole string", () => {
  for (const [rule, value] of [["agency", "ledger"], ["agency", "moh\n"], ["hash", `${"A".repeat(42)}B`], ["type", "a"], ["type", `a.${"b".repeat(64)}`],
    ["text", ""], ["v", 10_000], ["int", -1], ["jti", "01890000-0000-4000-8000-000000000001"]]) assert.equal(fits(rule, value), false, `${rule} ${value}`);
  assert.ok(fits("agency", "ledgers") && fits("v", 9999));
});

test("points of small order, beyond the field, and off the curve are no keys", () => {
  const point = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
  assert.equal(isGoodPoint(point("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")), true); // RFC 8032, test 1
  for (const hex of ["0100000000000000000000000000000000000000000000000000000000000000", "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0200000000000000000000000000000000000000000000000000000000000000", "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"]) {
    assert.equal(isGoodPoint(point(hex)), false, hex);
  }
});

// --- heads ---

/** The root of a map by the recursive definition of Annex E. */
function defined(leaves, depth = 0) {
  if (leaves.length === 0) return new Uint8Array(32);
  if (leaves.length === 1) return sha256(Uint8Array.of(2, ...leaves[0][0], ...leaves[0][1]));
  const side = (bit) => leaves.filter(([key]) => (key[depth >> 3] >> (7 - (depth & 7)) & 1) === bit);
  return sha256(Uint8Array.of(3, ...defined(side(0), depth + 1), ...defined(side(1), depth + 1)));
}

/** A proof about `key` of the map of these leaves: siblings, and the leaf of another key if that is what is there. */
function proven(leaves, key) {
  const siblings = [];
  let here = leaves;
  for (let depth = 0; here.length > 1; depth += 1) {
    const bit = (one) => one[depth >> 3] >> (7 - (depth & 7)) & 1;
    siblings.push(base64url(defined(here.filter(([one]) => bit(one) !== bit(key)), depth + 1)));
    here = here.filter(([one]) => bit(one) === bit(key));
  }
  const other = here.length === 1 && base64url(here[0][0]) !== base64url(key);
  return { siblings, ...(other ? { leaf: { key: base64url(here[0][0]), value: base64url(here[0][1]) } } : {}) };
}

test("a sparse map has the root of its definition, however it was filled", () => {
  const map = new SparseMap();
  const leaves = new Map();
  assert.deepEqual(map.root(), new Uint8Array(32));
  for (let number = 0; number < 300; number += 1) {
    const name = `key ${number * 7 % 120}`; // some are put in again
    leaves.set(name, [hash(name), hash(`value ${number}`)]);
    map.set(...leaves.get(name));
    if (number % 10 === 0) assert.deepEqual(map.root(), defined([...leaves.values()]));
  }
  assert.deepEqual(map.root(), defined([...leaves.values()]));
});

test("heads are those of the size asked for, whatever came later", () => {
  const heads = new Heads(8);
  const known = [];
  for (let index = 0; index < 100; index += 1) {
    const stream = `case/${index % 13}`;
    heads.moveStream(index, stream, Math.floor(index / 13), base64url(hash(`jwt ${index}`)));
    known.push([stream, streamValue(Math.floor(index / 13), base64url(hash(`jwt ${index}`)))]);
    if (index % 9 === 8) {
      const size = index - index % 7;
      const latest = new Map(known.slice(0, size));
      assert.equal(heads.roots(size).streams, base64url(defined([...latest].map(([name, value]) => [streamKey(name), value]))));
    }
  }
  assert.equal(heads.roots(100).keys, base64url(new Uint8Array(32)));
});

test("proofs of what a map holds, and of what it does not", () => {
  const last = base64url(hash("jwt"));
  const streams = ["case/a", "case/b", "case/c", "ledger", "log", ..."defghijklmno"].map((name, seq) => [streamKey(name), streamValue(seq, last)]);
  const root = base64url(defined(streams));
  const held = { stream: "case/b", head: { seq: 1, last }, ...proven(streams, streamKey("case/b")) };
  assert.equal(leadsTo(root, held), true);
  assert.equal(leadsTo(root, { ...held, head: { seq: 2, last } }), false);
  assert.equal(leadsTo(root, { stream: "case/b", siblings: held.siblings }), false, "it is not absent");
  assert.equal(leadsTo(root, { ...held, siblings: held.siblings.slice(1) }), false);
  assert.equal(leadsTo(base64url(hash("another")), held), false);
  let [others, nothings] = [0, 0];
  for (let number = 0; number < 200; number += 1) {
    const stream = `case/none-${number}`;
    const proof = { stream, ...proven(streams, streamKey(stream)) };
    assert.equal(leadsTo(root, proof), true);
    others += Number("leaf" in proof);
    nothings += Number(!("leaf" in proof));
    if (proof.leaf) assert.equal(leadsTo(root, { ...proof, leaf: { ...proof.leaf, value: last } }), false);
  }
  assert.ok(others > 0 && nothings > 0);
  // The leaf of another key, where it does not stand on this key's way.
  const away = proven(streams, streamKey("log"));
  const beside = { stream: "case/b", siblings: away.siblings, leaf: { key: base64url(streamKey("log")), value: base64url(streams[4][1]) } };
  assert.equal(leadsTo(root, beside), false);
  const keys = [[hash("k1"), keyValue({ iss: "moh", sub: "ana", added: 4, revoked: 9, since: 0 })]];
  const status = { iss: "moh", sub: "ana", added: 4, revoked: 9, since: 0 };
  assert.equal(leadsTo(base64url(defined(keys)), { kid: "k1", status, siblings: [] }), true);
  assert.equal(leadsTo(base64url(defined(keys)), { kid: "k1", status: { ...status, revoked: undefined }, siblings: [] }), false);
  assert.equal(leadsTo(base64url(new Uint8Array(32)), { kid: "k1", siblings: [] }), true);
});

// --- clocks ---

test("an interval is that of the last record seen and the first that covers", () => {
  const late = [];
  const clocks = new Clocks(undefined, true, (index) => late.push(index));
  const entries = [];
  const enter = (index, received, iat, seen, signed = true) => {
    entries[index] = { index, received, iat, signed };
    clocks.enter(entries[index], seen);
  };
  enter(0, 1_000_000, 1000, undefined);
  enter(1, 1_000_000, 9_000, 1);
  clocks.record(2, 1, { by: 1100n, since: 1050n });
  enter(2, 1_100_000, 1100, 1);
  enter(3, 700_000, 1100, 2); // saw no record
  enter(4, 2_000_000, 1100, 3); // saw the record at 2; says to be received long after witnesses held it
  enter(5, 2_000_000, 1100, 3, false); // has no interval, but a time that is contradicted
  clocks.record(6, 6, { by: 1200n, since: 1150n });
  clocks.record(7, 6, { by: 1n, since: 1n }); // not larger
  clocks.record(8, 9, undefined); // no quorum
  enter(8, 1_300_000, 1300, 8);
  const told = clocks.finish([{ size: 9, by: 1300n, since: 1300n }]);
  assert.deepEqual(entries.filter(Boolean).map((one) => [one.after, one.before]),
    [[undefined, 1100n], [undefined, 1200n], [undefined, 1200n], [undefined, 1200n], [1050n, 1200n], [undefined, undefined], [1150n, 1300n]]);
  assert.deepEqual(late, [3, 4, 5]);
  assert.deepEqual(told, { both: 2, after: 0, before: 4, outside: [{ index: 1, iat: 9000, after: null, before: 1200n }] });
});

test("a simulated ledger's times are not held against witnesses", () => {
  const clocks = new Clocks(undefined, false, () => assert.fail("told"));
  clocks.simulated = true;
  clocks.enter({ index: 0, received: 9e12, iat: 9e9, signed: true }, undefined);
  assert.deepEqual(clocks.finish([{ size: 1, by: 5n }]), { both: 0, after: 0, before: 1, outside: [] });
});

// --- evidence ---

const EMPTY_NOTE = "ledger.test/x\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— ledger.test/x AAAAAAA=\n";
const FILE = { sijill: "evidence/2", origin: "ledger.test/x", checkpoint: EMPTY_NOTE, entries: [], between: [], witnessed: [] };
const evidence = (change) => new Evidence(bytesOf(JSON.stringify({ ...FILE, ...change })));

test("evidence of another form is unreadable", () => {
  const [entry, key] = [{ index: 0, entry: "x", disclosures: [] }, base64url(hash("k"))];
  const record = { index: 1, streams: [], keys: [] };
  assert.ok(evidence({}) && evidence({ entries: [entry], between: [[62, key]], heads: record }));
  for (const change of [{ sijill: "evidence/1" }, { more: 1 }, { entries: [{ ...entry, more: 1 }] }, { entries: [entry, entry] }, { entries: [{ ...entry, index: -1 }] },
    { entries: [{ ...entry, disclosures: [1] }] }, { between: [[63, key]] }, { between: [[0, `${key}=`]] }, { between: [[0]] }, { witnessed: ["no note"] },
    { heads: null }, { heads: { ...record, index: "1" } }, { heads: { ...record, streams: [{ stream: "s" }] } },
    { heads: { ...record, streams: [{ stream: "s", siblings: [], head: { seq: 0, last: key }, leaf: { key, value: key } }] } },
    { heads: { ...record, keys: [{ kid: key, siblings: Array(257).fill(key) }] } }]) refused(() => evidence(change));
});

test("pieces give the root at every place between them, or none at all", () => {
  const leaves = Array.from({ length: 11 }, (_, index) => bytesOf(`entry ${index}`));
  const tree = new Tree();
  leaves.forEach((leaf) => tree.append(leafHash(leaf)));
  const root = tree.root(11);
  const of = (...range) => leaves.slice(...range).map((leaf) => leafHash(leaf));
  const pair = of(6, 8).reduce((one, other) => nodeHash(one, other));
  const four = nodeHash(of(0, 2).reduce((one, other) => nodeHash(one, other)), of(2, 4).reduce((one, other) => nodeHash(one, other)));
  const entries = [4, 5, 9].map((index) => ({ index, entry: `entry ${index}`, disclosures: [] }));
  const between = [[2, base64url(four)], [1, base64url(pair)], [0, base64url(of(8, 9)[0])], [0, base64url(of(10, 11)[0])]];
  const known = evidence({ entries, between }).roots(11n, root);
  assert.deepEqual([...known.keys()], [4, 5, 6, 8, 9, 10, 11]);
  for (const [size, found] of known) assert.deepEqual(found, tree.root(size));
  for (const wrong of [between.slice(1), [...between, [0, between[3][1]]], [[1, between[0][1]], ...between.slice(1)], [between[0], [2, between[1][1]], ...between.slice(2)],
    [between[0], between[1], between[3], between[2]]]) assert.equal(evidence({ entries, between: wrong }).roots(11n, root), undefined);
  assert.equal(evidence({ entries: [...entries, { index: 11, entry: "x", disclosures: [] }], between }).roots(11n, root), undefined);
});

test("evidence may be packed, as one gzip member", async () => {
  const raw = bytesOf(JSON.stringify(FILE));
  const packed = gzipSync(raw);
  assert.deepEqual(await unpacked(raw), raw);
  assert.deepEqual(await unpacked(new Uint8Array(packed)), raw);
  for (const wrong of [packed.subarray(0, packed.length - 9), Buffer.concat([packed, packed]), Buffer.concat([packed, Buffer.from("more")]), Buffer.from([0x1f, 0x8b, 1])]) {
    await assert.rejects(unpacked(new Uint8Array(wrong)), Refused);
  }
  await assert.rejects(unpacked(new Uint8Array(gzipSync(Buffer.alloc((64 << 20) + 1)))), /64 MiB/);
});

// --- the command, and the page ---

test("what cannot be read ends with 2", () => {
  const run = (...args) => spawnSync(process.execPath, [join(HERE, "../verify.js"), ...args], { encoding: "utf8" });
  for (const args of [[], ["audit"], ["audit", "nowhere"], ["audit", HERE], ["audit", "nowhere", "--more"], ["prove", HERE], ["audit", join(HERE, "verify.test.js")]]) {
    const { status, stdout, stderr } = run(...args);
    assert.deepEqual([status, stdout], [2, ""], stderr);
    assert.match(stderr, /^could not be read: /);
  }
});

test("verify.html is what the sources give (node tools/verify-js/assemble.js writes it)", () => {
  assert.ok(readFileSync(join(HERE, "../verify.html"), "utf8") === assembled(), "it is out of date");
});
