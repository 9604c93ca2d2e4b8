"""The transparency log: Merkle tree, signed notes, checkpoints, tiles, entry bundles, tlog-proofs.

RFC 6962 §2; C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-tiles v0.1.0, tlog-proof (draft).
"""
import base64
import re
from pathlib import Path

from sijill_format import Refused, good_point, is_origin, sha256, verify

EMPTY_ROOT = sha256(b"")
TILE = 256
ED25519, COSIGNATURE = 1, 4  # signature types of signed-note
MAX_SIGNATURES = 64
LARGEST = 2**63 - 1  # of sizes, indexes and times in the C2SP formats


def leaf_hash(entry):
    return sha256(b"\0" + entry)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


class Tree:
    """All complete subtrees of a growing log, 64 bytes an entry, so that the root at any past size is cheap."""

    def __init__(self):
        self.size, self._levels = 0, [bytearray()]

    def _node(self, level, position):
        return bytes(self._levels[level][32 * position:32 * position + 32])

    def append(self, leaf):
        level, position, node = 0, self.size, leaf
        self._levels[0] += node
        while position & 1:
            node = node_hash(self._node(level, position - 1), node)
            level, position = level + 1, position >> 1
            if level == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level] += node
        self.size += 1

    def root(self, size):
        """Root of the first `size` leaves, `size` at most the present one."""
        root, rest = None, size
        for level in range(size.bit_length()):
            if size >> level & 1:
                rest -= 1 << level
                left = self._node(level, rest >> level)
                root = left if root is None else node_hash(left, root)
        return EMPTY_ROOT if root is None else root


def root_of(hashes):
    """Root of a list of hashes that are leaves of a subtree already."""
    tree = Tree()
    for one in hashes:
        tree.append(one)
    return tree.root(tree.size)


def root_from_inclusion(leaf, index, size, proof):
    """The root that an inclusion proof leads to, RFC 9162 §2.1.3.2; None if its length is wrong."""
    if not 0 <= index < size:
        return None
    node, last, left = leaf, size - 1, list(proof)
    while last:
        if index & 1 or index < last:
            if not left:
                return None
            node = node_hash(left.pop(0), node) if index & 1 else node_hash(node, left.pop(0))
        index, last = index >> 1, last >> 1
    return None if left else node


def consistent(old_size, old_root, size, root, proof):
    """Whether `proof` shows the tree of `size` to extend the one of `old_size`, RFC 9162 §2.1.4.2."""
    if old_size > size or old_size < 0:
        return False
    if old_size == size:
        return not proof and old_root == root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
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


# --- notes and checkpoints ---

def unbase64(text, length=None):
    """Canonical padded base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Refused("base64", "not base64") from None
    if base64.b64encode(data).decode() != text or length not in (None, len(data)):
        raise Refused("base64", "base64 is not canonical, or of the wrong length")
    return data


def decimal(text):
    """A number as the C2SP formats write it."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text) or int(text) > LARGEST:
        raise Refused("decimal", "not a decimal number, or too large")
    return int(text)


def key_id(name, kind, public):
    return sha256(name.encode() + b"\n" + bytes([kind]) + public)[:4]


def vkey(name, public, kind=ED25519):
    return f"{name}+{key_id(name, kind, public).hex()}+{base64.b64encode(bytes([kind]) + public).decode()}"


def _is_name(name):
    return name != "" and "+" not in name and not any(map(str.isspace, name))


def parse_vkey(text):
    """Returns the key of a log or a witness as (name, signature type, public key)."""
    name, _, rest = text.partition("+")
    ident, _, encoded = rest.partition("+")
    key = unbase64(encoded, 33)
    kind, public = key[0], key[1:]
    if not _is_name(name) or ident != key_id(name, kind, public).hex():
        raise Refused("verifier-key", "the verifier key's name or id is wrong")
    if kind not in (ED25519, COSIGNATURE) or not good_point(public):
        raise Refused("verifier-key", "neither a log's nor a witness's Ed25519 key")
    return name, kind, public


def parse_note(raw):
    """Splits a signed note into (text, [(name, key id, signature)])."""
    try:
        note = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("note", "not UTF-8") from None
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or re.search(r"[\0-\x09\x0b-\x1f]", note):
        raise Refused("note", "not a signed note")
    signatures = []
    for line in tail[:-1].split("\n"):
        match = re.fullmatch(r"\u2014 ([^ ]+) ([^ ]+)", line)
        signature = unbase64(match[2]) if match and _is_name(match[1]) else b""
        if len(signature) < 5:
            raise Refused("note", "a signature line is malformed")
        signatures.append((match[1], signature[:4], signature[4:]))
    if len(signatures) > MAX_SIGNATURES:
        raise Refused("note", "too many signatures")
    return text + "\n", signatures


def signing_time(text, signatures, key):
    """None if `key` has no line; otherwise 0, or a witness's time. A line that is wrong, or a second one: `Refused`."""
    name, kind, public = key
    own = [signature for who, ident, signature in signatures if (who, ident) == (name, key_id(*key))]
    if not own:
        return None
    time, message, signature = 0, text.encode(), own[0]
    if kind == COSIGNATURE:
        time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        message = f"cosignature/v1\ntime {time}\n".encode() + message
    if len(own) > 1 or time > LARGEST or not verify(public, message, signature):
        raise Refused("note-signature", f"{name}'s signature is wrong, or stands twice")
    return time


class Checkpoint:
    """A checkpoint as read: its signatures are not judged until `signed_by`."""

    def __init__(self, raw):
        self.text, self.signatures = parse_note(raw)
        lines = self.text.split("\n")
        if len(lines) != 4 or not is_origin(lines[0]):
            raise Refused("checkpoint", "not origin, size and root")
        self.origin, self.size, self.root = lines[0], decimal(lines[1]), unbase64(lines[2], 32)
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise Refused("checkpoint", "an empty log has the empty root")

    def signed_by(self, key):
        try:
            return signing_time(self.text, self.signatures, key) is not None
        except Refused:
            return False


class Proof:
    """A tlog-proof: `index`, `hashes`, `checkpoint`."""

    def __init__(self, raw):
        head, blank, note = raw.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise Refused("tlog-proof", "not ASCII") from None
        if not blank or first != "c2sp.org/tlog-proof@v1":
            raise Refused("tlog-proof", "not a tlog-proof")
        if lines and re.fullmatch("extra .+", lines[0]):
            unbase64(lines.pop(0)[6:])
        if not lines or not lines[0].startswith("index ") or len(lines) > 64:
            raise Refused("tlog-proof", "no index, or too many hashes")
        self.index, self.hashes = decimal(lines[0][6:]), [unbase64(line, 32) for line in lines[1:]]
        self.checkpoint = Checkpoint(note)

    def proves(self, leaf):
        return root_from_inclusion(leaf, self.index, self.checkpoint.size, self.hashes) == self.checkpoint.root


# --- tiles and bundles ---

def tile_path(level, number, width=TILE):
    """`level` is a number, or "entries"."""
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    return f"tile/{level}/" + "/".join(groups) + ("" if width == TILE else f".p/{width}")


def pack_bundle(entries):
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_bundle(raw, width):
    """The entries of a bundle; none if it is not exactly `width` of them."""
    at, entries = 0, []
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at:at + 2], "big")
        entries.append(raw[at + 2:end])
        at = end
    return entries if at == len(raw) and len(entries) == width else []


def _bundles(directory, size):
    """(number, width, path) of the bundles of this size; found by listing, so that a false size costs nothing."""
    base, (full, width) = Path(directory, "tile", "entries"), divmod(size, TILE)
    numbers = (int(re.sub(r"\D", "", str(path.relative_to(base)))) for path in base.rglob("[0-9][0-9][0-9]"))
    for number in sorted({number for number in numbers if number < full}):
        yield number, TILE, Path(directory, tile_path("entries", number))
    yield full, width, Path(directory, tile_path("entries", full, width))


def read_entries(directory, size):
    """Yields (index, entry) in order, one bundle in memory; (index, None) where a run of missing ones begins."""
    expected = 0
    for number, width, path in _bundles(directory, size):
        if width and path.is_file():
            for index, entry in enumerate(parse_bundle(path.read_bytes(), width), number * TILE):
                if index > expected:
                    yield expected, None
                yield index, entry
                expected = index + 1
    if expected < size:
        yield expected, None


class Tiles:
    """Compares the stored hash tiles of one size with what the entries give; `faults` are first leaves of bad tiles."""

    def __init__(self, directory, size):
        self.directory, self.size, self.faults = Path(directory), size, []
        self._open = {}  # level -> (tile number, hashes so far)

    def add(self, index, digest, level=0):
        number, offset = divmod(index, TILE)
        held = self._open.setdefault(level, (number, []))
        if offset == 0:
            held = self._open[level] = (number, [])
        if held[0] != number or len(held[1]) != offset:
            return  # an entry below this tile is missing: the tile is not judged
        held[1].append(digest)
        if offset == TILE - 1:
            self._compare(level, number, held[1])
            self.add(number, root_of(held[1]), level + 1)

    def close(self):
        """Judges the partial tiles. A level's last tile is open unless something below it is missing."""
        for level, (number, hashes) in self._open.items():
            count = self.size // TILE ** level
            if count % TILE and (number, len(hashes)) == divmod(count, TILE):
                self._compare(level, number, hashes)

    def _compare(self, level, number, hashes):
        path = self.directory / tile_path(level, number, len(hashes))
        if not path.is_file() or path.read_bytes() != b"".join(hashes):
            self.faults.append(number * TILE ** (level + 1))
