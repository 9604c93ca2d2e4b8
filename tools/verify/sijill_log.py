"""The log: RFC 6962 §2; C2SP signed-note and tlog-checkpoint v1.0.0, tlog-tiles v0.1.0, tlog-proof."""
import base64
import re
from pathlib import Path

from sijill_format import Refused, fits, is_good_point, require, sha256, shaped, verify

TILE, ED25519 = 256, 1  # width of a tile; a log's signature type

def leaf_hash(entry):
    return sha256(b"\0" + entry)

def node_hash(left, right):
    return sha256(b"\1" + left + right)

class Tree:
    """All complete subtrees of a growing log, 64 bytes an entry: the root at any past size is cheap."""

    def __init__(self, leaves=()):
        self.size, self._rows = 0, []
        for leaf in leaves:
            self.append(leaf)

    def append(self, node, level=0):
        self.size += level == 0
        if level == len(self._rows):
            self._rows.append(bytearray())
        row = self._rows[level]
        row += node
        if len(row) % 64 == 0:
            self.append(node_hash(row[-64:-32], row[-32:]), level + 1)

    def root(self, size):
        """Root of the first `size` leaves, `size` at most the present one."""
        root = b""
        for level, row in enumerate(self._rows):
            if size >> level & 1:
                end = 32 * (size >> level)
                root = node_hash(row[end - 32:end], root) if root else bytes(row[end - 32:end])
        return root or sha256(b"")

def root_from_inclusion(node, index, size, proof):
    """The root that an inclusion proof leads to, RFC 9162 §2.1.3.2; None if its length is wrong."""
    last, left = size - 1, list(proof)
    while 0 < last >= index:
        if index & 1 or index < last:
            if not left:
                return None
            node = node_hash(left.pop(0), node) if index & 1 else node_hash(node, left.pop(0))
        index, last = index >> 1, last >> 1
    return None if left or index > last else node

# --- signed notes, checkpoints, proofs ---

def unbase64(text, length=None):
    """Canonical padded base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("not base64") from None
    require(base64.b64encode(data).decode() == text and length in (None, len(data)), "not the base64 wanted")
    return data

def decimal(text):
    """A number as the C2SP formats write it."""
    require(re.fullmatch("0|[1-9][0-9]{0,18}", text) and int(text) < 2**63, "not a decimal number")
    return int(text)

def key_id(name, kind, public):
    return sha256(name.encode() + b"\n" + bytes([kind]) + public)[:4]

def parse_vkey(text, kind=ED25519):
    """A verifier key of a type: (name, type, public key)."""
    match = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+(\S{44})", text)
    require(match, "not a verifier key")
    key = match[1], kind, unbase64(match[3], 33)[1:]
    require(unbase64(match[3])[0] == kind and is_good_point(key[2]), "not an Ed25519 key of the type wanted")
    require(key_id(*key).hex() == match[2], "the verifier key's id is wrong")
    return key

class Note:
    """A signed note; its signatures are not judged."""

    def __init__(self, raw):
        require(len(raw) <= 1_000_000 and not re.search(rb"[\0-\x09\x0b-\x1f]", raw), "not a signed note")
        try:
            text, blank, tail = raw.decode().rpartition("\n\n")
        except UnicodeDecodeError:
            raise Refused("not UTF-8") from None
        *lines, end = tail.split("\n")
        require(blank and not end and 1 <= len(lines) <= 64, "not a signed note")
        self.text, self.signatures = text + "\n", []
        for line in lines:
            match = re.fullmatch(r"\u2014 ([^\s+]+) (\S+)", line)
            signature = unbase64(match[2] if match else "")
            require(len(signature) > 4 and len(match[1].encode()) < 256, "a signature line is malformed")
            self.signatures.append((match[1], signature))

    def signature_by(self, key):
        """The one line of `key`, without its id; None if there is none, `Refused` if there are two."""
        own = [raw[4:] for name, raw in self.signatures if (name, raw[:4]) == (key[0], key_id(*key))]
        require(len(own) < 2, f"{key[0]} signed twice")
        return own[0] if own else None

class Checkpoint(Note):
    def __init__(self, raw):
        super().__init__(raw)
        lines = self.text.split("\n")
        require(len(lines) == 4 and fits("origin", lines[0]), "not origin, size and root")
        self.origin, self.size, self.root = lines[0], decimal(lines[1]), unbase64(lines[2], 32)
        require(self.size or self.root == sha256(b""), "an empty log has the empty root")

    def is_signed_by(self, key):
        """Whether the log's `key` did, in its own name."""
        try:
            signature = self.signature_by(key) if key and key[0] == self.origin else None
        except Refused:
            return False
        return signature is not None and verify(key[2], self.text.encode(), signature)

class Proof:
    """A tlog-proof."""

    def __init__(self, raw):
        head, _, note = raw.partition(b"\n\n")
        match = re.fullmatch(rb"c2sp\.org/tlog-proof@v1\n(?:extra (.+)\n)?index (.+)((?:\n.+){0,63})", head)
        require(match and head.isascii(), "not a tlog-proof")
        unbase64((match[1] or b"").decode())
        self.index, self.checkpoint = decimal(match[2].decode()), Checkpoint(note)
        self.hashes = [unbase64(line, 32) for line in match[3].decode().split("\n")[1:]]

    def proves(self, leaf):
        root = root_from_inclusion(leaf, self.index, self.checkpoint.size, self.hashes)
        return root == self.checkpoint.root

class Receipt(Proof):
    def __init__(self, value):
        require(fits("object", value), "not a receipt")
        known = {name: value[name] for name in value if name in ("index", "received", "proof")}
        require(shaped(known, "index=int received=int proof=string"), "not a receipt")
        super().__init__(value["proof"].encode())
        self.told, self.received = value["index"], value["received"]

    def proves_entry(self, entry):
        """Whether this is the entry, with the index and `received` that the receipt tells."""
        received = entry.startswith(b"%d " % self.received)
        return received and self.index == self.told and self.proves(leaf_hash(entry))

# --- bundles and tiles ---

def tile_path(directory, level, number, width=TILE):
    """`level` is a number, or "entries"."""
    groups = re.findall("...", f"{number:0{-(-len(str(number)) // 3) * 3}}")
    last = groups.pop() + ("" if width == TILE else f".p/{width}")
    return Path(directory, "tile", str(level), *("x" + group for group in groups), last)

def parse_bundle(raw, width):
    """The entries of a bundle; none if it is not exactly `width` of them."""
    at, entries = 0, []
    while at < len(raw):
        start = at + 2
        at = start + int.from_bytes(raw[at:start], "big")
        entries.append(raw[start:at])
    return entries if at == len(raw) and len(entries) == width else []

def read_bundles(directory, size):
    """Yields (first index, entries) of the bundles that are there, in order: a false size costs nothing."""
    base, (full, width) = Path(directory, "tile", "entries"), divmod(size, TILE)
    found = {int(re.sub(r"\D", "", str(path.relative_to(base)))) for path in base.rglob("[0-9][0-9][0-9]")}
    for number in (*sorted(number for number in found if number < full), full):
        path = tile_path(directory, "entries", number, width if number == full else TILE)
        entries = parse_bundle(path.read_bytes(), width if number == full else TILE) if path.is_file() else []
        if entries:
            yield number * TILE, entries

class Tiles:
    """Compares hash tiles with what the entries give; `faults` are the first leaves of bad ones."""

    def __init__(self, directory, size):
        self._directory, self._size, self.faults, self._open = directory, size, [], {}

    def add(self, index, digest, level=0):
        number = index // TILE
        hashes = self._open.setdefault((level, number), [])  # not judged unless all are there
        hashes.append(digest)
        if len(hashes) == TILE:
            self._compare(level, number, self._open.pop((level, number)))
            self.add(number, Tree(hashes).root(TILE), level + 1)

    def finish(self):
        for (level, number), hashes in self._open.items():  # the partial ones
            if (number, len(hashes)) == divmod(self._size // TILE ** level, TILE):
                self._compare(level, number, hashes)
        return self.faults

    def _compare(self, level, number, hashes):
        path = tile_path(self._directory, level, number, len(hashes))
        if not path.is_file() or path.read_bytes() != b"".join(hashes):
            self.faults.append(number * TILE ** (level + 1))
