#!/usr/bin/env python3
"""Audits a full export, or an evidence file, without the ledger's own program: docs/ledger-format.md, Annexes C to F.

    verify.py audit EXPORT_DIR|EVIDENCE [--trust FILE] [--receipt FILE]... [--since CHECKPOINT]... [--json]

Exit status: 0 no fault, 1 faults, 2 could not be read.
"""
import argparse
import json
import sqlite3
import sys
import time
from pathlib import Path

try:
    import cryptography as _
except ImportError:
    sys.exit(print("verify.py needs the package `cryptography`: pip install cryptography", file=sys.stderr) or 2)

from sijill_format import (Refused, b64url, disclosure_faults, fits, objects_in, parse_entry, require, sha256,
                           strict_json, thumbprint, unb64url)
from sijill_heads import Heads, stream_leaf
from sijill_log import ED25519, TILE, Checkpoint, Receipt, Tree, leaf_hash, parse_vkey
from sijill_policy import Policy
from sijill_registry import Registry
from sijill_source import open_source, read_json
from sijill_time import Times, quorum_times

AUTHORITY = {"key-not-valid", "not-authorised", "heads"}
ERASES = ("ledger", "access", "erasure.done")  # iss, kind of stream, type
TOLD_OF_A_CODE = 10  # faults of one code that are told one by one

def read_trust(path):
    trust = read_json(Path(path).read_bytes(), "trust/1", "origin log_key=string genesis=hash policy=string")
    trust.log_key, trust.genesis = parse_vkey(trust.log_key), unb64url(trust.genesis)
    require(trust.log_key[0] == trust.origin, f"{path}: the log key is not named as the origin")
    trust.policy = Policy(trust.policy)
    return trust

class Audit:
    """Reads an export once, bundle by bundle, or an evidence file. `faults` maps (code, index or None) to a sentence."""

    def __init__(self, path, trust=None, receipts=(), since=()):
        self.source, self.trust, self.receipts, self.since = open_source(path), trust, receipts, since
        self.whole, self.all_told = self.source.whole, self.source.all_told
        self.faults, self.started, self.told_of, self.broken = {}, time.monotonic(), [], set()
        self.size = self.entries = self.below = self.replayed = self.unchecked = self.latest = 0
        self.point, self.tree, self.keys, self.heads, self.committed = None, Tree(), {}, {}, Heads()
        self.told = {receipt.told: b"" for receipt in receipts}  # index -> entry
        self.lacking, self.erased = {}, set()  # digest -> {index: (stream's id, counted as unchecked)}; indexes
        self.store = sqlite3.connect("")  # in a file that has no name: every jti, every digest, what was delivered
        self.store.executescript("CREATE TABLE known (value PRIMARY KEY) WITHOUT ROWID;"
                                 "CREATE TABLE delivered (entry, text); CREATE INDEX by_entry ON delivered (entry)")

    def fault(self, code, index, message):
        self.faults.setdefault((code, index), message)

    def expect(self, condition, code, index, message):
        """It is a fault unless the condition holds."""
        if not condition:
            self.fault(code, index, message)
        return condition

    def run(self):
        try:
            self.point = Checkpoint(self.source.checkpoint)
        except Refused as error:
            self.fault("checkpoint-signature", None, f"the checkpoint cannot be read: {error}")
            return self
        self._take_trust()
        self.size, expected, tiles = self.point.size, 0, {}
        self.times = Times(self.trust and self.trust.policy, self.whole, self.fault)
        self.store.executemany("INSERT INTO delivered VALUES (?, ?)", self.source.disclosures(self.size, self.fault))
        for first, entries in self.source.runs(self.size):
            self.expect(first == expected or not self.whole, "root", expected, "from here on, entries are not there")
            leaves = [leaf_hash(entry) for entry in entries]
            for index, (entry, leaf) in enumerate(zip(entries, leaves), first):
                self._judge(index, entry, leaf)
            tiles[first // TILE], expected = b"".join(leaves), first + len(entries)
        self.expect(expected == self.size or not self.whole, "root", expected, "from here on, entries are not there")
        for first in self.source.bad_tiles(self.size, tiles) if self.whole else ():
            self.fault("root", first, "a hash tile that begins here is missing, or not what the entries give")
        self._judge_whole()
        return self

    def _take_trust(self):
        """The trust file of another ledger is one fault, where judged by it every entry would be one."""
        first, entries = next(iter(self.source.runs(self.point.size)), (None, None))
        genesis = leaf_hash(entries[0]) if first == 0 else None
        if self.trust and self.trust.origin != self.point.origin and self.trust.genesis != genesis:
            self.fault("checkpoint-signature", None,
                       f"the trust file is that of another ledger, {self.trust.origin}: it is not used")
            self.trust = None
        self.origin, self.log_key = (self.trust or self.point).origin, self.trust and self.trust.log_key
        self.registry = Registry(self.origin)

    def _is_new(self, value):
        return self.store.execute("INSERT OR IGNORE INTO known VALUES (?)", (value,)).rowcount == 1

    def _judge(self, index, entry, leaf):
        """One entry. The numbers are the steps of Annex C."""
        self.entries, self.below = self.entries + 1, self.below + (index < self.size)
        if index == self.tree.size:
            self.tree.append(leaf)
        if index in self.told:
            self.told[index] = entry
        if index == 0 and self.trust:
            self.expect(leaf == self.trust.genesis, "genesis", 0, "entry 0 is not the one that is trusted")
        try:  # 1
            received, event = parse_entry(entry)
            said = event.payload
            require(said["aud"] == self.origin, "aud is not the origin")
            require(("seen" in said) == (index > 0), "seen is absent at 0 and only there")
        except Refused as refused:
            return self.fault("entry-format", index, str(refused))
        in_order, in_time = received >= self.latest, said["iat"] * 1000 <= received + 300_000  # 2
        self.expect(in_order, "received-order", index, "received is below that of an earlier entry")
        self.expect(in_time, "received-time", index, "signed later than it was received")
        self.latest = max(self.latest, received)
        signed = self._judge_signature(index, event, said)  # 3
        seq, (expected, last) = said["seq"], self.heads.get(said["stream"], (0, None))  # 4
        kind = said["stream"].partition("/")[0]
        unplaced = seq > expected and not self.whole and kind not in ("ledger", "agency")  # what is between is elsewhere
        self.expect(seq <= expected or unplaced, "stream-gap", index, f"seq {expected} was expected")
        self.broken |= {said["stream"]} if unplaced else set()
        self.expect(seq > expected or (seq, said.get("prev")) == (expected, last), "stream-fork", index,
                    "does not continue the last event of its stream")
        if seq >= expected:
            self.heads[said["stream"]] = seq + 1, event.hash
            self.committed.streams.put(index, stream_leaf(said["stream"], seq, event.hash))
        self.expect(self._is_new(said["jti"]), "jti-reused", index, "its jti stands in an earlier entry")  # 5
        seen = said.get("seen")  # 6
        root = self._root(seen["size"]) if seen and seen["size"] <= index else None
        unseen = seen and seen["size"] <= index and root is None  # a tree that includes a missing entry
        saw = self.expect(not seen or unseen or root == unb64url(seen["root"]), "seen-mismatch", index,
                          "seen is not the root at its size") and seen and not unseen
        for digest in event.digests:  # 7
            self.expect(self._is_new(digest), "disclosure-mismatch", index, "a digest stands in an earlier entry")
        delivered = [text for text, in self.store.execute("SELECT text FROM delivered WHERE entry = ?", (index,))]
        codes, absent = disclosure_faults(event, delivered)
        for code in codes:
            self.fault(code, index, "the disclosures are not those of this entry's digests")
        for digest in absent if self.all_told else ():
            self.lacking.setdefault(digest, {})[index] = said["stream"].partition("/")[2], unseen
        self.unchecked += bool(unseen) or unplaced or not self.all_told and len(absent) > 0
        self.times.take(index, received, said, signed, saw, self._is_live())
        if not self.whole and kind not in ("ledger", "agency", "log"):
            self.told_of.append((index, received, said))
        if signed and (index == 0 or self.registry.created):
            self.replayed += 1
            try:
                self.registry.admit(event, index, received)
                self._excuse(said)
                self._judge_heads(index, said)
                if saw:
                    self.times.take_record(index, said, self._is_live())
            except Refused as refused:
                self._refuse(index, said, kind, str(refused))
            self.committed.take_keys(index, self.registry)

    def _refuse(self, index, said, kind, why):
        """What the registry refuses; but of entries that evidence leaves out, any may have made the author a party."""
        shared = kind in ("case", "auto", "access") and self.registry.rules == 2
        if why in ("not-a-party", "case-unknown") and not self.whole and (shared or said["stream"] in self.broken):
            self.replayed -= 1
        else:
            self.fault("key-not-valid" if index and why == "key-not-valid" else "not-authorised", index,
                       f"the registry refuses it: {why}")

    def _is_live(self):
        return not (self.registry.created and self.registry.clock == "simulated")

    def _root(self, size):
        """Root of the first `size` entries, if that is known."""
        if not self.whole:
            return self.source.root(size)
        return self.tree.root(size) if size <= self.tree.size else None

    def _excuse(self, said):
        """What an accepted `erasure.done` names, of the case it stands in, was erased and is not missing."""
        kind, _, case = said["stream"].partition("/")
        named = said["data"].get("digests") if (said["iss"], kind, said["type"]) == ERASES else None
        for digest in named if isinstance(named, list) else ():
            missed = self.lacking.get(digest, {}) if isinstance(digest, str) else {}
            for index in [index for index, (of, _) in missed.items() if of == case]:
                self.unchecked += not missed.pop(index)[1] and index not in self.erased
                self.erased.add(index)

    def _judge_heads(self, index, said):
        if (said["stream"], said["type"]) == ("log", "heads.committed"):
            wrong = self.committed.differ(said["data"], self.tree.size) if self.whole else None
            self.replayed -= wrong is None  # an entry that it is about is not there
            self.expect(not wrong, "heads", index, wrong)

    def _judge_signature(self, index, event, said):
        introduces = said["stream"].partition("/")[0] in ("ledger", "agency")
        jwks = [one for one in objects_in([*said["data"].values()]) if fits("key", one)] if introduces else []
        own = {thumbprint(jwk["x"]): jwk["x"] for jwk in jwks}
        if index == 0 and not self.trust and fits("key", said["data"].get("log_key")):
            self.log_key = self.origin, ED25519, unb64url(said["data"]["log_key"]["x"])
        key = self.keys.get(event.kid) or (own.get(event.kid) if index == 0 else None)
        if not self.expect(key, "key-unknown", index, "no earlier entry introduced the key"):
            return False
        if signed := self.expect(event.signed_by(key), "event-signature", index, "the signature is not valid"):
            self.keys.update(own)
        return signed

    def _judge_documents(self):
        altered = []
        for published in sorted(self.registry.published):
            raw = self.source.document(published)
            altered += [published] if raw is not None and b64url(sha256(raw)) != published else []
        self.expect(not altered, "document-mismatch", None,
                    f"documents are not those that were published: {', '.join(altered)}")

    def _judge_whole(self):
        self._judge_documents()
        for index in {index for missed in self.lacking.values() for index in missed}:
            self.fault("disclosure-missing", index, "a disclosure is not there, and no entry says that it was erased")
        root = self._root(self.size)
        self.expect(root == self.point.root or self.whole and root is None, "root", None,
                    "the entries do not give the checkpoint's root")
        unread = {("entry-format", 0), ("key-unknown", 0), ("event-signature", 0)} & self.faults.keys()
        self.expect(self.registry.created or unread, "not-authorised", 0, "entry 0 is not an accepted ledger.created")
        self.expect(self.source.origin == self.point.origin and self.source.size in (None, self.size),
                    "checkpoint-signature", None, "another origin or size is named beside it")
        self.expect(not self.trust or self.trust.policy.is_met(self.point), "quorum", None,
                    "the witnesses that cosigned the checkpoint are not the quorum the trust file asks for")
        held = [*self.since, *self.source.witnessed]
        for point in (self.point, *held, *(receipt.checkpoint for receipt in self.receipts)):
            self.expect(point.origin == self.origin and point.is_signed_by(self.log_key),
                        "checkpoint-signature", None, f"the log did not sign the one of size {point.size}")
            self.expect(self._extends(point), "root", None, f"the log does not extend the one of size {point.size}")
        for receipt in self.receipts:
            entry = self.told[receipt.told]
            self.expect(receipt.proves_entry(entry) or not entry and not self.whole, "root", receipt.told,
                        "the receipt does not prove the entry of its index")
        witnessed = [(point.size, quorum_times(self.trust.policy, point)) for point in (self.point, *self.source.witnessed)
                     if self.times.policy and point.origin == self.origin and point.is_signed_by(self.log_key)
                     and self._root(point.size) == point.root]
        self.times.end([(size, times[0]) for size, times in witnessed if times], self._is_live())

    def _extends(self, point):
        """Whether the log goes on from `point`; true as well if an entry is missing before that size."""
        if point.size >= self.size:
            return (point.size, point.root) == (self.size, self.point.root)
        return self._root(point.size) in (None, point.root)

    # --- the verdict ---

    def report(self):
        """What `--json` prints (Annex D)."""
        def level(faults, checked, unchecked, *why):
            why = "; ".join(filter(None, why)) or None
            status = "faults" if faults else "partial" if why else "clean"
            return {"status": status, "checked": checked, "unchecked": unchecked, "why": why}

        point, absent = self.point, self.size - self.below
        unjudged = min(absent + self.entries - self.replayed, self.size)
        codes = {code for code, _ in self.faults}
        not_run = {**level((), 0, self.size, "this verifier does not know this level"), "status": "not_run"}
        integrity = level(
            codes - AUTHORITY, self.entries - self.unchecked, absent + self.unchecked, absent and f"{absent} entries are not there",
            self.unchecked and f"{self.unchecked} have disclosures withheld or erased, or saw trees not all there")
        authority = level(codes & AUTHORITY, self.replayed, unjudged, unjudged and f"{unjudged} entries could not be judged")
        levels = {"integrity": integrity, "authority": authority if point else not_run, "rules": not_run,
                  "figures": not_run}
        faults = sorted(self.faults, key=lambda one: (-1 if one[1] is None else one[1], one[0]))
        exhibits = {"exhibits": [*map(self._account, self.told_of)]} if point and not self.whole else {}
        return {
            "origin": point and point.origin, "size": point and point.size, "root": point and b64url(point.root),
            "entries": self.entries, "anchored": self.trust is not None, "levels": levels,
            "faults": [{"code": one[0], "index": one[1], "message": self.faults[one]} for one in faults],
            "intervals": point and self.times.report(), **exhibits,
            "seconds": round(time.monotonic() - self.started, 3)}

    def _account(self, told):
        """What evidence comes to, of one entry."""
        index, received, said = told
        after, before = self.times.intervals.get(index, (None, None))
        names = "stream seq type iss sub act iat occurred".split()
        return {"index": index, **{name: said.get(name) for name in names}, "received": received, "after": after,
                "before": before, "faults": sorted(code for code, at in self.faults if at == index)}

def at(seconds):
    return "?" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(min(seconds, 253402300799)))

def print_exhibits(report):
    """Who did what, when as they say, when as the ledger says, and when as witnesses prove."""
    outside = {one["index"] for one in (report["intervals"] or {"outside": []})["outside"]}
    for one in report.get("exhibits", ()):
        verdict = ", ".join(one["faults"]) or "no fault"
        print(f"  entry {one['index']}: {one['type']} ({one['stream']} {one['seq']}) by {one['iss']}/{one['sub']}: {verdict}")
        print(f"    claimed {at(one['iat'])}, received {at(one['received'] // 1000)}; proved: after {at(one['after'])}, "
              f"before {at(one['before'])}" + (", OUTSIDE of which lies what was claimed" if one["index"] in outside else ""))

def print_report(report):
    if not report["anchored"]:
        print("anchored: no. Without its trust file, a ledger invented from end to end would look the same.")
    print("{origin}, size {size}, root {root}, {entries} entries read".format(**report))
    for name, level in report["levels"].items():
        why = f": {level['why']}" if level["why"] else ""
        print(" ", name, "{status}, {checked} checked, {unchecked} unchecked".format(**level) + why)
    if report["intervals"]:
        print("  intervals: {both} with both bounds, {after} after, {before} before;".format(**report["intervals"]),
              len(report["intervals"]["outside"]), "claim a time outside")
    print_exhibits(report)
    count, by_code = len(report["faults"]), {}
    print({0: "no faults", 1: "1 fault:"}.get(count, f"{count} faults:"))
    for fault in report["faults"]:  # in the order of the log; one altered entry makes every later author a witness
        where = "the whole" if fault["index"] is None else f"entry {fault['index']}"
        places = by_code.setdefault(fault["code"], [])
        places.append(where)
        if len(places) <= TOLD_OF_A_CODE:
            print(f"  FAULT {fault['code']} at {where}: {fault['message']}")
    for code, places in by_code.items():
        if more := len(places[TOLD_OF_A_CODE:]):
            print(f"  … {more} more of {code}, the last at {places[-1]}; all of them with --json")

def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("command", choices=("audit",))
    parser.add_argument("path", type=Path)
    parser.add_argument("--trust", type=Path)
    parser.add_argument("--receipt", type=Path, action="append", default=[])
    parser.add_argument("--since", type=Path, action="append", default=[])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    try:
        audit = Audit(given.path, given.trust and read_trust(given.trust),
                      [Receipt(strict_json(path.read_bytes())) for path in given.receipt],
                      [Checkpoint(path.read_bytes()) for path in given.since]).run()
    except (Refused, OSError) as error:
        print(f"could not be read: {error}", file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps(audit.report(), ensure_ascii=False, indent=2))
    else:
        print_report(audit.report())
    return 1 if audit.faults else 0

if __name__ == "__main__":
    sys.exit(main())
