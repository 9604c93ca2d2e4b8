"""Audits a full export: docs/ledger-format.md Annex C, integrity and authority level.

Entries are read bundle by bundle. What grows with the log is 64 bytes an entry for roots at past sizes, the heads
of the streams, the registry, and a set of digests and `jti`s that SQLite spills to disk.
"""
import json
import sqlite3
import time
from pathlib import Path

from sijill_format import (SKEW_MS, Refused, b64url, disclosure_faults, is_hash, is_int, is_jwk, is_origin, jwks_inside,
                           parse_entry, strict_json, thumbprint, unb64url)
from sijill_log import ED25519, Checkpoint, Proof, Tiles, Tree, leaf_hash, parse_vkey, read_entries
from sijill_registry import Registry
from sijill_witness import Policy

AUTHORITY_CODES = {"key-not-valid", "not-authorised"}


class Unreadable(Exception):
    """What was handed over for the audit cannot be read at all."""


def read_json(path, members, more=False):
    """A JSON file with the members named (and others, if `more`)."""
    try:
        raw = Path(path).read_bytes()
        value = json.loads(raw) if more else strict_json(raw)
    except (OSError, ValueError, RecursionError) as error:
        raise Unreadable(f"{path}: {error}") from None
    if not isinstance(value, dict) or not set(members) <= set(value) or not (more or set(members) == set(value)):
        raise Unreadable(f"{path}: its members are not {', '.join(members)}")
    return value


class Trust:
    """A trust file: what the auditor knows from elsewhere."""

    def __init__(self, path):
        value = read_json(path, ("sijill", "origin", "log_key", "genesis", "policy"))
        try:
            self.log_key, self.policy = parse_vkey(value["log_key"]), Policy(value["policy"])
        except (ValueError, AttributeError, TypeError) as error:
            raise Unreadable(f"{path}: {error}") from None
        if value["sijill"] != "trust/1" or self.log_key[1] != ED25519 or not is_origin(value["origin"]) \
                or not is_hash(value["genesis"]):
            raise Unreadable(f"{path}: not a trust file")
        self.origin, self.genesis = value["origin"], unb64url(value["genesis"])


class Receipt:
    def __init__(self, path):
        value = read_json(path, ("index", "received", "proof"), more=True)
        try:
            self.index, self.received, self.proof = value["index"], value["received"], Proof(value["proof"].encode())
        except (ValueError, AttributeError) as error:
            raise Unreadable(f"{path}: {error}") from None
        if not is_int(self.index) or not is_int(self.received):
            raise Unreadable(f"{path}: not a receipt")
        self.checkpoint = self.proof.checkpoint

    def proves(self, entry):
        """Whether this receipt's entry, with its own `received`, is proved; `entry` is the log's at its index."""
        jwt = entry.partition(b" ")[2]
        return self.proof.index == self.index and self.proof.proves(leaf_hash(b"%d %s" % (self.received, jwt)))


def read_checkpoint(path):
    try:
        return Checkpoint(Path(path).read_bytes())
    except (OSError, Refused) as error:
        raise Unreadable(f"{path}: {error}") from None


class SpillingSet:
    """A set of byte strings that may outgrow memory: SQLite's nameless database is a temporary file."""

    def __init__(self):
        self._db = sqlite3.connect("")
        self._db.execute("CREATE TABLE held (value BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, value):
        """Returns whether it was new."""
        return self._db.execute("INSERT OR IGNORE INTO held VALUES (?)", (value,)).rowcount == 1


class Audit:
    """`faults` maps (code, index or None) to a sentence; `report` is what `--json` prints."""

    def __init__(self, directory, trust=None, receipt=None, since=None):
        self.directory, self.trust = Path(directory), trust
        self.held = [one for one in (since, receipt and receipt.checkpoint) if one]
        self.receipt, self.receipt_entry = receipt, None
        self.export = read_json(self.directory / "export.json", ("sijill", "origin", "size", "disclosures"))
        if self.export["sijill"] != "export/1" or self.export["disclosures"] not in ("all", "none") \
                or not isinstance(self.export["origin"], str) or not is_int(self.export["size"]):
            raise Unreadable("export.json: not an export this program knows")
        self.complete = self.export["disclosures"] == "all"
        self.faults, self.started = {}, time.monotonic()
        self.entries = self.replayed = self.unchecked = 0
        self.checkpoint, self.registry, self.created_key = None, None, None
        self.tree, self.whole, self.latest = Tree(), True, 0
        self.keys, self.heads, self.known = {}, {}, SpillingSet()
        self.why = {"integrity": set(), "authority": set()}

    def fault(self, code, index, message):
        self.faults.setdefault((code, index), message)

    def run(self):
        try:
            self.checkpoint = Checkpoint((self.directory / "checkpoint").read_bytes())
        except (OSError, Refused) as error:
            self.fault("checkpoint-signature", None, f"there is no checkpoint that can be read: {error}")
            return self
        self.size = self.checkpoint.size
        self.origin = self.trust.origin if self.trust else self.checkpoint.origin
        self.registry, tiles = Registry(self.origin), Tiles(self.directory, self.size)
        told = self.directory / "disclosures.jsonl" if self.complete else None
        disclosures = Disclosures(told, self.size, self.fault)
        for index, entry in read_entries(self.directory, self.size):
            if entry is None:
                self.whole = False
                self.fault("root", index, "from here on, entries are not there")
                continue
            self.entries += 1
            leaf = leaf_hash(entry)
            tiles.add(index, leaf)
            if self.whole:
                self.tree.append(leaf)
            if index == 0 and self.trust and leaf != self.trust.genesis:
                self.fault("genesis", 0, "entry 0 is not the one that is trusted")
            if self.receipt and index == self.receipt.index:
                self.receipt_entry = entry
            self._judge(index, entry, disclosures)
        disclosures.finish()
        tiles.close()
        for first in tiles.faults:
            self.fault("root", first, "a hash tile that begins here is missing or is not what the entries give")
        self._judge_whole()
        return self

    # --- the log as a whole ---

    def _judge_whole(self):
        if self.whole and self.tree.root(self.size) != self.checkpoint.root:
            self.fault("root", None, "the entries do not give the checkpoint's root")
        if self.registry.created is None and not any(
                (code, 0) in self.faults for code in ("entry-format", "key-unknown", "event-signature")):
            self.fault("not-authorised", 0, "entry 0 is not an accepted ledger.created")
        key = self.trust.log_key if self.trust else self.created_key and (self.origin, ED25519, self.created_key)
        for checkpoint in (self.checkpoint, *self.held):
            if checkpoint.origin != self.origin or key is None or not checkpoint.signed_by(key):
                self.fault("checkpoint-signature", None, "a checkpoint is not signed by the log key for this origin")
        if (self.export["origin"], self.export["size"]) != (self.checkpoint.origin, self.size):
            self.fault("checkpoint-signature", None, "export.json names another origin or size than the checkpoint")
        for held in self.held:
            if held.size == self.size:
                root = self.checkpoint.root
            elif held.size > self.tree.size:  # past the log's end, or past a missing entry: then it is not judged
                root = None if held.size > self.size else held.root
                self.why["integrity"].add("a held checkpoint covers entries that are not there")
            else:
                root = self.tree.root(held.size)
            if root != held.root:
                self.fault("root", None, f"the log does not extend the checkpoint held, of size {held.size}")
        if self.receipt and not (self.receipt_entry and self.receipt.proves(self.receipt_entry)):
            self.fault("root", self.receipt.index, "the receipt does not prove the entry of its index")
        if self.trust and not self.trust.policy.satisfied(self.checkpoint):
            self.fault("quorum", None, "the checkpoint is not cosigned by the quorum that is trusted")

    # --- one entry: the numbers are the steps of Annex C ---

    def _judge(self, index, entry, disclosures):
        delivered = disclosures.of(index)
        try:  # 1
            received, event = parse_entry(entry)
            said = event.payload
            if said["aud"] != self.origin or ("seen" in said) != (index > 0):
                raise Refused("entry-format", "aud is not the origin, or seen is absent elsewhere than at 0")
        except Refused as refused:
            self.unchecked += 1
            return self.fault("entry-format", index, str(refused))

        if received < self.latest:  # 2
            self.fault("received-order", index, "received is below that of an earlier entry")
        self.latest = max(self.latest, received)
        if said["iat"] * 1000 > received + SKEW_MS:
            self.fault("received-time", index, "signed later than it was received")

        introduced = {thumbprint(jwk["x"]): jwk["x"] for jwk in jwks_inside(said["data"])}  # 3
        if index == 0:
            log_key = said["data"].get("log_key")
            self.created_key = unb64url(log_key["x"]) if is_jwk(log_key) else None
        introduces = said["stream"] == "ledger" or said["stream"].startswith("agency/")
        key = self.keys.get(event.kid) or (introduced.get(event.kid) if index == 0 and introduces else None)
        signed = key is not None and event.signed_by(key)
        if not signed:
            code = "event-signature" if key else "key-unknown"
            self.fault(code, index, "the signature is not valid" if key else "no earlier entry introduced the key")
        elif introduces:
            self.keys.update(introduced)

        expected, head = self.heads.get(said["stream"], (0, None))  # 4
        if said["seq"] > expected:
            self.fault("stream-gap", index, f"seq {expected} was expected")
        elif said["seq"] < expected or said.get("prev") != head:
            self.fault("stream-fork", index, "does not continue the last event of its stream")
        if said["seq"] >= expected:
            self.heads[said["stream"]] = said["seq"] + 1, event.hash

        if not self.known.add(bytes.fromhex(said["jti"].replace("-", ""))):  # 5
            self.fault("jti-reused", index, "jti stands in an earlier entry")
        if index:  # 6
            self._judge_seen(index, said["seen"])
        self._judge_disclosures(index, event, delivered)  # 7
        if signed and (index == 0 or self.registry.created):
            self._replay(index, event, received)

    def _judge_seen(self, index, seen):
        if seen["size"] > index:
            self.fault("seen-mismatch", index, "seen is of a size the log did not have")
        elif seen["size"] <= self.tree.size:
            if unb64url(seen["root"]) != self.tree.root(seen["size"]):
                self.fault("seen-mismatch", index, "seen is not the root at its size")

    def _judge_disclosures(self, index, event, delivered):
        known = [digest for digest in event.digests if not self.known.add(unb64url(digest))]
        if known:
            self.fault("disclosure-mismatch", index, "a digest stands in an earlier entry")
        if self.complete:
            for code in disclosure_faults(event, delivered, True):
                self.fault(code, index, "the disclosures are not those of this entry's digests")
        elif event.digests:
            self.unchecked += 1
            self.why["integrity"].add("the export holds no disclosures")

    def _replay(self, index, event, received):
        try:
            self.registry.admit(event, index, received)
            self.replayed += 1
        except Refused as refused:
            if index:  # at 0 the fault is one of the whole
                code = "key-not-valid" if refused.code == "key-not-valid" else "not-authorised"
                self.fault(code, index, str(refused))
                self.replayed += 1

    # --- the verdict ---

    def _level(self, codes_of_authority, checked, size):
        name = "authority" if codes_of_authority else "integrity"
        why = set(self.why[name])
        faulty = any((code in AUTHORITY_CODES) == codes_of_authority for code, _ in self.faults)
        if checked < size:
            why.add("entries that are missing, malformed or of no valid signature are not judged")
        status = "faults" if faulty else "partial" if why else "clean"
        return {"status": status, "checked": checked, "unchecked": size - checked, "why": "; ".join(sorted(why))}

    def report(self):
        point, size = self.checkpoint, self.checkpoint.size if self.checkpoint else 0
        absent = size - self.entries
        in_order = sorted(self.faults, key=lambda one: (-1 if one[1] is None else one[1], one[0]))
        not_run = {"status": "not_run", "checked": 0, "unchecked": size, "why": "this program does not know the domain"}
        return {
            "origin": self.origin if point else None, "size": size if point else None,
            "root": b64url(point.root) if point else None, "entries": self.entries, "anchored": self.trust is not None,
            "levels": {"integrity": self._level(False, size - absent - self.unchecked, size),
                       "authority": self._level(True, self.replayed, size), "rules": not_run, "figures": not_run},
            "faults": [{"code": code, "index": index, "message": self.faults[code, index]} for code, index in in_order],
            "seconds": round(time.monotonic() - self.started, 3),
        }


class Disclosures:
    """The disclosures of an export, read beside its entries; `path` is None where there are none."""

    def __init__(self, path, size, fault):
        self._size, self._fault = size, fault
        self._lines = self._read(path) if path and path.is_file() else iter(())
        self._next = next(self._lines, None)

    def _read(self, path):
        highest = 0
        with open(path, "rb") as file:
            for line in file:
                try:
                    value = strict_json(line)
                except Refused:
                    value = None
                index = value.get("index") if isinstance(value, dict) else None
                index = index if is_int(index) else None
                well_formed = index is not None and set(value) == {"index", "disclosure"} \
                    and isinstance(value["disclosure"], str)
                if well_formed and highest <= index < self._size:
                    highest = index
                    yield index, value["disclosure"]
                else:
                    self._fault("disclosure-mismatch", index, "a malformed or disordered line of disclosures.jsonl")

    def of(self, index):
        """The disclosures of one entry; called with rising indexes."""
        found = []
        while self._next and self._next[0] <= index:
            if self._next[0] == index:
                found.append(self._next[1])
            self._next = next(self._lines, None)
        return found

    def finish(self):
        """Reads on to the end: malformed lines count wherever they stand."""
        while self._next:
            self._next = next(self._lines, None)
