#!/usr/bin/env python3
"""Builds small ledgers in pure Python, honest or not, for the tests here and for the other languages' checkers.

    made_ledger.py DIR [SIZE [CASES]]
                                 writes DIR/export, DIR/trust.json, DIR/vkey, DIR/old-checkpoint and, of the last
                                 entry, DIR/receipt.json, DIR/entry and DIR/entry.tlog-proof
"""
import gzip
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from client import Key, compact  # noqa: E402
from sijill_format import b64, b64url, fits, hash_of, sha256, unb64url  # noqa: E402
from sijill_log import TILE, Tree, key_id, leaf_hash, tile_path  # noqa: E402

ORIGIN = "ledger.test/sijill"
START = 1_760_000_000_000  # Unix ms of entry 0


def key(agency, officer, tag=""):
    """The same key for the same names, always."""
    return Key(agency, officer, sha256(f"{agency}/{officer}/{tag}".encode()))


LOG_KEY, OPERATOR = key("ledger", "checkpoint"), key("ledger", "operator")


def name(text):
    return {"ar": text, "en": text}


def vkey(name, public, kind=1):
    return f"{name}+{key_id(name, kind, public).hex()}+{b64(bytes([kind]) + public)}"


def pack_bundle(entries):
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def disclosure(name, value, salt):
    """Of a salt that is the same every time, as everything here is: never do that elsewhere."""
    return compact([b64url(sha256(salt.encode())[:16]), name, value])


def root_of(hashes):
    return Tree(b"".join(hashes)).root(len(hashes))


def cosignature(checkpoint, at, time, name=None):
    """The line of witness `at`, which says that it saw the checkpoint at that time (Unix seconds)."""
    own, text = key("witness", at), checkpoint.partition("\n\n")[0] + "\n"
    message = f"cosignature/v1\ntime {time}\n{text}".encode()
    name = name or f"w{at}"
    raw = key_id(name, 4, unb64url(own.x)) + time.to_bytes(8, "big") + unb64url(own.sign(message))
    return f"\u2014 {name} {b64(raw)}\n"


def policy_of(threshold, witnesses="abc"):
    """So many of these witnesses."""
    lines = [f"witness {at} {vkey(f'w{at}', unb64url(key('witness', at).x), 4)}\n" for at in witnesses]
    return "".join(lines) + f"group g {threshold} {' '.join(witnesses)}\nquorum g\n"


class Ledger:
    """Entries are appended without any check: whatever is asked for is signed and sequenced."""

    def __init__(self, founders=("moh", "mosd"), clock="live", quorum=None, **genesis):
        self.entries, self.jwts, self.disclosures, self.tree, self.said = [], [], [], Tree(), []
        self.heads, self.received, self.jti, self.documents = {}, START, 0, []
        services = [key("ledger", one) for one in ("log", "automation", "access")]
        self.append(OPERATOR, "ledger", "ledger.created", {
            "origin": ORIGIN, "log_key": LOG_KEY.jwk, "operator_key": OPERATOR.jwk,
            "services": [{"service": one.officer, "key": one.jwk, "proof": one.possession(ORIGIN)}
                         for one in services],
            "clock": clock, "quorum": quorum or len(founders) // 2 + 1, "witnesses": "quorum none", "rules": 1,
            "founders": [{"agency": one, "name": name(one), "root_key": key(one, "root").jwk,
                          "grants": ["casework"]} for one in founders], **genesis})
        self.founders = founders

    def ratify(self):
        for one in self.founders:
            self.append(key(one, "root"), "ledger", "ledger.ratified", {"created": self.jwt_hash(0)})
        return self

    def jwt_hash(self, index):
        return hash_of(self.jwts[index])

    def append(self, signer, stream, kind, data, hidden=(), /, *,
               received=None, then=lambda jwt: jwt, without=(), **said):
        """Appends and returns the index. `said` overrides payload members, `then` alters the signed JWT."""
        index, (seq, prev) = len(self.entries), self.heads.get(stream, (0, None))
        self.received = self.received + 1000 if received is None else received
        self.jti += 1
        payload = {"iss": signer.agency, "sub": signer.officer, "aud": ORIGIN,
                   "jti": f"01890000-0000-7000-8000-{self.jti:012x}", "iat": self.received // 1000, "stream": stream,
                   "seq": seq, "type": kind, "v": 1, "data": dict(data), "_sd_alg": "sha-256"}
        if prev:
            payload["prev"] = prev
        if index:
            payload["seen"] = self.seen()
        delivered = []
        for group in dict.fromkeys(group for group, _, _ in hidden):
            own = [disclosure(label, value, f"{self.jti}/{group}/{at}")
                   for at, (one, label, value) in enumerate(hidden) if one == group]
            payload["data"][group] = {"_sd": sorted(map(hash_of, own))}
            delivered += own
        payload.update(said)
        for member in without:
            del payload[member]
        jwt = then(signer.jws("case-event+sd-jwt", payload))
        self.heads[stream] = payload["seq"] + 1, hash_of(jwt)
        self.add_entry(f"{self.received} {jwt}".encode(), jwt, payload)
        self.disclosures.extend((index, one) for one in delivered)
        return index

    def add_entry(self, entry, jwt="", said=None):
        self.entries.append(entry)
        self.said.append(said or {})
        self.jwts.append(jwt)
        self.tree.append(leaf_hash(entry))

    def seen(self, size=None):
        size = len(self.entries) if size is None else size
        return {"size": size, "root": b64url(self.tree.root(size))}

    # --- registry acts ---

    def propose(self, action, *approvers, **said):
        """Opens a proposal with the first founder's root; each approver's root approves. Returns the last index."""
        effective = {"effective": said.pop("effective")} if "effective" in said else {}
        index = opened = self.append(key(self.founders[0], "root"), "ledger", "proposal.opened",
                                     {"action": action, **effective}, **said)
        for one in approvers:
            index = self.append(key(one, "root"), "ledger", "proposal.approved", {"proposal": self.jwt_hash(opened)})
        return index

    def enrol(self, agency, officer, roles, unit="u1", kind="officer", by=None):
        home, own = f"agency/{agency}", key(agency, officer)
        if home not in self.heads:
            self.append(key(agency, "root"), home, "unit.opened", {"unit": unit, "name": name(unit)})
        return self.append(by or key(agency, "root"), home, "officer.enrolled", {
            "officer": officer, "kind": kind, "unit": unit, "roles": roles, "key": own.jwk,
            "proof": own.possession(ORIGIN)})

    def record(self, clocks, **said):
        """Records the checkpoint of now, cosigned by each witness with its clock, Unix seconds."""
        note = self.checkpoint() + "".join(cosignature(self.checkpoint(), at, time) for at, time in clocks.items())
        return self.append(key("ledger", "log"), "log", "log.witnessed", {"checkpoint": note}, **said)

    # --- files ---

    def checkpoint(self, size=None, signer=LOG_KEY, root=None):
        size = len(self.entries) if size is None else size
        text = f"{ORIGIN}\n{size}\n{b64(root or self.tree.root(size))}\n"
        signature = key_id(ORIGIN, 1, unb64url(signer.x)) + unb64url(signer.sign(text.encode()))
        return f"{text}\n\u2014 {ORIGIN} {b64(signature)}\n"

    def inclusion(self, index, size):
        """RFC 6962 §2.1.1, by its recursive definition."""
        def path(m, low, high):
            if high - low == 1:
                return []
            k = 1 << (high - low - 1).bit_length() - 1
            if m - low < k:
                return path(m, low, low + k) + [self.subtree(low + k, high)]
            return path(m, low + k, high) + [self.subtree(low, low + k)]
        return path(index, 0, size)

    def subtree(self, low, high):
        return root_of([leaf_hash(one) for one in self.entries[low:high]])

    def proof(self, index, size=None):
        size = len(self.entries) if size is None else size
        hashes = "".join(b64(one) + "\n" for one in self.inclusion(index, size))
        return f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n{self.checkpoint(size)}"

    def receipt(self, index, size=None):
        return {"index": index, "received": int(self.entries[index].split(b" ")[0]), "proof": self.proof(index, size)}

    def evidence(self, path, wanted, checkpoint=None, witnessed=(), disclose=True, packed=True):
        """Of these entries, with the registry before them and every record of cosignatures between."""
        last, size = max(wanted), len(self.entries)
        rests = {index for index, said in enumerate(self.said[:last]) if said.get("stream", "").startswith(("ledger", "agency/"))
                 or said.get("type") == "log.witnessed"}
        held = sorted({*wanted, *rests})
        cuts = {int(note.split("\n")[1]) for note in witnessed}
        cuts |= {self.said[index]["seen"]["size"] for index in held if fits("int", self.said[index].get("seen", {}).get("size"))}
        stops, between, at = sorted({size, *held, *(index + 1 for index in held), *cuts}), [], 0
        for stop in (one for one in stops if 0 < one <= size):
            while at < stop and at not in held:
                level = min((at & -at).bit_length() - 1 if at else 62, (stop - at).bit_length() - 1)
                between.append([level, b64url(self.subtree(at, at + (1 << level)))])
                at += 1 << level
            at = stop
        text = json.dumps({
            "sijill": "evidence/2", "origin": ORIGIN, "checkpoint": checkpoint or self.checkpoint(),
            "entries": [{"index": index, "entry": self.entries[index].decode(),
                         "disclosures": [text for of, text in self.disclosures if disclose and of == index]}
                        for index in held],
            "between": between, "witnessed": [*witnessed]}).encode()
        write(path, gzip.compress(text) if packed else text)
        return path

    def trust(self, policy="quorum none\n"):
        return {"sijill": "trust/1", "origin": ORIGIN, "log_key": vkey(ORIGIN, unb64url(LOG_KEY.x)),
                "genesis": b64url(leaf_hash(self.entries[0])), "policy": policy}

    def export(self, directory, disclosures="all"):
        directory = Path(directory)
        write(directory / "export.json", json.dumps(
            {"sijill": "export/1", "origin": ORIGIN, "size": len(self.entries),
             "disclosures": disclosures, "attachments": "none"}))
        write(directory / "checkpoint", self.checkpoint())
        for start in range(0, len(self.entries), TILE):
            part = self.entries[start:start + TILE]
            write(tile_path(directory, "entries", start // TILE, len(part)), pack_bundle(part))
        level, hashes = 0, [leaf_hash(one) for one in self.entries]
        while hashes:
            for start in range(0, len(hashes), TILE):
                part = hashes[start:start + TILE]
                write(tile_path(directory, level, start // TILE, len(part)), b"".join(part))
            hashes = [root_of(hashes[at:at + TILE]) for at in range(0, len(hashes) - TILE + 1, TILE)]
            level += 1
        for document in self.documents:
            write(directory / "documents" / hash_of(document), document)
        if disclosures == "all":
            write(directory / "disclosures.jsonl", "".join(
                json.dumps({"index": index, "disclosure": text}) + "\n" for index, text in self.disclosures))
        return directory


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def usual(cases=3):
    """Two founders, an officer in each, a registrar, and some case events with disclosures."""
    ledger = Ledger().ratify()
    ledger.enrol("moh", "nurse", ["casework"])
    ledger.enrol("moh", "clerk", ["registrar"])
    ledger.enrol("mosd", "worker", ["casework"], by=key("mosd", "root"))
    for number in range(cases):
        stream = f"case/c{number}"
        ledger.append(key("moh", "nurse"), stream, "case.opened", {"to": {"agency": "mosd"}},
                      [("casework", "priority", "high"), ("casework", "deadline", None),
                       ("identity", "name", "م. ع.")])
        ledger.append(key("mosd", "worker"), stream, "referral.accepted", {}, [("narrative", "note", "ok")])
    return ledger


def main(directory, size="700", cases="2"):
    ledger, directory = usual(int(cases)), Path(directory)
    worker = key("mosd", "worker")
    while len(ledger.entries) < int(size):
        ledger.append(worker, "contact/many", "contact.noted", {})
    ledger.export(directory / "export")
    last = len(ledger.entries) - 1
    write(directory / "trust.json", json.dumps(ledger.trust()))
    write(directory / "vkey", ledger.trust()["log_key"])
    write(directory / "old-checkpoint", ledger.checkpoint(size=300 if last > 300 else last))
    write(directory / "receipt.json", json.dumps(ledger.receipt(last)))
    write(directory / "entry", ledger.entries[last])
    write(directory / "entry.tlog-proof", ledger.proof(last))


if __name__ == "__main__":
    main(*sys.argv[1:])
