#!/usr/bin/env python3
"""Runs the shared vectors, schemas/vectors/*.json: every verdict, and every value that an accepted case gives.

Refusal codes are not compared: the files name the Rust crates' own, which are finer than the format's.
"""
import json
import re
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sijill_format import (Event, Refused, b64, b64url, disclosure_faults, fits, hash_of,  # noqa: E402
                           parse_disclosure, parse_entry, require, sha256, strict_json, thumbprint, unb64url, verify)
from sijill_heads import key_leaf, key_proved, root_of, stream_leaf, stream_proved, with_leaves  # noqa: E402
from sijill_log import (ED25519, Checkpoint, Note, Proof, Tree, leaf_hash, node_hash, parse_bundle,  # noqa: E402
                        parse_vkey, root_from_inclusion, tile_path, unbase64)
from sijill_policy import COSIGNATURE, Policy, signing_time  # noqa: E402

LARGEST = 2**63 - 1


def unhash(text):
    data = unbase64(text)
    require(len(data) == 32, "not a hash")
    return data


def parse_sd_jwt(raw):
    """Parses an SD-JWT as it is posted: every disclosure is delivered. Returns (Event, [disclosure])."""
    jwt, *disclosures = raw.split(b"~")
    require(len(raw) <= 1 << 20 and disclosures and disclosures.pop() == b"", "not an SD-JWT, or too long")
    event, texts = Event(jwt), [text.decode("ascii", "replace") for text in disclosures]
    require(not any(disclosure_faults(event, texts)), "the disclosures are not those of the digests")
    return event, texts


def consistent(old_size, old_root, size, root, proof):
    """Whether `proof` shows the tree of `size` to extend the one of `old_size`, RFC 9162 §2.1.4.2."""
    if old_size > size or old_size < 0:
        return False
    if old_size == size:
        return not proof and old_root == root
    if old_size == 0:
        return not proof and old_root == sha256(b"")
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    index, last = old_size - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    first = second = path.pop(0)
    for node in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            first, second = node_hash(node, first), node_hash(node, second)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            second = node_hash(second, node)
        index, last = index >> 1, last >> 1
    return last == 0 and first == old_root and second == root


# --- event.json: a function a kind, from (bytes, key) to the values expected ---

def grouped(digests):
    groups = {}
    for digest, group in digests.items():
        groups.setdefault(group, []).append(digest)
    return groups


def read_event(event: Event, key):
    if key:
        require(fits("key", key) and event.kid == thumbprint(key["x"]) and event.signed_by(key["x"]), "signature")
    return {"digests": grouped(event.digests), "hash": event.hash, "kid": event.kid}


def read_jwk(raw, _):
    jwk = strict_json(raw)
    require(fits("key", jwk), "no key")
    return {"kid": thumbprint(jwk["x"])}


def read_disclosure(raw, _):
    text = raw.decode("ascii", "replace")
    name, value = parse_disclosure(text)
    return {"digest": hash_of(text), "name": name, "value": value}


def read_sd_jwt(raw, key):
    event, texts = parse_sd_jwt(raw)
    disclosed = [{"class": event.digests[hash_of(text)], "digest": hash_of(text),
                  "name": parse_disclosure(text)[0]} for text in texts]
    return {**read_event(event, key), "disclosed": disclosed}


def read_entry(raw, key):
    received, event = parse_entry(raw)
    return {**read_event(event, key), "leaf_hash": b64url(leaf_hash(raw)), "received": received}


KINDS = {
    "json": lambda raw, _: {"compact": json.dumps(strict_json(raw), ensure_ascii=False, separators=(",", ":"))},
    "jwk": read_jwk, "disclosure": read_disclosure, "sd-jwt": read_sd_jwt, "entry": read_entry,
    "jwt": lambda raw, key: read_event(Event(raw), key),
}


def event_cases(file):
    for vector in file["vectors"]:
        if "input_parts" in vector:
            raw = "".join(text * count for text, count in vector["input_parts"]).encode()
        elif "input_b64" in vector:
            raw = unb64url(vector["input_b64"])
        else:
            raw = vector["input"].encode()
        expected = vector["expected"] if vector["verdict"] == "valid" else None
        yield vector["name"], expected, lambda: KINDS[vector["kind"]](raw, vector.get("key"))


# --- ed25519.json ---

def ed25519_cases(file):
    for vector in file["vectors"]:
        key, message, signature = (bytes.fromhex(vector[name]) for name in ("key", "message", "signature"))

        def judge():
            require(verify(key, message, signature), "not valid")
            if "seed" in vector:
                signer = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["seed"]))
                require(signer.sign(message) == signature, "the seed signs otherwise")
            return {}
        yield vector["name"], {} if vector["verdict"] == "valid" else None, judge


# --- log.json: a function a section, from the case to the values given ---

def tile(case, entries):
    match = re.fullmatch(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?", case["path"])
    require(match and (match[1] == "entries") == entries, "no such path")
    level, width = 0 if entries else int(match[1]), int(match[3] or 256)
    index = int(re.sub(r"\D", "", match[2]))
    path = tile_path("", "entries" if entries else level, index, width)
    require(case["path"] == str(path) and 1 <= width <= 256 and not (match[3] and width == 256), "misspelt")
    require(level < 8 and (index * 256 + width) * 256 ** level <= LARGEST, "beyond every log")
    return {"index": index, "level": level, "width": width}


def note_of(case):
    return unbase64(case["note_base64"]) if "note_base64" in case else case["note"].encode()


def signed_checkpoint(checkpoint, log):
    require(checkpoint.is_signed_by(parse_vkey(log)), "not signed by the log")
    return {"origin": checkpoint.origin, "root": b64(checkpoint.root), "size": checkpoint.size}


def inclusion(case):
    root = root_from_inclusion(unhash(case["leaf"]), case["index"], case["size"], hashes(case["proof"]))
    require(root == unhash(case["root"]), "another root")
    return {}


def hashes(texts):
    return [unhash(text) for text in texts]


def consistency(case):
    old, new = unhash(case["old_root"]), unhash(case["new_root"])
    require(consistent(case["old"], old, case["new"], new, hashes(case["proof"])), "not an extension")
    return {}


def any_vkey(text):
    try:
        return parse_vkey(text, ED25519)
    except Refused:
        return parse_vkey(text, COSIGNATURE)


def note(case):
    read, keys = Note(note_of(case)), map(any_vkey, case["keys"])
    signed = [key[0] for key in keys if signing_time(read, key) is not None]
    require(signed, "signed by nobody known")
    return {"signed_by": signed, "text": read.text}


def cosignature(case):
    return {"time": signing_time(Checkpoint(note_of(case)), parse_vkey(case["witness"], COSIGNATURE))}


def proof(case):
    read = Proof(case["proof"])
    require(read.proves(unhash(case["leaf"])), "proves nothing")
    return signed_checkpoint(read.checkpoint, case["log"])


def bundle(case):
    entries = parse_bundle(unbase64(case["bundle"]), case["width"])
    packed = b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
    require(0 < len(entries) <= 256 and packed == unbase64(case["bundle"]), "not a bundle of this width")
    return {"entries": [b64(entry) for entry in entries]}


def verifier_key(case):
    name, kind, public = any_vkey(case["vkey"])
    return {"name": name, "type": kind, "public_key": b64(public)}


def policy(case):
    read = Policy(case["policy"])
    return {"logs": len(read.logs), "witnesses": list(read.witnesses), "quorums_intersect": read.quorums_intersect()}


def quorum(case):
    rule, checkpoint = Policy(case["policy"]), Checkpoint(note_of(case))
    times = rule.open(checkpoint)
    return {"by": rule.quorum_time(times, False), "since": rule.quorum_time(times, True), "cosigned": sorted(
        [name, time] for name, time in times.items()), "origin": checkpoint.origin, "root": b64(checkpoint.root),
        "size": checkpoint.size}


class Roots:
    """Roots by the leaf rule; the tree grows as far as it is asked."""

    def __init__(self):
        self.tree = Tree()

    def __call__(self, case):
        while self.tree.size < case["size"]:
            self.tree.append(leaf_hash(b"entry %d" % self.tree.size))
        return {"root": b64(self.tree.root(case["size"]))}


SECTIONS = {
    "leaf_hashes": lambda case: {"hash": b64(leaf_hash(unbase64(case["entry"])))},
    "node_hashes": lambda case: {"hash": b64(node_hash(unhash(case["left"]), unhash(case["right"])))},
    "roots": Roots(), "inclusion": inclusion, "consistency": consistency, "verifier_keys": verifier_key, "notes": note,
    "checkpoints": lambda case: signed_checkpoint(Checkpoint(note_of(case)), case["log"]),
    "cosignatures": cosignature, "proofs": proof, "policies": policy, "quorums": quorum, "bundles": bundle,
    "tile_paths": lambda case: tile(case, False), "bundle_paths": lambda case: tile(case, True),
}


def log_cases(file):
    for section, cases in file["sections"].items():
        for case in cases:
            expected = None if "refused" in case else case["gives"]
            yield f"{section}: {case['name']}", expected, lambda: SECTIONS[section](case)


# --- heads.json: likewise ---

def leaf(made):
    return {"key": b64url(made[0]), "value": b64url(made[1])}


def proved(holds):
    require(holds, "does not lead to the root")
    return {}


def without(case, *names):
    return {name: value for name, value in case.items() if name not in ("name", "gives", "refused", *names)}


HEADS = {
    "maps": lambda case: {"root": b64url(root_of(with_leaves(None, {
        unb64url(key): unb64url(value) for key, value in case["leaves"]})))},
    "stream_leaves": lambda case: leaf(stream_leaf(**without(case))),
    "key_leaves": lambda case: leaf(key_leaf(**without(case))),
    "stream_proofs": lambda case: proved(stream_proved(case["root"], case["proof"])),
    "key_proofs": lambda case: proved(key_proved(case["root"], case["proof"])),
}


def heads_cases(file):
    for section, cases in file["sections"].items():
        for case in cases:
            expected = None if "refused" in case else case["gives"]
            yield f"{section}: {case['name']}", expected, lambda: HEADS[section](case)


def as_text(value):
    """Numbers as text: a vector may give a large one as either."""
    if isinstance(value, dict):
        return {name: as_text(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_text(item) for item in value]
    return str(value) if type(value) is int else value


FILES = {"event.json": event_cases, "ed25519.json": ed25519_cases, "log.json": log_cases,
         "heads.json": heads_cases}


def run_vectors(directory):
    """Prints each difference and a summary; returns the exit status."""
    ran, different = 0, 0
    for path in sorted(Path(directory).glob("*.json")):
        if path.name not in FILES:
            print(f"{path.name}: not a file this program knows; it is not run")
            different += 1
            continue
        for name, expected, judge in FILES[path.name](json.loads(path.read_text(encoding="utf-8"))):
            ran += 1
            try:
                found = judge()
            except Refused as refused:
                found, why = None, str(refused)
            else:
                why = f"gives {found}"
            if as_text(found) != as_text(expected):
                different += 1
                wanted = "refusal" if expected is None else expected
                print(f"DIFFERENT {path.name}: {name}: expected {wanted}; {why}")
    print(f"{ran} vectors, {different} different")
    return 1 if different or not ran else 0


if __name__ == "__main__":
    sys.exit(run_vectors(sys.argv[1]))
