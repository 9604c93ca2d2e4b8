"""What an honest ledger would commit itself to of its heads, and proofs of it: docs/ledger-format.md, Annex E."""
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sijill_format import b64url  # noqa: E402
from sijill_heads import EMPTY, bit, branch_hash, key_leaf, root_of, stream_leaf  # noqa: E402
from sijill_heads import leaf_hash as map_leaf_hash  # noqa: E402
from sijill_log import Tree, leaf_hash  # noqa: E402
from verify import Audit  # noqa: E402


def audited(ledger, size):
    """The audit of the ledger's first `size` entries."""
    first = object.__new__(type(ledger))
    first.entries, first.disclosures, first.documents = ledger.entries[:size], [], []
    first.tree = Tree(b"".join(map(leaf_hash, first.entries)))
    with tempfile.TemporaryDirectory() as scratch:
        return Audit(first.export(scratch, "none")).run()


def heads_after(ledger, size):
    """The `data` of heads.committed, of the first `size` entries."""
    maps = audited(ledger, size).committed
    return {"size": size, "streams": maps.streams.root_at(size), "keys": maps.keys.root_at(size)}


def naive_root(leaves, depth=0):
    """The root of {key: value}, by its recursive definition."""
    if len(leaves) < 2:
        return map_leaf_hash(*next(iter(leaves.items()))) if leaves else EMPTY
    sides = [{key: leaves[key] for key in leaves if bit(key, depth) == side} for side in (0, 1)]
    return branch_hash(*(naive_root(side, depth + 1) for side in sides))


def _proof(tree, key):
    siblings, depth = [], 0
    while isinstance(tree, list):
        siblings.append(b64url(root_of(tree[2 - bit(key, depth)])))
        tree, depth = tree[1 + bit(key, depth)], depth + 1
    other = tree and tree[1] != key and {"leaf": {"key": b64url(tree[1]), "value": b64url(tree[2])}}
    return {"siblings": siblings, **(other or {})}


def stream_proof(ledger, size, stream):
    audit = audited(ledger, size)
    seq, last = audit.heads.get(stream, (0, None))
    audit.committed.streams.root_at(size)
    head = {"head": {"seq": seq - 1, "last": last}} if last else {}
    key, _ = stream_leaf(stream, 0, b64url(EMPTY))
    return {"stream": stream, **head, **_proof(audit.committed.streams.tree, key)}


def key_proof(ledger, size, kid):
    audit = audited(ledger, size)
    audit.committed.keys.root_at(size)
    status = audit.registry.status(kid) if kid in audit.registry.owners else None
    members = dict(zip(("iss", "sub", "added", "revoked", "since"), status or ()))
    members = {name: value for name, value in members.items() if value is not None}
    key, _ = key_leaf(kid, "", "", 0)
    return {"kid": kid, **({"status": members} if status else {}), **_proof(audit.committed.keys.tree, key)}
