#!/usr/bin/env python3
"""An agency's client, as a library and a command: keys, tokens, signing and appending events, checking receipts.

    client.py keygen --agency moh --officer intake-1 --out KEY [--origin ORIGIN]
    client.py token  --url U --key KEY --log-key VKEY
    client.py next   --url U --key KEY --log-key VKEY --stream S
    client.py append --url U --key KEY --log-key VKEY --stream S --type T --data JSON
                     [--disclose class:name=JSON ...] [--occurred DATE-TIME]
    client.py check  --log-key VKEY --receipt FILE --jwt FILE

A key file is a private JWK with `agency` and `officer`. The name in the log's verifier key is the ledger's origin.
"""
import argparse
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sijill_format import Refused, b64url, digest_of, is_int, possession_message, thumbprint, unb64url
from sijill_log import ED25519, Proof, leaf_hash, parse_vkey

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Problem(Exception):
    """The ledger refused: `status`, and the `code` of its problem document."""

    def __init__(self, status, body):
        try:
            self.problem = json.loads(body)
        except ValueError:
            self.problem = {}
        self.status, self.code = status, self.problem.get("code")
        super().__init__(f"{status} {self.code or ''} {self.problem.get('detail', '')}".strip())


class Key:
    """A signer's key: `agency`, `officer`, `x` (public, base64url), `kid`."""

    def __init__(self, jwk):
        self.agency, self.officer, self.x = jwk["agency"], jwk["officer"], jwk["x"]
        self._private, self.kid = Ed25519PrivateKey.from_private_bytes(unb64url(jwk["d"], 32)), thumbprint(jwk["x"])
        if b64url(self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)) != self.x:
            raise ValueError("x is not the public key of d")

    @classmethod
    def from_seed(cls, agency, officer, seed):
        """Returns (Key, the JWK to keep)."""
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64url(public), "d": b64url(seed),
               "agency": agency, "officer": officer}
        return cls(jwk), jwk

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(json.load(file))

    def public(self):
        return {"crv": "Ed25519", "kty": "OKP", "x": self.x}

    def sign(self, message):
        return b64url(self._private.sign(message))

    def possession(self, origin):
        """Proof of possession; for a service key the agency is `ledger`, for a root key the officer is `root`."""
        return self.sign(possession_message(origin, self.agency, self.officer, self.kid))

    def jws(self, typ, payload):
        header = {"alg": "Ed25519", "typ": typ, "kid": self.kid}
        text = ".".join(b64url(json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode())
                        for part in (header, payload))
        return f"{text}.{self.sign(text.encode())}"


def uuid7(now=None):
    """RFC 9562 version 7."""
    value = int((time.time() if now is None else now) * 1000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 7 << 76
    text = f"{value & ~(3 << 62) | 2 << 62:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def disclosure(name, value):
    """A fresh disclosure; its salt is never derived from anything."""
    array = [b64url(secrets.token_bytes(16)), name, value]
    return b64url(json.dumps(array, ensure_ascii=False, separators=(",", ":")).encode())


def sign_event(key, payload, hidden=()):
    """Signs `payload` and hides `hidden`, triples of (class, name, value), in its `data`. Returns an SD-JWT."""
    data, delivered = dict(payload["data"]), []
    for kind in dict.fromkeys(kind for kind, _, _ in hidden):
        own = [disclosure(name, value) for one, name, value in hidden if one == kind]
        data[kind] = {"_sd": sorted(map(digest_of, own))}
        delivered += own
    jwt = key.jws("case-event+sd-jwt", {**payload, "data": data})
    return "~".join((jwt, *delivered, ""))


def check_receipt(receipt, jwt, log_key):
    """Raises `Refused` unless the receipt proves, under the log's verifier key, that the ledger took in `jwt`."""
    key = parse_vkey(log_key)
    proof = Proof(receipt["proof"].encode())
    if not is_int(receipt["index"]) or receipt["index"] != proof.index or not is_int(receipt["received"]):
        raise Refused("receipt", "index or received is not what the proof says")
    if key[1] != ED25519 or proof.checkpoint.origin != key[0] or not proof.checkpoint.signed_by(key):
        raise Refused("checkpoint-signature", "the receipt's checkpoint is not signed by this log")
    if not proof.proves(leaf_hash(f"{receipt['received']} {jwt}".encode())):
        raise Refused("root", "the proof does not lead from the event to the checkpoint's root")


class Client:
    def __init__(self, url, key, log_key):
        self.url, self.key, self.log_key, self._token = url.rstrip("/"), key, log_key, (None, 0)
        self.origin = parse_vkey(log_key)[0]

    def call(self, path, body=None, content_type=None, token=False):
        """One request; returns the parsed JSON answer, or raises `Problem`."""
        headers = {"Content-Type": content_type} if content_type else {}
        if token:
            headers["Authorization"] = f"Bearer {self.token()}"
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Problem(error.code, error.read()) from None

    def token(self):
        if self._token[1] < time.time() + 30:
            who, now = f"{self.key.agency}/{self.key.officer}", int(time.time())
            claims = {"iss": who, "sub": who, "aud": self.origin, "jti": uuid7(), "iat": now, "exp": now + 120}
            form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION,
                    "client_assertion": self.key.jws("JWT", claims)}
            answer = self.call("/oauth/token", urllib.parse.urlencode(form).encode(),
                               "application/x-www-form-urlencoded")
            self._token = answer["access_token"], time.time() + answer["expires_in"]
        return self._token[0]

    def next(self, stream):
        """The unsigned payload for our next event in `stream`; refused if it speaks for anyone else."""
        payload = self.call(f"/v1/streams/{urllib.parse.quote(stream, safe='')}/next", token=True)["payload"]
        ours = {"iss": self.key.agency, "sub": self.key.officer, "aud": self.origin, "stream": stream}
        if any(payload.get(name) != value for name, value in ours.items()):
            raise Refused("payload", "the ledger offers a payload that is not ours to sign")
        return payload

    def post(self, sd_jwt):
        """Posts a signed event, and checks the receipt before it is believed."""
        receipt = self.call("/v1/events", sd_jwt.encode(), "application/sd-jwt")
        check_receipt(receipt, sd_jwt.partition("~")[0], self.log_key)
        return receipt

    def append(self, stream, kind, data, hidden=(), occurred=None):
        payload = {**self.next(stream), "type": kind, "data": data}
        if occurred:
            payload["occurred"] = occurred
        return self.post(sign_event(self.key, payload, hidden))


def hidden_value(text):
    """`class:name=JSON`, as given on the command line."""
    where, _, value = text.partition("=")
    kind, _, name = where.partition(":")
    return kind, name, json.loads(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("keygen", "token", "next", "append", "check"))
    for name in ("agency", "officer", "out", "origin", "url", "key", "log-key", "stream", "type", "occurred",
                 "receipt", "jwt"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--data", type=json.loads, default={})
    parser.add_argument("--disclose", type=hidden_value, action="append", default=[])
    given = parser.parse_args()
    if given.command == "keygen":
        key, jwk = Key.from_seed(given.agency, given.officer, secrets.token_bytes(32))
        with open(os.open(given.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(jwk, file)
        answer = {"kid": key.kid, "key": key.public()}
        if given.origin:
            answer["proof"] = key.possession(given.origin)
    elif given.command == "check":
        with open(given.receipt, encoding="utf-8") as receipt, open(given.jwt, encoding="ascii") as jwt:
            answer = json.load(receipt)
            check_receipt(answer, jwt.read().strip().partition("~")[0], given.log_key)
    else:
        client = Client(given.url, Key.load(given.key), given.log_key)
        if given.command == "token":
            answer = {"access_token": client.token()}
        elif given.command == "next":
            answer = client.next(given.stream)
        else:
            answer = client.append(given.stream, given.type, given.data, given.disclose, given.occurred)
    print(json.dumps(answer, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    try:
        main()
    except (Problem, Refused, OSError, ValueError) as error:
        print(f"{getattr(error, 'code', None) or type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
