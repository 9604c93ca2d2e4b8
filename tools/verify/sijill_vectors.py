"""Runs the shared vectors, schemas/vectors/*.json: every verdict, and every value that an accepted case gives.

Refusal codes are not compared: the files name the Rust crates' own, which are finer than the format's.
"""
import base64
import json
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sijill_format import (Event, Refused, b64url, digest_of, is_jwk, parse_disclosure, parse_entry, parse_jwt,
                           parse_sd_jwt, strict_json, thumbprint, unb64url, verify)
from sijill_log import (COSIGNATURE, ED25519, LARGEST, Checkpoint, Proof, Tree, consistent, leaf_hash, node_hash,
                        pack_bundle, parse_bundle, parse_note, parse_vkey, root_from_inclusion, signing_time, tile_path,
                        unbase64)
from sijill_witness import Policy


def b64(data):
    return base64.b64encode(data).decode()


def require(condition, message="refused"):
    if not condition:
        raise Refused("refused", message)


# --- event.json: a function a kind, from (bytes, key) to the values expected ---

def grouped(digests):
    groups = {}
    for digest, group in digests.items():
        groups.setdefault(group, []).append(digest)
    return groups


def read_event(event: Event, key):
    if key:
        require(is_jwk(key) and event.kid == thumbprint(key["x"]) and event.signed_by(key["x"]))
    return {"digests": grouped(event.digests), "hash": event.hash, "kid": event.kid}


def read_jwk(raw, _):
    jwk = strict_json(raw)
    require(is_jwk(jwk))
    return {"kid": thumbprint(jwk["x"])}


def read_disclosure(raw, _):
    text = raw.decode("ascii", "replace")
    name, value = parse_disclosure(text)
    return {"digest": digest_of(text), "name": name, "value": value}


def read_sd_jwt(raw, key):
    event, texts = parse_sd_jwt(raw)
    disclosed = [{"class": event.digests[digest_of(text)], "digest": digest_of(text),
                  "name": parse_disclosure(text)[0]} for text in texts]
    return {**read_event(event, key), "disclosed": disclosed}


def read_entry(raw, key):
    received, event = parse_entry(raw)
    return {**read_event(event, key), "leaf_hash": b64url(leaf_hash(raw)), "received": received}


KINDS = {
    "json": lambda raw, _: {"compact": json.dumps(strict_json(raw), ensure_ascii=False, separators=(",", ":"))},
    "jwk": read_jwk, "disclosure": read_disclosure, "sd-jwt": read_sd_jwt, "entry": read_entry,
    "jwt": lambda raw, key: read_event(parse_jwt(raw), key),
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
            require(verify(key, message, signature))
            if "seed" in vector:
                signer = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["seed"]))
                require(signer.sign(message) == signature)
            return {}
        yield vector["name"], {} if vector["verdict"] == "valid" else None, judge


# --- log.json: a function a section, from the case to the values given ---

def tile(case, entries):
    match = re.fullmatch(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?", case["path"])
    require(match and (match[1] == "entries") == entries)
    level, width = 0 if entries else int(match[1]), int(match[3] or 256)
    index = int(re.sub(r"\D", "", match[2]))
    require(case["path"] == tile_path("entries" if entries else level, index, width) and 1 <= width <= 256)
    require(not (match[3] and width == 256) and level < 8 and (index * 256 + width) * 256 ** level <= LARGEST)
    return {"index": index, "level": level, "width": width}


def note_of(case):
    return unbase64(case["note_base64"]) if "note_base64" in case else case["note"].encode()


def signed_checkpoint(checkpoint, log):
    key = parse_vkey(log)
    require(key[1] == ED25519 and checkpoint.origin == key[0] and checkpoint.signed_by(key))
    return {"origin": checkpoint.origin, "root": b64(checkpoint.root), "size": checkpoint.size}


def inclusion(case):
    root = root_from_inclusion(unbase64(case["leaf"], 32), case["index"], case["size"], hashes(case["proof"]))
    require(root == unbase64(case["root"], 32))
    return {}


def hashes(texts):
    return [unbase64(text, 32) for text in texts]


def consistency(case):
    require(consistent(case["old"], unbase64(case["old_root"], 32), case["new"], unbase64(case["new_root"], 32),
                       hashes(case["proof"])))
    return {}


def note(case):
    text, signatures = parse_note(note_of(case))
    keys = [parse_vkey(key) for key in case["keys"]]
    signed = [key[0] for key in keys if signing_time(text, signatures, key) is not None]
    require(signed)
    return {"signed_by": signed, "text": text}


def cosignature(case):
    key = parse_vkey(case["witness"])
    require(key[1] == COSIGNATURE)
    checkpoint = Checkpoint(note_of(case))
    return {"time": signing_time(checkpoint.text, checkpoint.signatures, key)}


def proof(case):
    read = Proof(case["proof"].encode())
    require(read.proves(unbase64(case["leaf"], 32)))
    return signed_checkpoint(read.checkpoint, case["log"])


def bundle(case):
    entries = parse_bundle(unbase64(case["bundle"]), case["width"])
    require(entries and len(entries) <= 256 and pack_bundle(entries) == unbase64(case["bundle"]))
    return {"entries": [b64(entry) for entry in entries]}


def verifier_key(case):
    name, kind, public = parse_vkey(case["vkey"])
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
    "node_hashes": lambda case: {"hash": b64(node_hash(unbase64(case["left"], 32), unbase64(case["right"], 32)))},
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


def as_text(value):
    """Numbers as text: a vector may give a large one as either."""
    if isinstance(value, dict):
        return {name: as_text(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_text(item) for item in value]
    return str(value) if type(value) is int else value


FILES = {"event.json": event_cases, "ed25519.json": ed25519_cases, "log.json": log_cases}


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
