"""Heads: what is committed, what an audit finds in it, and proofs under it.

    python3 -m unittest discover -s tools/verify -p 'test_*.py'
"""
import random
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from made_heads import audited, heads_after, key_proof, naive_root, stream_proof  # noqa: E402
from made_ledger import ORIGIN, START, Ledger, key  # noqa: E402
from sijill_format import Refused, b64url, sha256  # noqa: E402
from sijill_heads import key_leaf, key_proved, root_of, stream_leaf, stream_proved, with_leaves  # noqa: E402
from test_verify import NURSE, WORKER, Scratch  # noqa: E402

LOG = key("ledger", "log")


def second():
    """Two founders under rule-set 2, an officer in each, and a case with two events."""
    ledger = Ledger(rules=2).ratify()
    ledger.enrol("moh", "nurse", ["casework"])
    ledger.enrol("mosd", "worker", ["casework"])
    ledger.append(NURSE, "case/x", "case.opened", {"to": {"agency": "mosd"}})
    ledger.append(WORKER, "case/x", "referral.accepted", {})
    return ledger


def commit(ledger, size=None, by=LOG, stream="log", **data):
    """Appends what is right, but for what is given."""
    size = len(ledger.entries) if size is None else size
    return ledger.append(by, stream, "heads.committed", {**heads_after(ledger, size), **data}, seen=ledger.seen(size))


class Records(Scratch):
    def test_the_maps_are_the_definitions(self):
        ledger = second()
        size, streams = len(ledger.entries), {}
        for stream, (seq, last) in ledger.heads.items():
            leaf_key, value = stream_leaf(stream, seq - 1, last)
            streams[leaf_key] = value
        said = heads_after(ledger, size)
        self.assertEqual(said["streams"], b64url(naive_root(streams)))
        keys = [(key("ledger", one), 0) for one in ("operator", "log", "automation", "access")]
        keys += [(key(one, "root"), 0) for one in ("moh", "mosd")] + [(NURSE, 4), (WORKER, 6)]
        leaves = dict(key_leaf(one.kid, one.agency, one.officer, added) for one, added in keys)
        self.assertEqual(said["keys"], b64url(naive_root(leaves)))

    def test_steps_make_no_difference(self):
        chance, leaves, tree = random.Random(7), {}, None
        for _ in range(60):
            step = {bytes([chance.randrange(4) << 6, *bytes(30), chance.randrange(8)]): chance.randbytes(32)
                    for _ in range(chance.randrange(5))}
            leaves, tree = {**leaves, **step}, with_leaves(tree, step)
            self.assertEqual(root_of(tree), naive_root(leaves))

    def test_right_ones(self):
        ledger = second()
        commit(ledger)
        ledger.append(NURSE, "case/x", "case.noted", {})
        commit(ledger, len(ledger.entries) - 1)
        commit(ledger)
        report = self.finds([], ledger)
        self.assertEqual(report["levels"]["authority"]["status"], "clean")

    def test_wrong_ones(self):
        ledger, wrong = second(), b64url(sha256(b"wrong"))
        bad = [commit(ledger, streams=wrong), commit(ledger, keys=wrong)]
        size = len(ledger.entries)
        commit(ledger, size)
        bad += [commit(ledger, size), commit(ledger, size - 1)]
        commit(ledger)
        self.finds([("heads", index) for index in bad], ledger)

    def test_refused_ones(self):
        ledger = second()
        bad = [commit(ledger, by=key("ledger", "access")), commit(ledger, by=key("moh", "root"), stream="ledger")]
        bad += [commit(ledger, more=1), commit(ledger, streams="x"), commit(ledger, keys=None)]
        ledger.append(LOG, "log", "heads.committed", heads_after(ledger, 5), seen=ledger.seen(6))
        bad.append(len(ledger.entries) - 1)
        self.finds([("not-authorised", index) for index in bad], ledger)
        ledger = Ledger().ratify()
        self.finds([("not-authorised", commit(ledger))], ledger)

    def test_a_tree_with_a_missing_entry_says_nothing(self):
        ledger = second()
        while len(ledger.entries) < 300:
            ledger.append(NURSE, "case/x", "case.noted", {})
        index = commit(ledger, streams=b64url(bytes(32)))
        bundle = lambda export: (export / "tile/entries/001.p/45").unlink()  # noqa: E731
        self.assertEqual(index, 300)
        done = self.audit(ledger, bundle)
        self.assertNotIn("heads", {code for code, _ in done.faults})

    def test_a_refused_entry_is_the_end_of_its_stream(self):
        ledger = second()
        refused = ledger.append(key("moh", "root"), "case/x", "case.noted", {})
        commit(ledger)
        self.finds([("not-authorised", refused)], ledger)

    def test_what_becomes_of_keys(self):
        ledger = Ledger(("moh", "mosd", "rop"), rules=2).ratify()
        for one in ("moh", "mosd", "rop"):
            ledger.enrol(one, "cw", ["casework"])
        status = lambda *who: audited(ledger, len(ledger.entries)).registry.status(key(*who).kid)  # noqa: E731
        added = status("moh", "cw")[2]
        since = "1969-12-31T23:59:59Z"
        gone = ledger.append(key("moh", "root"), "agency/moh", "key.compromised",
                             {"kid": key("moh", "cw").kid, "since": since})
        self.assertEqual(status("moh", "cw"), ("moh", "cw", added, gone, 0))
        new = key("ledger", "log", "new")
        at = ledger.propose({"do": "service_key.replace", "service": "log", "key": new.jwk, "proof": new.possession(ORIGIN)},
                            "moh", "mosd", effective="2025-10-09T08:53:50.000Z")
        effective = START + 30_000
        while ledger.received + 1000 < effective:
            at = ledger.append(key("rop", "cw"), "case/r", "case.noted", {})
        first = ledger.append(key("rop", "cw"), "case/r", "case.noted", {})
        self.assertEqual(at, first - 1)
        self.assertEqual(status("ledger", "log"), ("ledger", "log", 0, first - 1, None))
        self.assertEqual(status("ledger", "log", "new"), ("ledger", "log", first - 1, None, None))
        merged = ledger.propose({"do": "agency.merge", "agency": "rop", "into": "mosd", "quorum": 2}, "moh", "mosd")
        self.assertEqual((status("rop", "root")[3], status("rop", "cw")[3]), (merged, None))
        ledger.propose({"do": "quorum.set", "quorum": 2}, "moh", "mosd")
        left = ledger.propose({"do": "agency.remove", "agency": "mosd", "quorum": 1}, "moh", "mosd")
        self.assertEqual((status("rop", "root")[3], status("rop", "cw")[3], status("mosd", "cw")[3]),
                         (merged, left, left))
        commit(ledger, by=new)
        self.finds([], ledger)


class Proofs(Scratch):
    def test_what_is_there_and_what_is_not(self):
        ledger = second()
        size = len(ledger.entries)
        said = heads_after(ledger, size)
        there, none = stream_proof(ledger, size, "case/x"), stream_proof(ledger, size, "case/none")
        self.assertEqual(there["head"], {"seq": 1, "last": ledger.jwt_hash(size - 1)})
        self.assertNotIn("head", none)
        known, unknown = key_proof(ledger, size, NURSE.kid), key_proof(ledger, size, key("no", "body").kid)
        self.assertEqual(known["status"], {"iss": "moh", "sub": "nurse", "added": 4})
        for proof in (there, none):
            self.assertTrue(stream_proved(said["streams"], proof))
            self.assertFalse(stream_proved(said["keys"], proof))
        for proof in (known, unknown):
            self.assertTrue(key_proved(said["keys"], proof))

    def test_a_withheld_tail_is_convicted_by_a_newer_record(self):
        """Somebody shows a case without its last event. The record before it says nothing against that, a newer one does."""
        ledger = second()
        shown = {"seq": 1, "last": ledger.jwt_hash(len(ledger.entries) - 1)}
        older = len(ledger.entries)
        ledger.append(NURSE, "case/x", "case.closed", {})
        newer = len(ledger.entries)
        self.assertEqual(stream_proof(ledger, older, "case/x")["head"], shown)
        proof = stream_proof(ledger, newer, "case/x")
        self.assertEqual(proof["head"]["seq"], 2)
        self.assertTrue(stream_proved(heads_after(ledger, newer)["streams"], proof))
        self.assertFalse(stream_proved(heads_after(ledger, newer)["streams"], {**proof, "head": shown}))

    def test_malformed_ones(self):
        proof = stream_proof(second(), 5, "case/x")
        root = b64url(bytes(32))
        for wrong in ({**proof, "more": 1}, {**proof, "siblings": [root] * 257}, {**proof, "stream": "x"}, [], None):
            self.assertRaises(Refused, stream_proved, root, wrong)
