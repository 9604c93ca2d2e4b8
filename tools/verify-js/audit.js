// The audit: one pass over a source, entry by entry, in the order of docs/ledger-format.md Annex C; then what is judged of the
// whole. A source is a full export (export.js) or an evidence file (evidence.js).

import { base64url, bytesOf, fromBase64url, joined, Refused, sameBytes } from "./bytes.js";
import { Clocks } from "./clocks.js";
import { thumbprint } from "./ed25519.js";
import { deliver, parseEntry } from "./event.js";
import { Heads, wrongOf } from "./heads.js";
import { objectsIn } from "./json.js";
import { Checkpoint, LOG, noteKey } from "./note.js";
import { HEADS_REACH, Registry } from "./registry.js";
import { compareWithWebCrypto, sha256 } from "./sha256.js";
import { fits } from "./syntax.js";
import { badTiles, leafHash, TILE, Tree } from "./tree.js";
import { report } from "./verdict.js";

const SKEW = 300_000; // milliseconds
const INTRODUCE = ["ledger", "agency"]; // kinds of stream whose entries introduce keys

/** What `work` gives, or the refusal it ended with. */
async function tried(work) {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof Refused) return { refusal: error.message };
    throw error;
  }
}

export class Audit {
  faults = new Map(); // "code index" -> code, index or null, message
  entries = 0;
  counted = 0; // of them, those that the checkpoint counts
  replayed = 0;
  unchecked = 0; // entries of which integrity could not judge something
  exhibits = []; // in evidence: what was read of each entry
  #latest = 0;
  #tree = new Tree();
  #ring = new Map(); // kid -> x of every key that an entry tried to introduce
  #introduced = new Set();
  #streams = new Map(); // name -> next seq, hash of the last event, whether events are not here
  #jtis = new Set();
  #digests = new Set();
  #delivered = new Map(); // index -> disclosures
  #lacking = new Map(); // digest -> index -> the stream's id, whether it counts as unchecked
  #erased = new Set();
  #heads = new Heads(HEADS_REACH);
  #committed = 0; // size of the last record of heads
  #expected = 0; // index of the next entry
  #started = performance.now();

  constructor(source, { trust, receipts = [], since = [] } = {}) {
    Object.assign(this, { source, trust, receipts, since });
    this.told = new Map(receipts.map((receipt) => [receipt.told, undefined])); // index -> entry
  }

  fault(code, index, message) {
    const name = `${code} ${index}`;
    if (!this.faults.has(name)) this.faults.set(name, { code, index, message });
  }

  /** It is a fault unless the condition holds. */
  expect(condition, code, index, message) {
    if (!condition) this.fault(code, index, message);
    return condition;
  }

  async run() {
    const raw = this.source.checkpoint;
    await compareWithWebCrypto(raw);
    const { value: point, refusal } = await tried(() => new Checkpoint(raw));
    this.point = point;
    if (refusal) {
      this.fault("checkpoint-signature", null, `the checkpoint cannot be read: ${refusal}`);
      return this;
    }
    this.#takeTrust();
    if (!this.source.whole) this.#takeRoots();
    const tiles = new Map();
    const batches = this.source.batches(point.size);
    let ahead = this.#examine(batches.next().value);
    for (let batch = await ahead; batch; batch = await ahead) {
      ahead = this.#examine(batches.next().value); // its signatures are checked while these entries are judged
      this.#takeDisclosures(batch.at(-1).index + 1);
      for (const item of batch) await this.#judge(item);
      if (this.source.whole) tiles.set(batch[0].index / TILE, joined(...batch.map((item) => item.leaf)));
    }
    this.#takeDisclosures(Infinity);
    if (this.source.whole) this.#judgeTiles(tiles);
    await this.#judgeWhole();
    return this;
  }

  /** The trust file of another ledger is one fault, where judged by it every entry would be one. */
  #takeTrust() {
    const [first] = this.source.batches(this.point.size).next().value ?? [];
    const genesis = first?.index === 0 && sameBytes(leafHash(first.raw), this.trust?.genesis ?? []);
    if (this.trust && this.trust.origin !== this.point.origin && !genesis) {
      this.fault("checkpoint-signature", null, `the trust file is that of another ledger, ${this.trust.origin}: it is not used`);
      this.trust = undefined;
    }
    this.origin = (this.trust ?? this.point).origin;
    this.logKey = this.trust?.logKey;
    this.registry = new Registry(this.origin);
    if (this.trust && this.trust.policy.quorum !== "none") {
      this.clocks = new Clocks(this.trust.policy, this.source.whole, (index) => this.fault("received-time", index,
        "the clocks of the witnesses contradict when it is said to have been received"));
    }
  }

  #takeRoots() {
    this.roots = this.source.roots(this.point.size, this.point.root);
    this.expect(this.roots, "root", null, "the entries, and the hashes between them, do not give the checkpoint's root");
  }

  #takeDisclosures(end) {
    for (const { index, text } of this.source.disclosures(end, this.point.size)) {
      if (!this.expect(text !== undefined, "disclosure-mismatch", index, "a bad line of disclosures.jsonl, or disordered")) continue;
      if (!this.#delivered.has(index)) this.#delivered.set(index, []);
      this.#delivered.get(index).push(text);
    }
  }

  /** All of a batch that needs no order. That a kid names one key lets signatures be checked before it is introduced. */
  async #examine(batch) {
    if (batch === undefined) return undefined;
    for (const item of batch) {
      item.leaf = leafHash(item.raw);
      const { value, refusal } = await tried(() => this.#read(item));
      Object.assign(item, value ?? { refusal });
      item.keys = value ? keysIn(value.event) : new Map();
      for (const [kid, x] of item.keys) this.#ring.set(kid, x);
    }
    await Promise.all(batch.map(async (item) => {
      const x = this.#ring.get(item.event?.kid);
      item.valid = x !== undefined && await item.event.isSignedBy(x);
    }));
    return batch;
  }

  #read({ index, raw }) {
    const read = parseEntry(raw);
    const { aud, seen } = read.event.payload;
    if (aud !== this.origin) throw new Refused("aud is not the origin");
    if ((seen === undefined) !== (index === 0)) throw new Refused("seen is absent at 0 and only there");
    return read;
  }

  /** One entry. The numbers are the steps of Annex C. */
  async #judge(item) {
    const { index, raw, leaf, event, received } = item;
    const missing = this.source.whole && index > this.#expected;
    this.expect(!missing, "root", this.#expected, "from here on, entries are not there");
    this.#expected = index + 1;
    this.entries += 1;
    this.counted += Number(index < this.point.size);
    if (index === this.#tree.size) this.#tree.append(leaf);
    if (this.told.has(index)) this.told.set(index, raw);
    if (index === 0 && this.trust) {
      this.expect(sameBytes(leaf, this.trust.genesis), "genesis", 0, "entry 0 is not the one that is trusted");
    }
    const texts = this.#delivered.get(index) ?? [];
    this.#delivered.delete(index);
    if (!event) return this.fault("entry-format", index, item.refusal); // 1
    const said = event.payload;
    this.expect(received >= this.#latest, "received-order", index, "received is below that of an earlier entry"); // 2
    this.expect(said.iat * 1000 <= received + SKEW, "received-time", index, "signed later than it was received");
    this.#latest = Math.max(this.#latest, received);
    item.signed = this.#judgeSignature(item); // 3
    const placed = this.#judgeStream(item); // 4
    this.expect(!this.#jtis.has(said.jti), "jti-reused", index, "its jti stands in an earlier entry"); // 5
    this.#jtis.add(said.jti);
    const sight = this.#judgeSeen(index, said.seen); // 6
    const told = this.#judgeDisclosures(item, texts, !placed || sight === undefined); // 7
    this.unchecked += Number(!placed || sight === undefined || !told);
    const entry = { index, received, iat: said.iat, signed: item.signed };
    this.clocks?.enter(entry, sight ? said.seen?.size : undefined);
    if (item.signed) item.accepted = await this.#replay(index, event, received, sight);
    if (!this.source.whole) this.exhibits.push({ ...item, entry, texts });
    return undefined;
  }

  #judgeSignature({ index, event, keys, valid }) {
    const { log_key: logKey } = event.payload.data;
    if (index === 0 && !this.trust && fits("key", logKey)) this.logKey = noteKey(this.origin, LOG, fromBase64url(logKey.x));
    const known = this.#introduced.has(event.kid) || (index === 0 && keys.has(event.kid));
    const signed = this.expect(known, "key-unknown", index, "no earlier entry introduced the key")
      && this.expect(valid, "event-signature", index, "the signature is not valid");
    if (signed) for (const kid of keys.keys()) this.#introduced.add(kid);
    return signed;
  }

  /** Whether its place in its stream could be judged. */
  #judgeStream(item) {
    const { index, event } = item;
    const { stream, seq, prev } = event.payload;
    const head = this.#streams.get(stream) ?? { next: 0, last: undefined, broken: false };
    const excused = seq > head.next && !this.source.whole && !INTRODUCE.includes(event.place.kind);
    this.expect(seq <= head.next || excused, "stream-gap", index, `seq ${head.next} was expected`);
    this.expect(seq > head.next || (seq === head.next && prev === head.last), "stream-fork", index,
      "does not continue the last event of its stream");
    item.last = seq >= head.next; // of its stream, so far
    if (item.last) {
      this.#streams.set(stream, { next: seq + 1, last: event.hash, broken: head.broken || excused });
      this.#heads.moveStream(index, stream, seq, event.hash);
    }
    return !excused;
  }

  /** Whether what it saw is right; undefined if that could not be judged. */
  #judgeSeen(index, seen) {
    if (seen === undefined) return true; // entry 0 saw the empty tree
    const root = seen.size > index ? new Uint8Array(0) : this.#rootAt(seen.size);
    if (root === undefined) return undefined;
    return this.expect(sameBytes(root, fromBase64url(seen.root)), "seen-mismatch", index, "seen is not the root at its size");
  }

  /** Root of the first `size` entries; undefined if one of them is not there. */
  #rootAt(size) {
    if (!this.source.whole) return this.roots?.get(size);
    return size <= this.#tree.size ? this.#tree.root(size) : undefined;
  }

  /** Whether all of its disclosures are there, or said to be. */
  #judgeDisclosures({ index, event }, texts, counted) {
    for (const digest of event.digests.keys()) {
      this.expect(!this.#digests.has(digest), "disclosure-mismatch", index, "a digest stands in an earlier entry");
      this.#digests.add(digest);
    }
    const { fit, absent } = deliver(event, texts);
    this.expect(fit, "disclosure-mismatch", index, "the disclosures are not those of this entry's digests");
    if (!this.source.allTold) return absent.length === 0;
    for (const digest of absent) {
      if (!this.#lacking.has(digest)) this.#lacking.set(digest, new Map());
      this.#lacking.get(digest).set(index, { of: event.place.id, counted });
    }
    return true;
  }

  /** Whether authority accepts the entry; undefined if that could not be judged. */
  async #replay(index, event, received, sight) {
    if (index > 0 && this.registry.created === undefined) return undefined;
    const unsure = await this.#mayHaveMoreParties(index, event, received);
    const { refusal } = await tried(() => this.registry.admit(event, index, received));
    for (const kid of this.registry.changed) {
      const status = this.registry.keyStatus(kid);
      if (status) this.#heads.moveKey(index, kid, status);
    }
    this.registry.changed.clear();
    if (this.clocks) this.clocks.simulated = this.registry.clock === "simulated";
    if (unsure && (refusal === "not-a-party" || refusal === "case-unknown")) return undefined;
    if (refusal) {
      this.replayed += 1;
      this.fault(index > 0 && refusal === "key-not-valid" ? refusal : "not-authorised", index, `the registry refuses it: ${refusal}`);
      return false;
    }
    this.#excuse(event);
    const { type, data } = event.payload;
    if (type === "log.witnessed" && event.place.kind === "log" && this.clocks && sight) {
      const note = new Checkpoint(bytesOf(data.checkpoint));
      this.clocks.record(index, Number(note.size), await this.clocks.quorumTimes(note));
    }
    const isHeads = type === "heads.committed" && event.place.kind === "log";
    this.replayed += Number(!isHeads || this.#judgeHeads(index, data));
    return true;
  }

  /** In evidence: whether entries that are not here may have added parties to its stream. */
  async #mayHaveMoreParties(index, event, received) {
    if (this.source.whole) return false;
    await this.registry.advance(index, received);
    const shared = this.registry.rules === 2 && ["case", "auto", "access"].includes(event.place.kind);
    return shared || this.#streams.get(event.payload.stream).broken;
  }

  /** Whether a record of heads could be judged. */
  #judgeHeads(index, { size, streams, keys }) {
    const ascends = size > this.#committed;
    this.#committed = Math.max(size, this.#committed);
    if (!this.source.whole || size > this.#tree.size) return false;
    const roots = ascends ? this.#heads.roots(size) : {};
    this.expect(roots.streams === streams && roots.keys === keys, "heads", index, "the heads it records are not those of the log");
    return true;
  }

  /** What an accepted `erasure.done` names, of the case it stands in, was erased and is not missing. */
  #excuse(event) {
    const { iss, type, data } = event.payload;
    const { kind, id } = event.place;
    if (iss !== "ledger" || kind !== "access" || type !== "erasure.done" || !Array.isArray(data.digests)) return;
    for (const digest of data.digests) {
      for (const [index, { of, counted }] of this.#lacking.get(digest) ?? []) {
        if (of !== id) continue;
        this.#lacking.get(digest).delete(index);
        this.unchecked += Number(!counted && !this.#erased.has(index));
        this.#erased.add(index);
      }
    }
  }

  // --- the whole ---

  #judgeTiles(tiles) {
    this.expect(BigInt(this.#expected) === this.point.size, "root", this.#expected, "from here on, entries are not there");
    for (const first of badTiles((path) => this.source.tile(path), Number(this.point.size), tiles)) {
      this.fault("root", first, "a hash tile that begins here is missing, or not what the entries give");
    }
  }

  async #judgeWhole() {
    const { point, source, registry } = this;
    for (const index of new Set([...this.#lacking.values()].flatMap((missed) => [...missed.keys()]))) {
      this.fault("disclosure-missing", index, "a disclosure is not there, and no entry says that it was erased");
    }
    if (source.whole) {
      this.#judgeDocuments();
      this.complete = BigInt(this.#tree.size) === point.size;
      this.rooted = this.complete && this.expect(sameBytes(this.#tree.root(this.#tree.size), point.root), "root", null,
        "the entries do not give the checkpoint's root");
    } else {
      this.rooted = this.roots !== undefined;
    }
    const unread = ["entry-format 0", "key-unknown 0", "event-signature 0"].some((name) => this.faults.has(name));
    this.expect(registry.created !== undefined || unread, "not-authorised", 0, "entry 0 is not an accepted ledger.created");
    this.expect(source.origin === point.origin && (source.size === undefined || BigInt(source.size) === point.size),
      "checkpoint-signature", null, "another origin or size is stated beside the checkpoint");
    this.expect(!this.trust || await this.trust.policy.isMet(point), "quorum", null,
      "the witnesses that cosigned the checkpoint are not the quorum the trust file asks for");
    for (const receipt of this.receipts) this.#judgeReceipt(receipt);
    const held = [...this.since, ...this.receipts.map((receipt) => receipt.checkpoint), ...(source.witnessed ?? [])];
    for (const one of [point, ...held]) await this.#judgeHeld(one);
    if (source.heads) this.#judgeHeadsProof(source.heads);
    if (this.clocks) await this.#judgeClocks();
    this.seconds = Math.round(performance.now() - this.#started) / 1000;
  }

  #judgeDocuments() {
    const altered = [...this.registry.published].sort().filter((hash) => {
      const bytes = this.source.document(hash);
      return bytes && base64url(sha256(bytes)) !== hash;
    });
    this.expect(altered.length === 0, "document-mismatch", null, `documents are not those that were published: ${altered.join(", ")}`);
  }

  #isSigned(checkpoint) {
    return checkpoint.origin === this.origin && checkpoint.isSignedBy(this.logKey);
  }

  async #judgeHeld(checkpoint) {
    const { size, root } = checkpoint;
    this.expect(await this.#isSigned(checkpoint), "checkpoint-signature", null, `the log did not sign the one of size ${size}`);
    const ours = size === this.point.size ? this.point.root : this.#rootAt(Number(size));
    this.expect(size <= this.point.size && (ours === undefined || sameBytes(ours, root)), "root", null,
      `the log does not extend the one of size ${size}`);
  }

  #judgeReceipt(receipt) {
    const entry = this.told.get(receipt.told);
    this.expect(entry ? receipt.provesEntry(entry) : !this.source.whole, "root", receipt.told,
      "the receipt does not prove the entry of its index");
  }

  async #judgeClocks() {
    const checkpoints = this.rooted ? [this.point] : [];
    for (const one of this.source.witnessed ?? []) {
      const ours = this.#rootAt(Number(one.size));
      if (ours && sameBytes(ours, one.root)) checkpoints.push(one);
    }
    const bounds = [];
    for (const one of checkpoints) {
      const times = await this.#isSigned(one) && await this.clocks.quorumTimes(one);
      if (times) bounds.push({ size: Number(one.size), ...times });
    }
    this.intervals = this.clocks.finish(bounds);
  }

  /** What an evidence file proves of streams and keys. */
  #judgeHeadsProof(proof) {
    const faulty = new Set([...this.faults.values()].map(({ index }) => index));
    for (const wrong of wrongOf(proof, this.exhibits, faulty)) this.fault("heads", proof.index, wrong);
  }

  report() {
    return report(this);
  }
}

/** Kid and x of the keys that an entry of the registry introduces. */
function keysIn(event) {
  if (!INTRODUCE.includes(event.place.kind)) return new Map();
  const found = Object.values(event.payload.data).flatMap((member) => [...objectsIn(member)]).filter((one) => fits("key", one));
  return new Map(found.map(({ x }) => [thumbprint(x), x]));
}
