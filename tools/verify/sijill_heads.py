"""Heads: docs/ledger-format.md, Annex E. Where streams end and what keys are, as two sparse Merkle maps."""
from collections import deque

from sijill_format import RULES, b64url, fits, require, sha256, shaped, unb64url

REACH = 65_536  # how many entries may lie between the tree that a record is about and the record
EMPTY = bytes(32)

def bit(key, depth):
    return key[depth >> 3] >> (7 - depth % 8) & 1

def leaf_hash(key, value):
    return sha256(b"\2" + key + value)

def branch_hash(left, right):
    return sha256(b"\3" + left + right)

def stream_leaf(stream, seq, last):
    """Key and value; `last` is the hash of the JWT in base64url."""
    return sha256(stream.encode()), sha256(seq.to_bytes(8, "big") + unb64url(last))

def key_leaf(kid, iss, sub, added, revoked=None, since=None):
    words = iss, sub, added, *("-" if one is None else one for one in (revoked, since))
    return sha256(kid.encode()), sha256(" ".join(map(str, words)).encode())

def with_leaves(node, leaves, depth=0):
    """The tree with these leaves {key: value} put in. A tree is None, (hash, key, value), or [hash, left, right]."""
    if not leaves:
        return node
    if isinstance(node, tuple):
        node, leaves = None, {node[1]: node[2], **leaves}
    if node is None and len(leaves) == 1:
        (key, value), = leaves.items()
        return leaf_hash(key, value), key, value
    sides = {}, {}
    for key, value in leaves.items():
        sides[bit(key, depth)][key] = value
    left, right = map(with_leaves, node[1:] if node else (None, None), sides, (depth + 1, depth + 1))
    return [branch_hash(root_of(left), root_of(right)), left, right]

def root_of(tree):
    return tree[0] if tree else EMPTY

# --- proofs ---

PROOF = "siblings leaf?=map_leaf"
RULES.update({
    "siblings": lambda value: isinstance(value, list) and len(value) <= 256 and all(fits("hash", one) for one in value),
    "map_leaf": lambda value: shaped(value, "key=hash value=hash"),
    "head": lambda value: shaped(value, "seq=int last=hash"),
    "status": lambda value: shaped(value, "iss=id sub=officer added=int revoked?=int since?=int"),
})

def proves(root, leaf, proof):
    """Whether the map with this root holds the value of `leaf` (key, value), or with the value None nothing."""
    (key, value), siblings, other = leaf, [unb64url(one) for one in proof["siblings"]], proof.get("leaf")
    node = EMPTY if value is None else leaf_hash(key, value)
    if other:
        beside = unb64url(other["key"])
        alike = all(bit(key, depth) == bit(beside, depth) for depth in range(len(siblings)))
        if value is not None or beside == key or not alike:
            return False
        node = leaf_hash(beside, unb64url(other["value"]))
    for depth, sibling in reversed([*enumerate(siblings)]):
        node = branch_hash(sibling, node) if bit(key, depth) else branch_hash(node, sibling)
    return node == root

def stream_proved(root, proof):
    """Reads a stream proof. Returns whether it leads to the root of streams, in base64url."""
    require(shaped(proof, "stream head? " + PROOF) and not ("head" in proof and "leaf" in proof), "no stream proof")
    head = proof.get("head")
    key, value = stream_leaf(proof["stream"], **(head or {"seq": 0, "last": b64url(EMPTY)}))
    return proves(unb64url(root), (key, value if head else None), proof)

def key_proved(root, proof):
    """Reads a key proof. Returns whether it leads to the root of keys, in base64url."""
    require(shaped(proof, "kid=hash status? " + PROOF) and not ("status" in proof and "leaf" in proof), "no key proof")
    status = proof.get("status")
    key, value = key_leaf(proof["kid"], **(status or {"iss": "", "sub": "", "added": 0}))
    return proves(unb64url(root), (key, value if status else None), proof)

# --- what a log gives ---

class Growing:
    """A map that grows with the log: as of the last record, and what came since, apart from it."""

    def __init__(self):
        self.tree, self.settled, self.recent = None, {}, deque()

    def put(self, index, leaf):
        self.recent.append((index, leaf))
        self._settle(index - REACH)

    def _settle(self, size):
        while self.recent and self.recent[0][0] < size:
            key, value = self.recent.popleft()[1]
            self.settled[key] = value

    def root_at(self, size):
        self._settle(size)
        self.tree, self.settled = with_leaves(self.tree, self.settled), {}
        return b64url(root_of(self.tree))

class Heads:
    """Both maps of a log that is read from its beginning. A record is about a tree that was just left, and none reaches back
    behind the one before it: so what is older than that is not needed."""

    def __init__(self):
        self.streams, self.keys, self.touched, self.size = Growing(), Growing(), 0, 0

    def take_keys(self, index, registry):
        """What became of keys with this entry."""
        for kid in registry.touched[self.touched:]:
            if status := registry.status(kid):
                self.keys.put(index, key_leaf(kid, *status))
        self.touched = len(registry.touched)

    def differ(self, data, held):
        """What is wrong with an accepted record, if anything; `held`: so many entries are there from the beginning on.
        None: nothing to judge it by."""
        size, before = data["size"], self.size
        self.size = max(size, before)
        if size > held:
            return None
        if size <= before:
            return f"the record before was about {before} entries, and this is about {size}"
        roots = self.streams.root_at(size), self.keys.root_at(size)
        wrong = [name for name, root in zip(("streams", "keys"), roots) if data[name] != root]
        return wrong and f"the first {size} entries give another root of " + " and of ".join(wrong)
