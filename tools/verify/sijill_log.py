"""The log: RFC 6962 §2; C2SP signed-note and tlog-checkpoint v1.0.0, tlog-tiles v0.1.0, tlog-proof."""
import re
from pathlib import Path

from sijill_format import RULES, fits, is_good_point, require, sha256, shaped, unbase64, verify

TILE, ED25519 = 256, 1  # width of a tile; a log's signature type
HASH = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="  # in base64
NOTE = r"(?s)(.*\n)\n((?:\u2014 [^\s+]+ \S+\n){1,64})"
PROOF = rf"c2sp\.org/tlog-proof@v1\n(?:extra (.+)\n)?index ([0-9]+)\n((?:{HASH}\n){{0,63}})\n((?s:.*))"

def leaf_hash(entry):
    return sha256(b"\0" + entry)

def node_hash(left, right):
    return sha256(b"\1" + left + right)

class Tree:
    """All complete subtrees of a growing log, 64 bytes an entry: the root at any past size is cheap."""

    def __init__(self, hashes=b""):
        self.size, self._rows = 0, []
        for at in range(0, len(hashes), 32):
            self.append(hashes[at:at + 32])

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

class Edge:
    """Complete subtrees side by side, from left to right: the root at each seam costs next to nothing."""

    def __init__(self):
        self.size, self._peaks = 0, []  # (level, hash), each lower than the one before

    def push(self, node, level=0):
        require(self.size % (1 << level) == 0, "a subtree lies at a multiple of its width")
        self.size += 1 << level
        while self._peaks and self._peaks[-1][0] == level:
            node, level = node_hash(self._peaks.pop()[1], node), level + 1
        self._peaks.append((level, node))

    def root(self):
        root = b""
        for _, peak in reversed(self._peaks):
            root = node_hash(peak, root) if root else peak
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
    raw = unbase64(match[3])
    key = match[1], kind, raw[1:]
    require(raw[0] == kind and is_good_point(key[2]), "not an Ed25519 key of the type wanted")
    require(key_id(*key).hex() == match[2], "the verifier key's id is wrong")
    return key

class Note:
    """A signed note; its signatures are not judged."""

    def __init__(self, raw):
        require(len(raw) <= 1_000_000 and not re.search(rb"[\0-\x09\x0b-\x1f]", raw), "too long, or not text")
        match = re.fullmatch(NOTE, raw.decode())
        require(match, "not a signed note")
        self.text, lines = match[1], [line.split(" ") for line in match[2].split("\n")[:-1]]
        self.signatures = [(name, unbase64(signature)) for _, name, signature in lines]
        require(all(len(name.encode()) < 256 and len(signature) > 4 for name, signature in self.signatures),
                "a signature line is malformed")

    def signatures_by(self, key):
        """The lines of `key`, without its id."""
        return [raw[4:] for name, raw in self.signatures if (name, raw[:4]) == (key[0], key_id(*key))]

class Checkpoint(Note):
    def __init__(self, raw):
        super().__init__(raw)
        match = re.fullmatch(f"({RULES['origin']})\n([0-9]+)\n({HASH})\n", self.text)
        require(match, "not origin, size and root")
        self.origin, self.size, self.root = match[1], decimal(match[2]), unbase64(match[3])
        require(self.size or self.root == sha256(b""), "an empty log has the empty root")

    def is_signed_by(self, key):
        """Whether the log's `key` did, in its own name, and once."""
        own = self.signatures_by(key) if key and key[0] == self.origin else []
        return len(own) == 1 and verify(key[2], self.text.encode(), own[0])

class Proof:
    """A tlog-proof."""

    def __init__(self, text):
        match = re.fullmatch(PROOF, text)
        require(match, "not a tlog-proof")
        unbase64(match[1] or "")
        self.index, self.checkpoint = decimal(match[2]), Checkpoint(match[4].encode())
        self.hashes = [unbase64(line) for line in match[3].split()]

    def proves(self, leaf):
        return root_from_inclusion(leaf, self.index, self.checkpoint.size, self.hashes) == self.checkpoint.root

class Receipt(Proof):
    def __init__(self, value):
        require(fits("object", value), "not a receipt")
        known = {name: value[name] for name in value if name in ("index", "received", "proof")}  # others are ignored
        require(shaped(known, "index=int received=int proof=string"), "not a receipt")
        super().__init__(value["proof"])
        self.told, self.received = value["index"], value["received"]

    def proves_entry(self, entry):
        """Whether this is the entry, with the index and `received` that the receipt tells."""
        return self.index == self.told and entry.startswith(b"%d " % self.received) and self.proves(leaf_hash(entry))

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
    base = Path(directory, "tile", "entries")
    found = {int(re.sub(r"\D", "", str(path.relative_to(base)))) for path in base.rglob("[0-9][0-9][0-9]")}
    for number in sorted({*found, size // TILE}):
        width = min(TILE, size - number * TILE)
        path = tile_path(directory, "entries", number, width)
        entries = parse_bundle(path.read_bytes(), width) if width > 0 and path.is_file() else []
        if entries:
            yield number * TILE, entries

def bad_tiles(directory, size, tiles, level=0):
    """First leaves of the hash tiles that are not those of the entries. `tiles` is what these give, by number; a tile
    above a missing entry is not judged."""
    bad, above = [], {}
    for number, hashes in tiles.items():
        path = tile_path(directory, level, number, min(TILE, size - number * TILE))
        if len(hashes) == 32 * min(TILE, size - number * TILE) and not (path.is_file() and path.read_bytes() == hashes):
            bad.append(number * TILE ** (level + 1))
        if len(hashes) == 32 * TILE:
            above[number // TILE] = above.get(number // TILE, b"") + Tree(hashes).root(TILE)
    return bad + (bad_tiles(directory, size // TILE, above, level + 1) if above else [])
