"""Strict reading of what a ledger holds: JSON, base64url, keys, signatures, events, disclosures.

docs/ledger-format.md §2, §3 and Annex A. Pure functions: bytes in, value out, or `Refused`.
Written from the text alone, so that it can disagree with the Rust implementation.
"""
import base64
import hashlib
import json
import re
from datetime import date
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 8
MAX_JWT = 60_000
MAX_DISCLOSURE = 40_000
MAX_SD_JWT = 1 << 20
SKEW_MS = 300_000
CLASSES = ("casework", "identity", "narrative", "sensitive", "reporter")


class Refused(ValueError):
    """Something the format or the registry does not allow; `code` is stable."""

    def __init__(self, code, message=""):
        super().__init__(message or code)
        self.code = code


def sha256(data):
    return hashlib.sha256(data).digest()


# --- base64url and JSON ---

def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text, length=None):
    """Decodes canonical unpadded base64url; Python's own decoder skips foreign characters and unused bits."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text) or len(text) % 4 == 1:
        raise Refused("base64url", "not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64url(data) != text or length not in (None, len(data)):
        raise Refused("base64url", "base64url is not canonical, or of the wrong length")
    return data


def _members(pairs):
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Refused("json", "a member stands twice")
    return value


def _integer(text):
    if text == "-0" or len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise Refused("json", "not an integer this format allows")
    return int(text)


def _no_number(text):
    raise Refused("json", f"{text} is not an integer")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_no_number, parse_constant=_no_number)


def _check_tree(value, depth):
    if isinstance(value, str):
        if "\0" in value:
            raise Refused("json", "U+0000")
        value.encode()  # fails on a lone surrogate, which only an escape can have brought in
    elif isinstance(value, (dict, list)):
        if depth > MAX_DEPTH:
            raise Refused("json", "nested too deeply")
        for name in value if isinstance(value, dict) else ():
            _check_tree(name, depth)
        for child in value.values() if isinstance(value, dict) else value:
            _check_tree(child, depth + 1)


def strict_json(raw):
    """Parses the UTF-8 bytes `raw` by the profile of §2."""
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
        _check_tree(value, 1)
        return value
    except Refused:
        raise
    except (ValueError, RecursionError) as error:
        raise Refused("json", f"not strict JSON: {error}") from None


# --- syntax of Annex A ---

def is_int(value, least=0, most=MAX_INTEGER):
    return type(value) is int and least <= value <= most  # `type`, because True is an int


def matching(pattern):
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


is_unit = matching(r"[a-z0-9][a-z0-9-]{0,31}")
is_officer = matching(r"[a-z0-9][a-z0-9._-]{0,63}")
is_origin = matching(r"[!-*,-~]{1,255}")
is_type = matching(r"(?=.{1,64}$)[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
is_uuid7 = matching(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
is_claim_name = matching(r"[a-z][a-z0-9_]{0,63}")
_is_other_stream = matching(r"(contact|case|auto|access)/[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))")


def is_agency(value):
    return is_unit(value) and value != "ledger"


def is_stream(value):
    if not isinstance(value, str):
        return False
    kind, _, name = value.partition("/")
    return value in ("ledger", "log") or (is_agency(name) if kind == "agency" else _is_other_stream(value))


def is_hash(value):
    try:
        return len(unb64url(value)) == 32
    except Refused:
        return False


def instant_ms(value):
    """Unix milliseconds, rounded down, of an RFC 3339 date-time; None if it is not one."""
    match = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        year, month, day, hour, minute, second = map(int, match.groups()[:6])
        seconds = date(year, month, day).toordinal() - date(1970, 1, 1).toordinal()
    except (AttributeError, ValueError):
        return None
    seconds = ((seconds * 24 + hour) * 60 + minute) * 60 + second
    fraction, sign, hours, minutes = match.groups()[6:]
    if sign:
        offset = int(hours) * 3600 + int(minutes) * 60
        seconds += offset if sign == "-" else -offset
    return seconds * 1000 + int((fraction or "0").ljust(9, "0")[:3])


def is_time(value):
    return instant_ms(value) is not None


def sealed_names(value):
    """Every member name in `value`, at any depth, that selective disclosure reserves."""
    if isinstance(value, dict):
        found = {name for name in value if name in ("_sd", "...", "_sd_alg")}
        return found.union(*map(sealed_names, value.values()))
    return set().union(*map(sealed_names, value)) if isinstance(value, list) else set()


# --- keys and signatures ---

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, P - 2, P) % P
_ORDER_8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
# The eight points of small order differ, besides the sign of x, only in these five y.
SMALL_Y = {0, 1, P - 1, _ORDER_8, P - _ORDER_8}


def _y(encoded):
    return int.from_bytes(encoded, "little") & (2**255 - 1)


@lru_cache(maxsize=4096)
def good_point(encoded):
    """Canonical, on the curve, and not of small order."""
    y = _y(encoded)
    if len(encoded) != 32 or y >= P or y in SMALL_Y:
        return False
    square = (y * y - 1) * pow(_D * y * y + 1, P - 2, P) % P
    return pow(square, (P - 1) // 2, P) == 1


def verify(public, message, signature):
    """The predicate of §2. OpenSSL is cofactorless and compares R as bytes; what it lets through is refused here."""
    if len(signature) != 64 or not good_point(public) or _y(signature[:32]) % P in SMALL_Y:
        return False
    if int.from_bytes(signature[32:], "little") >= L:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


def thumbprint(x):
    """RFC 7638 thumbprint of the JWK whose `x` member is given."""
    return b64url(sha256(b'{"crv":"Ed25519","kty":"OKP","x":"%s"}' % x.encode()))


def is_jwk(value):
    if not isinstance(value, dict) or set(value) != {"crv", "kty", "x"} or not is_hash(value["x"]):
        return False
    return value["crv"] == "Ed25519" and value["kty"] == "OKP" and good_point(unb64url(value["x"]))


def jwks_inside(value):
    """Every object inside `value` (not `value` itself) that is a JWK."""
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if is_jwk(child):
            yield child
        yield from jwks_inside(child)


def possession_message(origin, agency, officer, kid):
    return f"sijill-key-possession/v1\n{origin}\n{agency}\n{officer}\n{kid}\n".encode()


# --- events ---

REQUIRED = {"iss", "sub", "aud", "jti", "iat", "stream", "seq", "type", "v", "data", "_sd_alg"}
OPTIONAL = {"act", "occurred", "prev", "seen"}
MEMBERS = {
    "iss": is_unit, "sub": is_officer, "act": is_officer, "aud": is_origin, "jti": is_uuid7, "iat": is_int,
    "occurred": is_time, "stream": is_stream, "seq": is_int, "prev": is_hash, "type": is_type,
    "v": lambda v: is_int(v, 1, 9999), "data": lambda v: isinstance(v, dict), "_sd_alg": lambda v: v == "sha-256",
    "seen": lambda v: (isinstance(v, dict) and set(v) == {"size", "root"} and is_int(v["size"], 1)
                       and is_hash(v["root"])),
}


class Event:
    """An issuer-signed JWT. `digests` maps each digest to its disclosure class."""

    def __init__(self, jwt, kid, payload, digests, signature):
        self.jwt, self.kid, self.payload, self.digests, self.signature = jwt, kid, payload, digests, signature
        self.hash = b64url(sha256(jwt.encode()))

    def signed_by(self, x):
        return verify(unb64url(x), self.jwt.rpartition(".")[0].encode(), self.signature)


def _digests(data):
    digests = {}
    for name in CLASSES:
        if name not in data:
            continue
        sealed = data[name]
        listed = sealed.get("_sd") if isinstance(sealed, dict) and set(sealed) == {"_sd"} else None
        if not isinstance(listed, list) or not listed or not all(map(is_hash, listed)):
            raise Refused("disclosure-class", f"data.{name} is not an object of digests")
        if any(a >= b for a, b in zip(listed, listed[1:])) or any(digest in digests for digest in listed):
            raise Refused("digest-order", f"digests of data.{name} are not in strictly ascending order")
        digests.update((digest, name) for digest in listed)
    return digests


def parse_jwt(raw):
    """Parses the bytes of one JWT by §2; its signature is not judged."""
    if len(raw) > MAX_JWT:
        raise Refused("jwt-too-long")
    try:
        head, body, signature = raw.decode("ascii").split(".")
    except ValueError:
        raise Refused("jws", "not three parts of base64url") from None
    header = strict_json(unb64url(head))
    if not isinstance(header, dict) or set(header) != {"alg", "typ", "kid"} or not is_hash(header["kid"]) \
            or header["alg"] not in ("Ed25519", "EdDSA") or header["typ"] != "case-event+sd-jwt":
        raise Refused("header", "the header is not exactly alg, typ and kid")
    payload = strict_json(unb64url(body))
    if not isinstance(payload, dict) or not REQUIRED <= set(payload) <= REQUIRED | OPTIONAL:
        raise Refused("payload", "a member is missing or unknown")
    for name, value in payload.items():
        if not MEMBERS[name](value):
            raise Refused("payload", f"{name} is malformed")
    if ("prev" in payload) != (payload["seq"] >= 1):
        raise Refused("payload", "prev is present exactly from seq 1 on")
    data = payload["data"]
    if sealed_names({name: value for name, value in data.items() if name not in CLASSES}):
        raise Refused("payload", "_sd, _sd_alg or ... where it may not be")
    return Event(raw.decode(), header["kid"], payload, _digests(data), unb64url(signature, 64))


def parse_entry(raw):
    """Parses `<received>` SP `<JWT>`; returns (received, Event)."""
    received, _, jwt = raw.partition(b" ")
    if not re.fullmatch(rb"0|[1-9][0-9]{0,15}", received) or int(received) > MAX_INTEGER:
        raise Refused("entry", "received is not a decimal number of milliseconds")
    return int(received), parse_jwt(jwt)


def digest_of(disclosure):
    return b64url(sha256(disclosure.encode()))


def parse_disclosure(text):
    """Returns (name, value) of one disclosure."""
    if not isinstance(text, str) or len(text) > MAX_DISCLOSURE:
        raise Refused("disclosure", "not a disclosure, or too long")
    array = strict_json(unb64url(text))
    if not isinstance(array, list) or len(array) != 3 or not is_claim_name(array[1]):
        raise Refused("disclosure", "not an array of salt, name and value")
    unb64url(array[0], 16)
    if sealed_names(array[2]) - {"_sd_alg"}:
        raise Refused("disclosure", "_sd or ... inside a value")
    return array[1], array[2]


def disclosure_faults(event, disclosures, complete):
    """Codes for the delivered `disclosures` of `event` (Annex C, step 7)."""
    codes, delivered, names = set(), set(), set()
    for text in disclosures:
        digest = digest_of(text)
        try:
            named = event.digests.get(digest), parse_disclosure(text)[0]
        except Refused:
            named = None, None
        if named[0] is None or digest in delivered or named in names:
            codes.add("disclosure-mismatch")
        delivered.add(digest)  # what has this digest is its disclosure, even if it is malformed
        names.add(named)
    if complete and not delivered >= set(event.digests):
        codes.add("disclosure-missing")
    return codes


def parse_sd_jwt(raw):
    """Parses an SD-JWT as it is posted: every disclosure is delivered. Returns (Event, [disclosure])."""
    if len(raw) > MAX_SD_JWT:
        raise Refused("sd-jwt-too-long")
    jwt, *disclosures = raw.split(b"~")
    if not disclosures or disclosures.pop() != b"":
        raise Refused("sd-jwt", "does not end in ~")
    event = parse_jwt(jwt)
    texts = [text.decode("ascii", "replace") for text in disclosures]
    for code in sorted(disclosure_faults(event, texts, True)):
        raise Refused(code)
    return event, texts
