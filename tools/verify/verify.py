#!/usr/bin/env python3
"""Audits a full export without the ledger's own program: docs/ledger-format.md, Annexes C and D.

    verify.py audit EXPORT_DIR [--trust FILE] [--receipt FILE] [--since CHECKPOINT] [--json]
    verify.py vectors DIR

Exit status of `audit`: 0 no fault, 1 faults, 2 unreadable; of `vectors`: 0 if all verdicts agree, else 1.
"""
import argparse
import json
import os
import re
import sqlite3
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from sijill_format import (Refused, b64url, disclosure_faults, fits, objects_in, parse_entry, require, shaped,
                           strict_json, thumbprint, unb64url)
from sijill_log import ED25519, Checkpoint, Receipt, Tiles, Tree, leaf_hash, parse_vkey, read_bundles
from sijill_registry import Registry

AUTHORITY = ("key-not-valid", "not-authorised")
EMPTY_LINES = r"([ \t]*(#[^\0-\x08\n-\x1f\x7f]*)?\n)*"
NO_WITNESSES = rf"{EMPTY_LINES}[ \t]*quorum[ \t]+none[ \t]*\n{EMPTY_LINES}"  # the one policy judged here

def read_json(path, version, shape):
    value = strict_json(Path(path).read_bytes())
    require(shaped(value, "sijill=string " + shape) and value["sijill"] == version, f"{path} is no {version}")
    return SimpleNamespace(**value)

def read_trust(path):
    trust = read_json(path, "trust/1", "origin log_key=string genesis=hash policy=string")
    trust.log_key = parse_vkey(trust.log_key)
    require(trust.log_key[0] == trust.origin, f"{path}: the log key is not named as the origin")
    trust.asks_nobody = re.fullmatch(NO_WITNESSES, trust.policy)
    named = re.search("^[ \t]*(witness|log)[ \t]", trust.policy, re.MULTILINE)
    require(trust.asks_nobody or named, f"{path}: not a witness policy")
    return trust

class Audit:
    """Reads an export once, bundle by bundle. `faults` maps (code, index or None) to a sentence."""

    def __init__(self, directory, trust=None, receipt=None, since=None):
        self.directory, self.trust, self.receipt, self.since = Path(directory), trust, receipt, since
        shape = "origin=string size=int disclosures=string attachments=string"
        self.export = read_json(self.directory / "export.json", "export/1", shape)
        require(self.export.disclosures in ("all", "none"), "export.json: disclosures are all or none")
        require(self.export.attachments == "none", "export.json: attachments are none")
        self.all_told, self.faults, self.started = self.export.disclosures == "all", {}, time.monotonic()
        self.point = self.log_key = self.receipt_entry = self.line = None
        self.size = self.entries = self.replayed = self.unchecked = self.latest = 0
        self.tree, self.keys, self.heads = Tree(), {}, {}
        self.known = sqlite3.connect("")  # every jti and digest, in a file that has no name
        self.known.execute("CREATE TABLE known (value PRIMARY KEY) WITHOUT ROWID")

    def fault(self, code, index, message):
        self.faults.setdefault((code, index), message)

    def run(self):
        try:
            self.point = Checkpoint((self.directory / "checkpoint").read_bytes())
        except (OSError, Refused) as error:
            self.fault("checkpoint-signature", None, f"there is no checkpoint that can be read: {error}")
            return self
        self.origin, self.size, expected = (self.trust or self.point).origin, self.point.size, 0
        self.log_key, self.registry = self.trust and self.trust.log_key, Registry(self.origin)
        tiles, lines = Tiles(self.directory, self.size), self._lines()
        for first, entries in (*read_bundles(self.directory, self.size), (self.size, [])):
            if first > expected:
                self.fault("root", expected, "from here on, entries are not there")
            for index, entry in enumerate(entries, first):
                tiles.add(index, leaf_hash(entry))
                self._judge(index, entry, leaf_hash(entry), self._delivered(lines, index))
            expected = first + len(entries)
        self._delivered(lines, self.size)  # a malformed line counts wherever it stands
        for first in tiles.finish():
            self.fault("root", first, "a hash tile that begins here is missing, or not what the entries give")
        self._judge_whole()
        return self

    def _lines(self):
        """(index, disclosure) of each good line of disclosures.jsonl; the others are faults."""
        path, highest = self.directory / "disclosures.jsonl", 0
        with open(path if self.all_told and path.is_file() else os.devnull, "rb") as file:
            for raw in file:
                try:
                    line = strict_json(raw) if len(raw.rstrip(b"\n")) < 1 << 20 else None
                except Refused:
                    line = None
                index = line.get("index") if isinstance(line, dict) else None
                index = index if fits("int", index) else None
                if shaped(line, "index=int disclosure=string") and highest <= index < self.size:
                    highest = index
                    yield index, line["disclosure"]
                else:
                    self.fault("disclosure-mismatch", index, "a bad line of disclosures.jsonl, or disordered")

    def _delivered(self, lines, index):
        """The disclosures of an entry; asked for in order."""
        texts, self.line = [], self.line or next(lines, None)
        while self.line and self.line[0] <= index:
            texts += [self.line[1]] if self.line[0] == index else []
            self.line = next(lines, None)
        return texts

    def _is_new(self, value):
        return self.known.execute("INSERT OR IGNORE INTO known VALUES (?)", (value,)).rowcount == 1

    # --- one entry: the numbers are the steps of Annex C ---

    def _judge(self, index, entry, leaf, delivered):
        self.entries += 1
        if index == self.tree.size:
            self.tree.append(leaf)
        if index == 0 and self.trust and leaf != unb64url(self.trust.genesis):
            self.fault("genesis", 0, "entry 0 is not the one that is trusted")
        if self.receipt and index == self.receipt.told:
            self.receipt_entry = entry
        try:  # 1
            received, event = parse_entry(entry)
            said = event.payload
            require(said["aud"] == self.origin, "aud is not the origin")
            require(("seen" in said) == (index > 0), "seen is absent at 0 and only there")
        except Refused as refused:
            return self.fault("entry-format", index, str(refused))
        if received < self.latest:  # 2
            self.fault("received-order", index, "received is below that of an earlier entry")
        self.latest = max(self.latest, received)
        if said["iat"] * 1000 > received + 300_000:
            self.fault("received-time", index, "signed later than it was received")
        signed = self._judge_signature(index, event, said)
        self._judge_stream(index, event, said)
        if not self._is_new(said["jti"]):  # 5
            self.fault("jti-reused", index, "its jti stands in an earlier entry")
        partly = self._judge_seen(index, said.get("seen"))
        self.unchecked += self._judge_disclosures(index, event, delivered) or partly
        if signed and (index == 0 or self.registry.created):
            self._replay(index, event, received)

    def _judge_signature(self, index, event, said):  # 3
        introduces = said["stream"].partition("/")[0] in ("ledger", "agency")
        jwks = [one for one in objects_in([*said["data"].values()]) if fits("key", one)] if introduces else []
        own = {thumbprint(jwk["x"]): jwk["x"] for jwk in jwks}
        if index == 0 and not self.trust and fits("key", said["data"].get("log_key")):
            self.log_key = self.origin, ED25519, unb64url(said["data"]["log_key"]["x"])
        key = self.keys.get(event.kid) or (own.get(event.kid) if index == 0 else None)
        if key and event.signed_by(key):
            self.keys.update(own)
            return True
        if key:
            self.fault("event-signature", index, "the signature is not valid")
        else:
            self.fault("key-unknown", index, "no earlier entry introduced the key")

    def _judge_stream(self, index, event, said):  # 4
        expected, last = self.heads.get(said["stream"], (0, None))
        if said["seq"] > expected:
            self.fault("stream-gap", index, f"seq {expected} was expected")
        elif said["seq"] < expected or said.get("prev") != last:
            self.fault("stream-fork", index, "does not continue the last event of its stream")
        if said["seq"] >= expected:
            self.heads[said["stream"]] = said["seq"] + 1, event.hash

    def _judge_seen(self, index, seen):  # 6
        """Returns whether it could not be judged; so does the next."""
        if index and self.tree.size < seen["size"] <= index:
            return True
        if index and (seen["size"] > index or unb64url(seen["root"]) != self.tree.root(seen["size"])):
            self.fault("seen-mismatch", index, "seen is not the root at its size")
        return False

    def _judge_disclosures(self, index, event, delivered):  # 7
        if not all([self._is_new(digest) for digest in event.digests]):
            self.fault("disclosure-mismatch", index, "a digest stands in an earlier entry")
        for code in disclosure_faults(event, delivered) if self.all_told else ():
            self.fault(code, index, "the disclosures are not those of this entry's digests")
        return not self.all_told and len(event.digests) > 0

    def _replay(self, index, event, received):
        self.replayed += 1
        try:
            self.registry.admit(event, index, received)
        except Refused as refused:
            code = "key-not-valid" if index and str(refused) == "key-not-valid" else "not-authorised"
            self.fault(code, index, str(refused))

    # --- the log as a whole ---

    def _judge_whole(self):
        if self.tree.size == self.size and self.tree.root(self.size) != self.point.root:
            self.fault("root", None, "the entries do not give the checkpoint's root")
        unread = [("entry-format", 0), ("key-unknown", 0), ("event-signature", 0)]
        if not self.registry.created and self.faults.keys().isdisjoint(unread):
            self.fault("not-authorised", 0, "entry 0 is not an accepted ledger.created")
        if (self.export.origin, self.export.size) != (self.point.origin, self.size):
            self.fault("checkpoint-signature", None, "export.json names another origin or size")
        held = [one for one in (self.since, self.receipt and self.receipt.checkpoint) if one]
        for point in (self.point, *held):
            if point.origin != self.origin or not point.is_signed_by(self.log_key):
                self.fault("checkpoint-signature", None, f"the log did not sign the one of size {point.size}")
        for point in held:
            roots = {self.size: self.point.root}  # past the log there is none; smaller ones may not be known
            known = point.size <= self.tree.size or point.size >= self.size
            if known and point.size < self.size:
                roots[point.size] = self.tree.root(point.size)
            if known and roots.get(point.size) != point.root:
                self.fault("root", None, f"the log does not extend the checkpoint held, of size {point.size}")
        if self.receipt and not (self.receipt_entry and self.receipt.proves_entry(self.receipt_entry)):
            self.fault("root", self.receipt.told, "the receipt does not prove the entry of its index")

    # --- the verdict ---

    def _level(self, is_authority, checked, *why):
        faulty = any((code in AUTHORITY) == is_authority for code, _ in self.faults)
        why = "; ".join(filter(None, why)) or None
        status = "faults" if faulty else "partial" if why else "clean"
        return {"status": status, "checked": checked, "unchecked": self.size - checked, "why": why}

    def report(self):
        """What `--json` prints (Annex D)."""
        point, absent, unjudged = self.point, self.size - self.entries, self.size - self.replayed
        policy = self.trust and not self.trust.asks_nobody
        integrity = self._level(
            False, self.entries - self.unchecked, absent and f"{absent} entries are not there",
            self.unchecked and f"{self.unchecked} have disclosures withheld, or saw trees not all there",
            policy and "the trusted witness policy is not judged by this program")
        authority = self._level(True, self.replayed, unjudged and f"{unjudged} entries could not be judged")
        not_run = {"status": "not_run", "checked": 0, "unchecked": self.size, "why": "only sijill can"}
        faults = sorted(self.faults, key=lambda one: (-1 if one[1] is None else one[1], one[0]))
        return {
            "origin": point and point.origin, "size": point and point.size,
            "root": point and b64url(point.root), "entries": self.entries, "anchored": self.trust is not None,
            "levels": {"integrity": integrity, "authority": authority if point else not_run, "rules": not_run,
                       "figures": not_run},
            "faults": [{"code": one[0], "index": one[1], "message": self.faults[one]} for one in faults],
            "seconds": round(time.monotonic() - self.started, 3)}

def print_report(report):
    if not report["anchored"]:
        print("anchored: no. Without a trust file, a ledger invented from end to end would look the same.")
    print("{origin}, size {size}, root {root}, {entries} entries read".format(**report))
    for name, level in report["levels"].items():
        print(" ", name, "{status}, {checked} checked, {unchecked} not".format(**level), level["why"] or "")
    for fault in report["faults"]:
        print("  FAULT {code} at {index}: {message}".format(**fault))

def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("command", choices=("audit", "vectors"))
    parser.add_argument("directory", type=Path)
    for name in ("--trust", "--receipt", "--since"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.command == "vectors":
        sys.path.append(str(Path(__file__).with_name("tests")))
        from vectors import run_vectors
        return run_vectors(given.directory)
    try:
        audit = Audit(given.directory, given.trust and read_trust(given.trust),
                      given.receipt and Receipt(strict_json(given.receipt.read_bytes())),
                      given.since and Checkpoint(given.since.read_bytes())).run()
    except (Refused, OSError) as error:
        print(f"unreadable: {error}", file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps(audit.report(), ensure_ascii=False, indent=2))
    else:
        print_report(audit.report())
    return 1 if audit.faults else 0

if __name__ == "__main__":
    sys.exit(main())
