"""Strict reading of what a ledger holds: docs/ledger-format.md §2, §3 and Annex A.
Written from the text alone, so that it can disagree with the Rust program. What is malformed raises `Refused`.
"""
import base64
import hashlib
import json
import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Refused = ValueError  # what Python's own decoders raise as well
LARGEST = 2**53 - 1
CLASSES = "casework identity narrative sensitive reporter".split()

def require(condition, why):
    if not condition:
        raise Refused(why)

def sha256(data):
    return hashlib.sha256(data).digest()

def b64(data):
    return base64.b64encode(data).decode()

def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def unbase64(text, encode=b64):
    """The decoder skips foreign characters and unused bits: what is not canonical does not come out again."""
    data = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))
    require(encode(data) == text, "base64 is not canonical")
    return data

def unb64url(text):
    return unbase64(text, b64url)

def hash_of(text):
    return b64url(sha256(text.encode()))

# --- JSON ---

def parts_of(value, depth=1):
    """Yields (depth, part) for `value` and all that is in it, names too, from the outside in."""
    yield depth, value
    for part in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts_of(part, depth + 1)

def objects_in(value):
    return [part for _, part in parts_of(value) if isinstance(part, dict)]

def names_in(value):
    return {name for one in objects_in(value) for name in one}

def _members(pairs):
    require(len(dict(pairs)) == len(pairs), "a member stands twice")
    return dict(pairs)

def _integer(text):
    require(text != "-0" and abs(int(text)) <= LARGEST, "not an integer allowed here")
    return int(text)

def strict_json(raw):
    """Parses UTF-8 bytes by the profile of §2. int() refuses fractions, exponents and NaN."""
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_members, parse_int=_integer, parse_float=int,
                           parse_constant=int)
    except RecursionError:
        raise Refused("nested too deeply") from None
    for depth, part in parts_of(value):
        require(depth <= 8 or not isinstance(part, (dict, list)), "nested too deeply")
        require(not isinstance(part, str) or b"\0" not in part.encode(), "U+0000")  # nor encodes a lone surrogate
    return value

# --- syntax: a rule is a pattern for strings, or a function ---

def fits(rule, value):
    rule = RULES[rule]
    return rule(value) if callable(rule) else isinstance(value, str) and bool(re.fullmatch(rule, value))

def shaped(value, shape):
    """Whether `value` is an object of just the members listed: `name`, `name?` if optional, `name=RULE`."""
    terms = re.findall(r"(\w+)(\??)=?(\w*)", shape)
    return isinstance(value, dict) and value.keys() <= {name for name, _, _ in terms} and all(
        fits(rule or name, value[name]) if name in value else optional for name, optional, rule in terms)

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
DATE_TIME = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T{CLOCK}:[0-5][0-9](\.[0-9]{{1,9}})?(Z|[+-]{CLOCK})"

def instant_ms(text):
    """Unix milliseconds, rounded down, of an RFC 3339 date-time; None if it is not one."""
    try:
        require(re.fullmatch(DATE_TIME, text), "not a date-time")
        return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)
    except (TypeError, ValueError):  # no string, or no such day
        return None

AGENCY = "(?!ledger$)[a-z0-9][a-z0-9-]{0,31}"
RULES = {
    "int": lambda value: type(value) is int and 0 <= value <= LARGEST,  # True is an int as well
    "count": lambda value: fits("int", value) and value > 0,
    "v": lambda value: fits("count", value) and value <= 9999,
    "time": lambda value: instant_ms(value) is not None,
    "object": lambda value: isinstance(value, dict), "list": lambda value: isinstance(value, list), "string": "(?s).*",
    "hash": "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]",  # 32 bytes; the last character has two unused bits
    "salt": "[A-Za-z0-9_-]{21}[AQgw]", "signature": "[A-Za-z0-9_-]{85}[AQgw]",  # 16 and 64 bytes
    "id": "[a-z0-9][a-z0-9-]{0,31}", "agency": AGENCY, "officer": "[a-z0-9][a-z0-9._-]{0,63}",
    "word": "[a-z][a-z0-9_]{0,63}", "origin": "[!-*,-~]{1,255}",
    "stream": f"ledger|log|agency/{AGENCY}|(contact|case|auto|access)/[A-Za-z0-9][A-Za-z0-9._-]{{0,127}}",
    "type": r"(?=.{1,64}$)[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+",
    "jti": "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "alg": "Ed25519|EdDSA", "typ": r"case-event\+sd-jwt", "_sd_alg": "sha-256", "crv": "Ed25519", "kty": "OKP",
    "seen": lambda value: shaped(value, "size=count root=hash"),
    "key": lambda value: shaped(value, "crv kty x=hash") and is_good_point(unb64url(value["x"])),
}
PAYLOAD = ("iss=id sub=officer act?=officer aud=origin jti iat=int occurred?=time stream seq=int prev?=hash "
           "seen? type v data=object _sd_alg")

# --- keys and signatures ---

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826
SMALL_Y = {0, 1, P - 1, ORDER_8, P - ORDER_8}  # of the eight points of small order

def y_of(encoded):
    return int.from_bytes(encoded, "little") % 2**255

@lru_cache(maxsize=4096)
def is_good_point(encoded):
    """Canonical, on the curve, and not of small order."""
    y = y_of(encoded)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    return len(encoded) == 32 and y < P and y not in SMALL_Y and pow(square, (P - 1) // 2, P) == 1

def verify(public, message, signature):
    """The predicate of §2. OpenSSL is cofactorless and compares R as bytes; the rest is checked here."""
    s = int.from_bytes(signature[32:], "little")
    if s >= L or not is_good_point(public) or y_of(signature[:32]) % P in SMALL_Y:
        return False
    try:
        return Ed25519PublicKey.from_public_bytes(public).verify(signature, message) is None
    except InvalidSignature:
        return False

def thumbprint(x):
    """RFC 7638 thumbprint of the JWK with this `x`."""
    return hash_of('{"crv":"Ed25519","kty":"OKP","x":"%s"}' % x)

def possession_message(origin, agency, officer, kid):
    return f"sijill-key-possession/v1\n{origin}\n{agency}\n{officer}\n{kid}\n".encode()

# --- events ---

class Event:
    """An issuer-signed JWT. `digests` maps each digest to its class. The signature is not judged."""

    def __init__(self, raw):
        require(len(raw) <= 60_000, "too long")
        self.jwt, self.hash, self.digests = raw.decode("ascii"), b64url(sha256(raw)), {}
        self.signed, _, signature = self.jwt.rpartition(".")
        header, said = map(strict_json, map(unb64url, self.signed.split(".")))
        require(shaped(header, "alg typ kid=hash") and fits("signature", signature), "header or signature")
        require(shaped(said, PAYLOAD) and ("prev" in said) == (said["seq"] > 0), "the payload is malformed")
        self.kid, self.payload, self.signature = header["kid"], said, unb64url(signature)
        hidden = {name: said["data"][name] for name in CLASSES if name in said["data"]}
        names = names_in({name: value for name, value in said["data"].items() if name not in hidden})
        require(names.isdisjoint({"_sd", "_sd_alg", "..."}), "_sd, _sd_alg or ... where it may not be")
        for name, value in hidden.items():
            listed = value["_sd"] if isinstance(value, dict) and [*value] == ["_sd"] else None
            require(listed and isinstance(listed, list) and all(fits("hash", digest) for digest in listed)
                    and listed == sorted({*listed} - self.digests.keys()), f"data.{name} is no class of digests")
            self.digests.update(dict.fromkeys(listed, name))

    def signed_by(self, x):
        return verify(unb64url(x), self.signed.encode(), self.signature)

def parse_entry(raw):
    """Parses `<received>` SP `<JWT>`; returns (received, Event)."""
    received, _, jwt = raw.partition(b" ")
    require(re.fullmatch(rb"0|[1-9][0-9]{0,15}", received) and int(received) <= LARGEST, "received")
    return int(received), Event(jwt)

def parse_disclosure(text):
    """Returns (name, value) of one disclosure."""
    require(len(text) <= 40_000, "too long")
    array = strict_json(unb64url(text))
    require(isinstance(array, list) and len(array) == 3 and fits("salt", array[0]) and fits("word", array[1])
            and names_in(array[2]).isdisjoint({"_sd", "..."}), "not an array of salt, name and value")
    return array[1], array[2]

def disclosure_faults(event, disclosures):
    """Codes for the disclosures delivered with `event`, and the digests without one (Annex C, step 7)."""
    codes, delivered, names = set(), set(), set()
    for text in disclosures:
        digest = hash_of(text)
        try:
            named = event.digests[digest], parse_disclosure(text)[0]
        except (KeyError, Refused):
            named = None
        if named is None or digest in delivered or named in names:
            codes.add("disclosure-mismatch")
        delivered.add(digest)  # what has this digest is its disclosure, even if it is malformed
        names.add(named)
    return codes, event.digests.keys() - delivered
