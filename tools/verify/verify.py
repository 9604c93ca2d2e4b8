#!/usr/bin/env python3
"""Audits a full export without the ledger's own program: docs/ledger-format.md, Annexes C and D.

    verify.py audit EXPORT_DIR [--trust FILE] [--receipt FILE]... [--since CHECKPOINT]... [--json]

Exit status: 0 no fault, 1 faults, 2 could not be read.
"""
import argparse
import json
import os
import sqlite3
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

try:
    import cryptography as _
except ImportError:
    sys.exit(print("verify.py needs the package `cryptography`: pip install cryptography", file=sys.stderr) or 2)

from sijill_format import (Refused, b64url, disclosure_faults, fits, objects_in, parse_entry, require, sha256,
                           shaped, strict_json, thumbprint, unb64url)
from sijill_heads import Heads, stream_leaf
from sijill_log import ED25519, TILE, Checkpoint, Receipt, Tree, bad_tiles, leaf_hash, parse_vkey, read_bundles
from sijill_policy import Policy
from sijill_registry import Registry

AUTHORITY = {"key-not-valid", "not-authorised", "heads"}
ERASES = ("ledger", "access", "erasure.done")  # iss, kind of stream, type
DOCUMENT = 1 << 20  # bytes; no document has more
TOLD_OF_A_CODE = 10  # faults of one code that are told one by one

def read_json(path, version, shape):
    value = strict_json(Path(path).read_bytes())
    require(shaped(value, "sijill=string " + shape) and value["sijill"] == version, f"{path} is no {version}")
    return SimpleNamespace(**value)

def read_trust(path):
    trust = read_json(path, "trust/1", "origin log_key=string genesis=hash policy=string")
    trust.log_key, trust.genesis = parse_vkey(trust.log_key), unb64url(trust.genesis)
    require(trust.log_key[0] == trust.origin, f"{path}: the log key is not named as the origin")
    trust.policy = Policy(trust.policy)
    return trust

class Audit:
    """Reads an export once, bundle by bundle. `faults` maps (code, index or None) to a sentence."""

    def __init__(self, directory, trust=None, receipts=(), since=()):
        self.directory, self.trust, self.receipts, self.since = Path(directory), trust, receipts, since
        shape = "origin=string size=int disclosures=string attachments=string"
        self.export = read_json(self.directory / "export.json", "export/1", shape)
        require(self.export.disclosures in ("all", "none") and self.export.attachments == "none",
                "export.json: disclosures are all or none, attachments none")
        self.all_told, self.faults, self.started = self.export.disclosures == "all", {}, time.monotonic()
        self.size = self.entries = self.replayed = self.unchecked = self.latest = 0
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
        raw = (self.directory / "checkpoint").read_bytes()  # where there is none, there is nothing to judge
        try:
            self.point = Checkpoint(raw)
        except Refused as error:
            self.fault("checkpoint-signature", None, f"the checkpoint cannot be read: {error}")
            return self
        self._take_trust()
        self.size, expected, tiles = self.point.size, 0, {}
        self.store.executemany("INSERT INTO delivered VALUES (?, ?)", self._disclosures())
        for first, entries in read_bundles(self.directory, self.size):
            self.expect(first == expected, "root", expected, "from here on, entries are not there")
            leaves = [leaf_hash(entry) for entry in entries]
            for index, (entry, leaf) in enumerate(zip(entries, leaves), first):
                self._judge(index, entry, leaf)
            tiles[first // TILE], expected = b"".join(leaves), first + len(entries)
        self.expect(expected == self.size, "root", expected, "from here on, entries are not there")
        for first in bad_tiles(self.directory, self.size, tiles):
            self.fault("root", first, "a hash tile that begins here is missing, or not what the entries give")
        self._judge_whole()
        return self

    def _take_trust(self):
        """The trust file of another ledger is one fault, where judged by it every entry would be one."""
        first, entries = next(read_bundles(self.directory, self.point.size), (None, None))
        genesis = leaf_hash(entries[0]) if first == 0 else None
        if self.trust and self.trust.origin != self.point.origin and self.trust.genesis != genesis:
            self.fault("checkpoint-signature", None,
                       f"the trust file is that of another ledger, {self.trust.origin}: it is not used")
            self.trust = None
        self.origin, self.log_key = (self.trust or self.point).origin, self.trust and self.trust.log_key
        self.registry = Registry(self.origin)

    def _disclosures(self):
        """(index, disclosure) of each good line of disclosures.jsonl."""
        path, highest = self.directory / "disclosures.jsonl", 0
        with open(path if self.all_told and path.is_file() else os.devnull, "rb") as file:
            for raw in file:
                line = None
                with suppress(Refused):
                    line = strict_json(raw) if len(raw.rstrip(b"\n")) < 1 << 20 else None
                index = line["index"] if isinstance(line, dict) and fits("int", line.get("index")) else None
                good = shaped(line, "index=int disclosure=string") and highest <= index < self.size
                if self.expect(good, "disclosure-mismatch", index, "a bad line of disclosures.jsonl, or disordered"):
                    highest = index
                    yield index, line["disclosure"]

    def _is_new(self, value):
        return self.store.execute("INSERT OR IGNORE INTO known VALUES (?)", (value,)).rowcount == 1

    def _judge(self, index, entry, leaf):
        """One entry. The numbers are the steps of Annex C."""
        self.entries += 1
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
        self.expect(seq <= expected, "stream-gap", index, f"seq {expected} was expected")
        self.expect(seq > expected or (seq, said.get("prev")) == (expected, last), "stream-fork", index,
                    "does not continue the last event of its stream")
        if seq >= expected:
            self.heads[said["stream"]] = seq + 1, event.hash
            self.committed.streams.put(index, stream_leaf(said["stream"], seq, event.hash))
        self.expect(self._is_new(said["jti"]), "jti-reused", index, "its jti stands in an earlier entry")  # 5
        seen = said.get("seen", {"size": 0, "root": b64url(self.tree.root(0))})  # 6; entry 0 saw the empty tree
        unseen = self.tree.size < seen["size"] <= index  # a tree that includes a missing entry
        self.expect(unseen or seen["size"] <= index and unb64url(seen["root"]) == self.tree.root(seen["size"]),
                    "seen-mismatch", index, "seen is not the root at its size")
        for digest in event.digests:  # 7
            self.expect(self._is_new(digest), "disclosure-mismatch", index, "a digest stands in an earlier entry")
        delivered = [text for text, in self.store.execute("SELECT text FROM delivered WHERE entry = ?", (index,))]
        for code in (found := disclosure_faults(event, delivered) if self.all_told else ((), ()))[0]:
            self.fault(code, index, "the disclosures are not those of this entry's digests")
        for digest in found[1]:
            self.lacking.setdefault(digest, {})[index] = said["stream"].partition("/")[2], unseen
        self.unchecked += unseen or not self.all_told and len(event.digests) > 0
        if signed and (index == 0 or self.registry.created):
            self.replayed += 1
            try:
                self.registry.admit(event, index, received)
                self._excuse(said)
                self._judge_heads(index, said)
            except Refused as refused:
                self.fault("key-not-valid" if index and str(refused) == "key-not-valid" else "not-authorised", index,
                           f"the registry refuses it: {refused}")
            self.committed.take_keys(index, self.registry)

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
            wrong = self.committed.differ(said["data"], self.tree.size)
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
            with suppress(FileNotFoundError, NotADirectoryError):  # one that is not there is only missed
                with open(self.directory / "documents" / published, "rb") as file:
                    altered += [published] if b64url(sha256(file.read(DOCUMENT + 1))) != published else []
        self.expect(not altered, "document-mismatch", None,
                    f"documents are not those that were published: {', '.join(altered)}")

    def _judge_whole(self):
        self._judge_documents()
        for index in {index for missed in self.lacking.values() for index in missed}:
            self.fault("disclosure-missing", index, "a disclosure is not there, and no entry says that it was erased")
        whole = self.tree.size < self.size or self.tree.root(self.size) == self.point.root
        self.expect(whole, "root", None, "the entries do not give the checkpoint's root")
        unread = {("entry-format", 0), ("key-unknown", 0), ("event-signature", 0)} & self.faults.keys()
        self.expect(self.registry.created or unread, "not-authorised", 0, "entry 0 is not an accepted ledger.created")
        self.expect((self.export.origin, self.export.size) == (self.point.origin, self.size),
                    "checkpoint-signature", None, "export.json names another origin or size")
        self.expect(not self.trust or self.trust.policy.is_met(self.point), "quorum", None,
                    "the witnesses that cosigned the checkpoint are not the quorum the trust file asks for")
        for point in (self.point, *self.since, *(receipt.checkpoint for receipt in self.receipts)):
            self.expect(point.origin == self.origin and point.is_signed_by(self.log_key),
                        "checkpoint-signature", None, f"the log did not sign the one of size {point.size}")
            self.expect(self._extends(point), "root", None, f"the log does not extend the one of size {point.size}")
        for receipt in self.receipts:
            self.expect(receipt.proves_entry(self.told[receipt.told]), "root", receipt.told,
                        "the receipt does not prove the entry of its index")

    def _extends(self, point):
        """Whether the log goes on from `point`; true as well if an entry is missing before that size."""
        if point.size >= self.size:
            return (point.size, point.root) == (self.size, self.point.root)
        return point.size > self.tree.size or point.root == self.tree.root(point.size)

    # --- the verdict ---

    def report(self):
        """What `--json` prints (Annex D)."""
        def level(faults, checked, *why):
            why = "; ".join(filter(None, why)) or None
            status = "faults" if faults else "partial" if why else "clean"
            return {"status": status, "checked": checked, "unchecked": self.size - checked, "why": why}

        point, absent, unjudged = self.point, self.size - self.entries, self.size - self.replayed
        codes = {code for code, _ in self.faults}
        not_run = {**level((), 0, "this verifier does not know this level"), "status": "not_run"}
        integrity = level(
            codes - AUTHORITY, self.entries - self.unchecked, absent and f"{absent} entries are not there",
            self.unchecked and f"{self.unchecked} have disclosures withheld or erased, or saw trees not all there")
        authority = level(codes & AUTHORITY, self.replayed, unjudged and f"{unjudged} entries could not be judged")
        levels = {"integrity": integrity, "authority": authority if point else not_run, "rules": not_run,
                  "figures": not_run}
        faults = sorted(self.faults, key=lambda one: (-1 if one[1] is None else one[1], one[0]))
        return {
            "origin": point and point.origin, "size": point and point.size, "root": point and b64url(point.root),
            "entries": self.entries, "anchored": self.trust is not None, "levels": levels,
            "faults": [{"code": one[0], "index": one[1], "message": self.faults[one]} for one in faults],
            "seconds": round(time.monotonic() - self.started, 3)}

def print_report(report):
    if not report["anchored"]:
        print("anchored: no. Without its trust file, a ledger invented from end to end would look the same.")
    print("{origin}, size {size}, root {root}, {entries} entries read".format(**report))
    for name, level in report["levels"].items():
        why = f": {level['why']}" if level["why"] else ""
        print(" ", name, "{status}, {checked} checked, {unchecked} unchecked".format(**level) + why)
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
    parser.add_argument("directory", type=Path)
    parser.add_argument("--trust", type=Path)
    parser.add_argument("--receipt", type=Path, action="append", default=[])
    parser.add_argument("--since", type=Path, action="append", default=[])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    try:
        audit = Audit(given.directory, given.trust and read_trust(given.trust),
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
