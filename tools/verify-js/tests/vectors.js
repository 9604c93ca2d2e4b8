// Runs the shared vectors, schemas/vectors/*.json: every verdict, and every value that an accepted case gives.
//
//     node vectors.js DIR
//
// Refusal codes are not compared: the files name the Rust crates' own, which are finer than the format's.

import { readdirSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { join } from "node:path";

import { base64, base64url, bytesOf, fromBase64, fromBase64url, joined, Refused, require, textOf } from "../bytes.js";
import { thumbprint, verifies } from "../ed25519.js";
import { deliver, Event, parseDisclosure, parseEntry } from "../event.js";
import { keyValue, leadsTo, SparseMap, streamKey, streamValue } from "../heads.js";
import { strictJson } from "../json.js";
import { Checkpoint, LOG, Note, parseVkey, Proof, signingTime, WITNESS } from "../note.js";
import { Policy } from "../policy.js";
import { hashOf, sha256 } from "../sha256.js";
import { fits } from "../syntax.js";
import { includes, leafHash, nodeHash, parseBundle, rootFromInclusion, TILE, tilePath, Tree } from "../tree.js";

const LARGEST = 2n ** 63n - 1n;

function unhash(text) {
  const bytes = fromBase64(text);
  require(bytes.length === 32, "not a hash");
  return bytes;
}

function unhex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Whether `proof` shows the tree of `size` to extend the one of `old`, RFC 9162 §2.1.4.2. */
function consistent(old, oldRoot, size, root, proof) {
  const same = (one, other) => base64(one) === base64(other);
  if (old > size) return false;
  if (old === size) return proof.length === 0 && same(oldRoot, root);
  if (old === 0) return proof.length === 0 && same(oldRoot, sha256(new Uint8Array(0)));
  const path = (old & (old - 1)) === 0 ? [oldRoot, ...proof] : [...proof];
  if (path.length === 0) return false;
  let [index, last] = [old - 1, size - 1];
  while (index & 1) [index, last] = [index >> 1, last >> 1];
  let first = path.shift();
  let second = first;
  for (const node of path) {
    if (last === 0) return false;
    if (index & 1 || index === last) {
      [first, second] = [nodeHash(node, first), nodeHash(node, second)];
      while (index && !(index & 1)) [index, last] = [index >> 1, last >> 1];
    } else {
      second = nodeHash(second, node);
    }
    [index, last] = [index >> 1, last >> 1];
  }
  return last === 0 && same(first, oldRoot) && same(second, root);
}

// --- event.json: a function a kind, from (bytes, key) to the values expected ---

async function readEvent(event, key) {
  if (key) require(fits("key", key) && event.kid === thumbprint(key.x) && await event.isSignedBy(key.x), "signature");
  const digests = {};
  for (const [digest, group] of event.digests) (digests[group] ??= []).push(digest);
  return { digests, hash: event.hash, kid: event.kid };
}

const KINDS = {
  json: (raw) => ({ compact: strictJson(raw) }),
  jwk(raw) {
    const jwk = strictJson(raw);
    require(fits("key", jwk), "no key");
    return { kid: thumbprint(jwk.x) };
  },
  disclosure(raw) {
    const text = textOf(raw);
    return { digest: hashOf(text), ...parseDisclosure(text) };
  },
  jwt: (raw, key) => readEvent(new Event(raw), key),
  async "sd-jwt"(raw, key) {
    const parts = textOf(raw).split("~");
    require(raw.length <= 1 << 20 && parts.length > 1 && parts.at(-1) === "", "not an SD-JWT, or too long");
    const event = new Event(bytesOf(parts[0]));
    const texts = parts.slice(1, -1);
    const { fit, absent } = deliver(event, texts);
    require(fit && absent.length === 0, "the disclosures are not those of the digests");
    const disclosed = texts.map((text) => ({
      class: event.digests.get(hashOf(text)), digest: hashOf(text), name: parseDisclosure(text).name,
    }));
    return { ...await readEvent(event, key), disclosed };
  },
  async entry(raw, key) {
    const { received, event } = parseEntry(raw);
    return { ...await readEvent(event, key), leaf_hash: base64url(leafHash(raw)), received };
  },
};

function* eventCases({ vectors }) {
  for (const vector of vectors) {
    const { input, input_b64: encoded, input_parts: parts, expected } = vector;
    const raw = parts ? bytesOf(parts.map(([text, count]) => text.repeat(count)).join(""))
      : encoded === undefined ? bytesOf(input) : fromBase64url(encoded);
    // The order of members is nothing to a reader.
    const given = expected && "compact" in expected ? { compact: JSON.parse(expected.compact) } : expected;
    yield [vector.name, vector.verdict === "valid" ? given : null, () => KINDS[vector.kind](raw, vector.key)];
  }
}

function* ed25519Cases({ vectors }) {
  for (const { name, verdict, key, message, signature } of vectors) {
    yield [name, verdict === "valid" ? {} : null, async () => {
      require(await verifies(unhex(key), unhex(message), unhex(signature)), "not valid");
      return {};
    }];
  }
}

// --- log.json: a function a section, from the case to the values given ---

function tile({ path }, ofEntries) {
  const [, level, place, part] = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,6}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path) ?? [];
  require(place && (level === "entries") === ofEntries, "no such path");
  const [height, width, index] = [ofEntries ? 0 : Number(level), Number(part ?? TILE), BigInt(place.replace(/[^0-9]/g, ""))];
  require(path === tilePath(ofEntries ? "entries" : height, index, width) && width >= 1 && width <= TILE && !(part && width === TILE),
    "misspelt");
  require(height < 8 && (index * 256n + BigInt(width)) * 256n ** BigInt(height) <= LARGEST, "beyond every log");
  return { index, level: height, width };
}

function noteOf(given) {
  return "note_base64" in given ? fromBase64(given.note_base64) : bytesOf(given.note);
}

async function signedCheckpoint(checkpoint, log) {
  require(await checkpoint.isSignedBy(parseVkey(log)), "not signed by the log");
  return { origin: checkpoint.origin, root: base64(checkpoint.root), size: checkpoint.size };
}

function anyVkey(text) {
  try {
    return parseVkey(text, LOG);
  } catch {
    return parseVkey(text, WITNESS);
  }
}

const tree = new Tree();

const SECTIONS = {
  leaf_hashes: ({ entry }) => ({ hash: base64(leafHash(fromBase64(entry))) }),
  node_hashes: ({ left, right }) => ({ hash: base64(nodeHash(unhash(left), unhash(right))) }),
  roots({ size }) {
    while (tree.size < size) tree.append(leafHash(bytesOf(`entry ${tree.size}`)));
    return { root: base64(tree.root(size)) };
  },
  inclusion({ leaf, index, size, proof, root }) {
    const hashes = proof.map(unhash);
    require(rootFromInclusion(unhash(leaf), BigInt(index), BigInt(size), hashes), "a proof of the wrong length");
    require(includes(unhash(root), BigInt(size), BigInt(index), unhash(leaf), hashes), "another root");
    return {};
  },
  consistency(given) {
    const [old, now] = [unhash(given.old_root), unhash(given.new_root)];
    require(consistent(given.old, old, given.new, now, given.proof.map(unhash)), "not an extension");
    return {};
  },
  verifier_keys({ vkey }) {
    const { name, kind, bytes } = anyVkey(vkey);
    return { name, type: kind, public_key: base64(bytes) };
  },
  async notes(given) {
    const note = new Note(noteOf(given));
    const signed = [];
    for (const key of given.keys.map(anyVkey)) if (await signingTime(note, key) !== undefined) signed.push(key.name);
    require(signed.length > 0, "signed by nobody known");
    return { signed_by: signed, text: note.text };
  },
  checkpoints: (given) => signedCheckpoint(new Checkpoint(noteOf(given)), given.log),
  async cosignatures(given) {
    return { time: await signingTime(new Checkpoint(noteOf(given)), parseVkey(given.witness, WITNESS)) ?? null };
  },
  async proofs(given) {
    const proof = new Proof(given.proof);
    require(proof.proves(unhash(given.leaf)), "proves nothing");
    return signedCheckpoint(proof.checkpoint, given.log);
  },
  policies(given) {
    const policy = new Policy(given.policy);
    return { logs: policy.logs.length, witnesses: [...policy.witnesses.keys()], quorums_intersect: policy.quorumsIntersect() };
  },
  async quorums(given) {
    const [policy, checkpoint] = [new Policy(given.policy), new Checkpoint(noteOf(given))];
    const times = await policy.open(checkpoint);
    return {
      by: policy.quorumTime(times, false) ?? null, since: policy.quorumTime(times, true) ?? null,
      cosigned: [...times].sort(([one], [other]) => one < other ? -1 : 1), origin: checkpoint.origin, root: base64(checkpoint.root),
      size: checkpoint.size,
    };
  },
  bundles(given) {
    const raw = fromBase64(given.bundle);
    const entries = parseBundle(raw, given.width);
    const packed = joined(...entries.map((entry) => joined(Uint8Array.of(entry.length >> 8, entry.length & 255), entry)));
    require(entries.length > 0 && entries.length <= TILE && base64(packed) === given.bundle, "not a bundle of this width");
    return { entries: entries.map((entry) => base64(entry)) };
  },
  tile_paths: (given) => tile(given, false), bundle_paths: (given) => tile(given, true),
};

function* logCases({ sections }) {
  for (const [section, cases] of Object.entries(sections)) {
    for (const given of cases) {
      yield [`${section}: ${given.name}`, "refused" in given ? null : given.gives, () => SECTIONS[section](given)];
    }
  }
}

// --- heads.json: likewise ---

function proved(kind, { root, proof }) {
  const read = strictJson(JSON.stringify(proof));
  require(fits(kind, [read]) && leadsTo(root, read), "does not lead to the root");
  return {};
}

const HEADS = {
  maps({ leaves }) {
    const map = new SparseMap();
    for (const leaf of leaves) map.set(...leaf.map(fromBase64url));
    return { root: base64url(map.root()) };
  },
  stream_leaves: ({ stream, seq, last }) => ({ key: base64url(streamKey(stream)), value: base64url(streamValue(seq, last)) }),
  key_leaves: ({ kid, ...status }) => ({ key: hashOf(kid), value: base64url(keyValue(status)) }),
  stream_proofs: (given) => proved("stream_proofs", given), key_proofs: (given) => proved("key_proofs", given),
};

function* headsCases({ sections }) {
  for (const [section, cases] of Object.entries(sections)) {
    for (const given of cases) yield [`${section}: ${given.name}`, "refused" in given ? null : given.gives, () => HEADS[section](given)];
  }
}

/** Numbers as text, for a vector may give a large one as either; objects with a prototype. */
function plain(value) {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}

const FILES = { "event.json": eventCases, "ed25519.json": ed25519Cases, "log.json": logCases, "heads.json": headsCases };

/** Tells each difference; answers how many vectors there were, and how many are different. */
export async function runVectors(directory, tell) {
  let [ran, different] = [0, 0];
  const differs = (what) => { different += 1; tell(what); };
  for (const name of readdirSync(directory).filter((one) => one.endsWith(".json")).sort()) {
    if (!FILES[name]) {
      differs(`${name}: not a file this program knows; it is not run`);
      continue;
    }
    for (const [what, expected, judge] of FILES[name](JSON.parse(readFileSync(join(directory, name), "utf8")))) {
      ran += 1;
      let [found, why] = [null, ""];
      try {
        found = await judge();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        why = error.message;
      }
      if (!isDeepStrictEqual(plain(found), plain(expected))) {
        differs(`${name}: ${what}: expected ${JSON.stringify(plain(expected))}, found ${JSON.stringify(plain(found))} ${why}`);
      }
    }
  }
  return { ran, different };
}

if (process.argv[1] === import.meta.filename) {
  const { ran, different } = await runVectors(process.argv[2], (what) => console.log(`DIFFERENT ${what}`));
  console.log(`${ran} vectors, ${different} different`);
  process.exitCode = different > 0 || ran === 0 ? 1 : 0;
}
