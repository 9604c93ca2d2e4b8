#!/usr/bin/env python3
"""A ledger's API as far as an appending client needs it, in memory, on the Python verifier: so that the clients here
can be tested with no ledger at hand, and against one that lies.

    made_server.py DIR [--lie received|index|root|signature|payload]

Serves on a free port of 127.0.0.1. Writes DIR/url, DIR/vkey and the officer's key file, DIR/key.json.
"""
import argparse
import http.server
import json
import sys
import time
import urllib.parse
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools" / "verify"
sys.path[:0] = [str(TOOLS), str(TOOLS / "tests")]

from client import uuid7  # noqa: E402
from made_ledger import ORIGIN, key, usual, write  # noqa: E402
from sijill_format import Refused, b64url, require, sha256, strict_json, unb64url, verify  # noqa: E402
from vectors import parse_sd_jwt  # noqa: E402

NURSE = key("moh", "nurse")
TOKEN = "a-token-of-the-made-server"


class Handler(http.server.BaseHTTPRequestHandler):
    ledger, lie = usual(1), None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = urllib.parse.urlparse(self.path).path
        self.respond(lambda: self.token(body) if path == "/oauth/token" else self.append(body))

    def do_GET(self):
        self.respond(self.next)

    def respond(self, act):
        try:
            status, answer = act()
        except Refused as refused:
            status, answer = 400, {"detail": str(refused)}
        raw = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def token(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        head, claims, signature = form["client_assertion"].split(".")
        header, said, now = strict_json(unb64url(head)), strict_json(unb64url(claims)), time.time()
        if not verify(unb64url(NURSE.x), f"{head}.{claims}".encode(), unb64url(signature)) \
                or header != {"alg": "Ed25519", "typ": "JWT", "kid": NURSE.kid} \
                or form["grant_type"] != "client_credentials" \
                or form["client_assertion_type"] != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" \
                or (said["iss"], said["sub"], said["aud"]) != ("moh/nurse", "moh/nurse", ORIGIN) \
                or not now - 30 < said["iat"] <= now < said["exp"] <= said["iat"] + 300 or not said["jti"]:
            raise Refused("the assertion is not good")
        return 200, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 600, "scope": "append"}

    def next(self):
        before, stream, after = self.path[len("/v1/streams/"):].partition("/next")
        if self.headers["Authorization"] != f"Bearer {TOKEN}" or (stream, after) != ("/next", "") or "/" in before:
            raise Refused("no token, or no such call")
        stream = urllib.parse.unquote(before)
        seq, prev = self.ledger.heads.get(stream, (0, None))
        payload = {"iss": "moh", "sub": "nurse" if self.lie != "payload" else "clerk", "aud": ORIGIN, "jti": uuid7(),
                   "iat": int(time.time()), "stream": stream, "seq": seq, "seen": self.ledger.seen(), "v": 1,
                   "_sd_alg": "sha-256"}
        if prev:
            payload["prev"] = prev
        return 200, {"payload": payload}

    def append(self, body):
        event, texts = parse_sd_jwt(body)
        seq, prev = self.ledger.heads.get(event.payload["stream"], (0, None))
        require(event.kid == NURSE.kid and event.signed_by(NURSE.x) and event.payload["aud"] == ORIGIN,
                "the signature is not the nurse's")
        require((event.payload["seq"], event.payload.get("prev")) == (seq, prev), "not the next of its stream")
        index, received = len(self.ledger.entries), int(time.time() * 1000)
        self.ledger.heads[event.payload["stream"]] = seq + 1, event.hash
        self.ledger.add_entry(f"{received} {event.jwt}".encode(), event.jwt)
        self.ledger.disclosures += [(index, text) for text in texts]
        receipt = {**self.ledger.receipt(index), "jti": event.payload["jti"]}
        if self.lie in ("received", "index"):
            receipt[self.lie] += 1
        elif self.lie in ("root", "signature"):
            proof = receipt["proof"].partition("\n\n")[0]
            false = {"root": bytes(32)} if self.lie == "root" else {"signer": NURSE}
            receipt["proof"] = f"{proof}\n\n{self.ledger.checkpoint(**false)}"
        return 201, receipt

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--lie", choices=("received", "index", "root", "signature", "payload"))
    given = parser.parse_args()
    Handler.lie = given.lie
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    seed = sha256(b"moh/nurse/")  # as made_ledger.key makes it
    write(given.directory / "key.json", json.dumps(
        {**NURSE.jwk, "d": b64url(seed), "agency": "moh", "officer": "nurse"}))
    write(given.directory / "vkey", Handler.ledger.trust()["log_key"])
    write(given.directory / "url", f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()


if __name__ == "__main__":
    main()
