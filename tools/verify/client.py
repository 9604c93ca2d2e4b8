#!/usr/bin/env python3
"""An agency's client, as a library and a command: keys, signing and appending events, checking receipts.

    client.py keygen --agency moh --officer intake-1 --out KEY [--origin ORIGIN]
    client.py append --url U --key KEY --log-key VKEY --stream S --type T --data JSON
                     [--disclose class:name=JSON ...] [--occurred DATE-TIME]
    client.py check  --log-key VKEY --receipt FILE --jwt FILE

A key file is a private JWK with `agency` and `officer`. The name in the log's verifier key is the origin.
"""
import argparse
import json
import os
import secrets
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sijill_format import b64url, hash_of, possession_message, require, strict_json, thumbprint, unb64url
from sijill_log import Receipt, parse_vkey

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

def compact(value):
    return b64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

def uuid7():
    """RFC 9562 version 7."""
    value = time.time_ns() // 10**6 << 80 | 7 << 76 | secrets.randbits(76)
    return str(UUID(int=value & ~(3 << 62) | 2 << 62))

class Key:
    """A signer's key: `agency`, `officer`, and the public `x` and `kid`."""

    def __init__(self, agency, officer, seed):
        self.agency, self.officer, self._private = agency, officer, Ed25519PrivateKey.from_private_bytes(seed)
        self.x = b64url(self._private.public_key().public_bytes_raw())
        self.kid, self.jwk = thumbprint(self.x), {"crv": "Ed25519", "kty": "OKP", "x": self.x}

    @classmethod
    def load(cls, path):
        held = strict_json(Path(path).read_bytes())
        key = cls(held["agency"], held["officer"], unb64url(held["d"]))
        require(key.x == held["x"], "x is not the public key of d")
        return key

    def sign(self, message):
        return b64url(self._private.sign(message))

    def possession(self, origin):
        """Of a service's key the agency is `ledger`, of a root key the officer `root`."""
        return self.sign(possession_message(origin, self.agency, self.officer, self.kid))

    def jws(self, typ, payload):
        text = compact({"alg": "Ed25519", "typ": typ, "kid": self.kid}) + "." + compact(payload)
        return f"{text}.{self.sign(text.encode())}"

def sign_event(key, payload, hidden=()):
    """An SD-JWT of `payload`, with `hidden` (class, name, value) in its `data`; salts are never derived."""
    data, delivered = dict(payload["data"]), []
    for kind, name, value in hidden:
        delivered.append(compact([b64url(secrets.token_bytes(16)), name, value]))
        data[kind] = {"_sd": sorted([*data.get(kind, {"_sd": []})["_sd"], hash_of(delivered[-1])])}
    return "~".join((key.jws("case-event+sd-jwt", {**payload, "data": data}), *delivered, ""))

def check_receipt(receipt, jwt, log_key):
    """`Refused` unless the receipt proves, under the log's verifier key, that the ledger took in `jwt`."""
    receipt = Receipt(receipt)
    require(receipt.checkpoint.is_signed_by(parse_vkey(log_key)), "its checkpoint is not signed by this log")
    require(receipt.proves_entry(f"{receipt.received} {jwt}".encode()), "it does not prove the event")

class Client:
    def __init__(self, url, key, log_key):
        self.url, self.key, self.log_key, self.origin = url.rstrip("/"), key, log_key, parse_vkey(log_key)[0]
        self._token, self._until = None, 0

    def call(self, path, body=None, headers={}):
        """One request; returns the JSON answered, or raises a `RuntimeError` with the ledger's problem."""
        try:
            with urlopen(Request(self.url + path, body, headers), timeout=60) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise RuntimeError(f"{error.code} {error.read().decode(errors='replace')}") from None

    def token(self):
        if self._until < time.time() + 30:
            who, now = f"{self.key.agency}/{self.key.officer}", int(time.time())
            claims = dict(iss=who, sub=who, aud=self.origin, jti=uuid7(), iat=now, exp=now + 120)
            form = dict(grant_type="client_credentials", client_assertion_type=ASSERTION,
                        client_assertion=self.key.jws("JWT", claims))
            answer = self.call("/oauth/token", urlencode(form).encode())
            self._token, self._until = answer["access_token"], now + answer["expires_in"]
        return self._token

    def append(self, stream, kind, data, hidden=(), **said):
        """Signs and posts the next event of `stream`; its receipt is checked before it is believed."""
        path, token = f"/v1/streams/{quote(stream, safe='')}/next", self.token()
        payload = self.call(path, headers={"Authorization": f"Bearer {token}"})["payload"]
        ours = dict(iss=self.key.agency, sub=self.key.officer, aud=self.origin, stream=stream)
        require(ours.items() <= payload.items(), "the ledger offers a payload that is not ours to sign")
        event = sign_event(self.key, {**payload, "type": kind, "data": data, **said}, hidden)
        receipt = self.call("/v1/events", event.encode(), {"Content-Type": "application/sd-jwt"})
        check_receipt(receipt, event.partition("~")[0], self.log_key)
        return receipt

def keygen(given):
    seed = secrets.token_bytes(32)
    key = Key(given.agency, given.officer, seed)
    with open(os.open(given.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({**key.jwk, "d": b64url(seed), "agency": key.agency, "officer": key.officer}, file)
    return {"kid": key.kid, "key": key.jwk, "proof": given.origin and key.possession(given.origin)}

def append(given):
    hidden = [(*where.split(":"), json.loads(value)) for where, value in given.disclose]
    said = {"occurred": given.occurred} if given.occurred else {}
    client = Client(given.url, Key.load(given.key), given.log_key)
    return client.append(given.stream, given.type, json.loads(given.data), hidden, **said)

def check(given):
    receipt = strict_json(Path(given.receipt).read_bytes())
    check_receipt(receipt, Path(given.jwt).read_text().strip().partition("~")[0], given.log_key)
    return receipt

def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("command", choices=("keygen", "append", "check"))
    for name in "agency officer out origin url key log-key stream type data occurred receipt jwt".split():
        parser.add_argument(f"--{name}")
    parser.add_argument("--disclose", type=lambda text: text.split("=", 1), action="append", default=[])
    given = parser.parse_args()
    try:
        answer = {"keygen": keygen, "append": append, "check": check}[given.command](given)
    except (RuntimeError, OSError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    print(json.dumps(answer, ensure_ascii=False, indent=2))

if __name__ == "__main__":
    main()
