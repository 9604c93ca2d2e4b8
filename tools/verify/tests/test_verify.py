"""Ledgers built in pure Python, tampered with in known ways; each fault set is the one Annex C predicts.

    python3 -m unittest discover -s tools/verify -p 'test_*.py'
"""
import gzip
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOOLS), str(TOOLS / "tests")]

from client import Key, check_receipt, uuid7  # noqa: E402
from made_ledger import (LOG_KEY, ORIGIN, START, Ledger, key, name, pack_bundle, policy_of, usual, vkey,  # noqa: E402
                         write)
from sijill_format import (L, P, Refused, b64, b64url, fits, instant_ms, parse_entry, sha256,  # noqa: E402
                           strict_json, unb64url, verify)
from sijill_log import Checkpoint, Receipt, Tree, key_id, leaf_hash, node_hash, tile_path  # noqa: E402
from vectors import consistent, parse_sd_jwt, run_vectors  # noqa: E402
from verify import Audit, read_trust  # noqa: E402

NURSE, WORKER, STRANGER = key("moh", "nurse"), key("mosd", "worker"), key("moh", "nurse", "another key")
# indexes in `usual()`: 0-2 genesis, 3 unit, 4 nurse, 5 clerk, 6 unit, 7 worker, then two events a case


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)

    def json_file(self, name, value):
        write(self.dir / name, json.dumps(value))
        return self.dir / name

    def audit(self, ledger, tamper=None, trust=True, disclosures="all", receipts=(), since=()):
        """Exports, lets `tamper` loose on the directory, audits."""
        export = ledger.export(self.dir / "export", disclosures)
        if tamper:
            tamper(export)
        trust = read_trust(self.json_file("trust.json", ledger.trust())) if trust is True else trust
        return Audit(export, trust or None, [*map(Receipt, receipts)],
                     [Checkpoint(text.encode()) for text in since]).run()

    def finds(self, expected, *args, **kwargs):
        done = self.audit(*args, **kwargs)
        self.assertEqual(set(done.faults), set(expected))
        return done.report()


class Honest(Scratch):
    def test_clean(self):
        ledger = usual()
        size = len(ledger.entries)
        report = self.finds([], ledger, receipts=[ledger.receipt(9, 11)], since=[ledger.checkpoint(10)])
        self.assertEqual({name: level["status"] for name, level in report["levels"].items()},
                         {"integrity": "clean", "authority": "clean", "rules": "not_run", "figures": "not_run"})
        self.assertEqual((report["entries"], report["levels"]["integrity"]["checked"]), (size, size))
        self.assertTrue(report["anchored"])

    def test_clean_without_trust_is_not_anchored(self):
        self.assertFalse(self.finds([], usual(), trust=None)["anchored"])

    def test_several_levels_of_tiles(self):
        ledger = usual(1)
        while len(ledger.entries) < 600:
            ledger.append(WORKER, "contact/many", "contact.noted", {})
        self.finds([], ledger, receipts=[ledger.receipt(9, 512)], since=[ledger.checkpoint(257)])

    def test_no_disclosures_is_partial(self):
        report = self.finds([], usual(), disclosures="none")
        self.assertEqual(report["levels"]["integrity"]["status"], "partial")
        self.assertEqual(report["levels"]["integrity"]["unchecked"], 6)

    def test_the_witnesses_of_the_trusted_policy_are_asked_for(self):
        ledger, witness, other = usual(), key("witness", "w"), key("witness", "other")
        line = vkey("w", unb64url(witness.x), 4)

        def cosigned(signer):
            """The export's checkpoint with a line in the witness's name, by `signer`."""
            def tamper(export):
                note = (export / "checkpoint").read_text()
                text = note.partition("\n\n")[0] + "\n"
                signature = unb64url(signer.sign(f"cosignature/v1\ntime 1760000020\n{text}".encode()))
                raw = key_id("w", 4, unb64url(witness.x)) + (1760000020).to_bytes(8, "big") + signature
                write(export / "checkpoint", f"{note}\u2014 w {b64(raw)}\n")
            return tamper

        def trust(policy):
            return read_trust(self.json_file("policy.json", ledger.trust(policy)))
        asked = trust(f"witness w {line}\nquorum w\n")
        report = self.finds([("quorum", None)], ledger, trust=asked)
        self.assertEqual(report["levels"]["integrity"]["status"], "faults")
        report = self.finds([], ledger, cosigned(witness), trust=asked)
        self.assertEqual(report["levels"]["integrity"]["status"], "clean")
        self.finds([("quorum", None)], ledger, cosigned(other), trust=asked)
        self.finds([], ledger, trust=trust(f"witness w {line}\n#\n quorum\tnone\n"))
        with self.assertRaises(Refused):
            trust(f"witness w {line}\nquorum v\n")


class Integrity(Scratch):
    def test_signature_altered(self):
        ledger = usual(1)
        bad = ledger.append(NURSE, "case/x", "case.opened", {},
                            then=lambda jwt: jwt[:-86] + b64url(bytes([1]) + unb64url(jwt[-86:])[1:]))
        self.finds({("event-signature", bad)}, ledger)

    def test_signature_with_s_above_l(self):
        def malleate(jwt):
            signature = unb64url(jwt[-86:])
            s = int.from_bytes(signature[32:], "little") + L
            return jwt[:-86] + b64url(signature[:32] + s.to_bytes(32, "little"))
        ledger = usual(1)
        self.finds({("event-signature", ledger.append(NURSE, "case/x", "case.opened", {}, then=malleate))}, ledger)

    def test_key_never_introduced(self):
        ledger = usual(1)
        self.finds({("key-unknown", ledger.append(STRANGER, "case/x", "case.opened", {}))}, ledger)

    def test_a_key_in_a_badly_signed_entry_is_not_introduced(self):
        ledger = usual(1)
        late = key("moh", "late")
        bad = ledger.append(key("moh", "root"), "agency/moh", "officer.enrolled", {
            "officer": "late", "kind": "officer", "unit": "u1", "roles": ["casework"], "key": late.jwk,
            "proof": late.possession(ORIGIN)}, then=lambda jwt: jwt[:-86] + b64url(bytes(64)))
        follow = ledger.append(late, "case/x", "case.opened", {})
        self.finds({("event-signature", bad), ("key-unknown", follow)}, ledger)

    def test_stream_gap_and_forks(self):
        ledger = usual(1)
        gap = ledger.append(NURSE, "case/c0", "case.noted", {}, seq=5)
        ledger.append(NURSE, "case/c0", "case.noted", {})
        wrong_prev = ledger.append(NURSE, "case/c0", "case.noted", {}, prev=ledger.jwt_hash(0))
        ledger.append(NURSE, "case/c0", "case.noted", {})
        head = ledger.heads["case/c0"]
        below = ledger.append(NURSE, "case/c0", "case.noted", {}, seq=2)
        ledger.heads["case/c0"] = head  # an event below the expected seq is not the stream's last
        ledger.append(NURSE, "case/c0", "case.noted", {})
        self.finds({("stream-gap", gap), ("stream-fork", wrong_prev), ("stream-fork", below)}, ledger)

    def test_jti_reused(self):
        ledger = usual(1)
        jti = "01890000-0000-7000-8000-000000000001"
        self.finds({("jti-reused", ledger.append(NURSE, "case/x", "case.opened", {}, jti=jti))}, ledger)

    def test_received_goes_back(self):
        ledger = usual(1)
        first = ledger.append(NURSE, "case/x", "case.opened", {}, received=ledger.received - 1)
        second = ledger.append(NURSE, "case/x", "case.noted", {}, received=ledger.received)
        self.finds({("received-order", first), ("received-order", second)}, ledger)

    def test_signed_after_it_was_received(self):
        ledger = usual(1)
        ledger.append(NURSE, "case/x", "case.opened", {}, received=START + 10**6, iat=START // 1000 + 1300)
        late = ledger.append(NURSE, "case/x", "case.noted", {}, received=START + 10**6, iat=START // 1000 + 1301)
        self.finds({("received-time", late)}, ledger)

    def test_seen(self):
        ledger = usual(1)
        size = len(ledger.entries)
        wrong = ledger.append(NURSE, "case/x", "case.opened", {}, seen={"size": 3, "root": ledger.jwt_hash(0)})
        ahead = ledger.append(NURSE, "case/x", "case.noted", {}, seen={"size": size + 2, "root": ledger.jwt_hash(0)})
        ledger.append(NURSE, "case/x", "case.noted", {}, seen=ledger.seen(2))
        self.finds({("seen-mismatch", wrong), ("seen-mismatch", ahead)}, ledger)

    def test_malformed_entries_leave_no_trace(self):
        ledger = usual(1)
        head, bad = ("case/c0", ledger.heads["case/c0"]), []
        reused = dict(jti="01890000-0000-7000-8000-00000000ffff")
        for said in (dict(data={"n": 1.5}), dict(aud="elsewhere.test/x"), dict(extra=1), dict(v=0), dict(iat=-1),
                     dict(data={"casework": {"_sd": []}}), dict(data={"x": {"_sd": [ledger.jwt_hash(0)]}}),
                     dict(occurred="2026-02-30T00:00:00Z"), dict(stream="agency/ledger", seq=0), dict(type="noted"),
                     dict(data={"deep": [[[[[[[0]]]]]]]})):
            bad.append(ledger.append(NURSE, "case/c0", "case.noted", {}, **{**reused, **said}))
            ledger.heads.__setitem__(*head)
        bad.append(ledger.append(NURSE, "case/c0", "case.noted", {}, without=("seen",), **reused))
        ledger.heads.__setitem__(*head)
        bad.append(len(ledger.entries))
        ledger.add_entry(b"not an entry")
        ledger.append(NURSE, "case/c0", "case.noted", {}, **reused)
        report = self.finds({("entry-format", index) for index in bad}, ledger)
        self.assertEqual(report["levels"]["authority"]["status"], "partial")

    def test_an_entry_exchanged_in_its_bundle(self):
        ledger = usual(1)
        last = len(ledger.entries) - 1

        def exchange(export):
            entries = ledger.entries[:-1] + [ledger.entries[-1].replace(b".", b"A.", 1)]
            write(tile_path(export, "entries", 0, len(entries)), pack_bundle(entries))
        self.finds({("entry-format", last), ("root", None), ("root", 0)}, ledger, exchange)

    def test_bundles_missing_or_of_the_wrong_length(self):
        ledger = usual(1)
        while len(ledger.entries) < 800:
            ledger.append(WORKER, "contact/many", "contact.noted", {}, seen=ledger.seen(1))
        gap = {("root", 256), ("stream-gap", 512)}
        # the partial tile of level 1 rests on the missing entries, the tile from 512 on does not
        self.finds(gap, ledger, lambda export: (tile_path(export, "entries", 1)).unlink())
        self.finds(gap | {("root", 512)}, ledger, lambda export: (
            write(tile_path(export, "entries", 1), pack_bundle(ledger.entries[256:511])),
            (tile_path(export, 0, 2)).unlink()))
        self.finds({("root", 768)}, ledger, lambda export: (tile_path(export, "entries", 3, 32)).unlink())

    def test_entry_0_missing(self):
        ledger = usual(1)
        self.finds({("root", 0), ("not-authorised", 0)}, ledger,
                   lambda export: (tile_path(export, "entries", 0, len(ledger.entries))).unlink())
        self.finds({("root", 0), ("not-authorised", 0), ("checkpoint-signature", None)}, ledger,
                   lambda export: (tile_path(export, "entries", 0, len(ledger.entries))).unlink(), trust=None)

    def test_tiles(self):
        ledger = usual(1)
        while len(ledger.entries) < 300:
            ledger.append(WORKER, "contact/many", "contact.noted", {})
        self.finds({("root", 0), ("root", 256)}, ledger, lambda export: (
            (tile_path(export, 1, 0, 1)).unlink(), write(tile_path(export, 0, 1, 44), bytes(44 * 32))))

    def test_checkpoint(self):
        ledger, path = usual(1), "checkpoint"
        self.finds({("checkpoint-signature", None)}, ledger, lambda export: write(export / path, b"not a checkpoint"))
        self.finds({("checkpoint-signature", None)}, ledger,
                   lambda export: write(export / path, ledger.checkpoint(signer=STRANGER)))
        self.finds({("root", None)}, ledger,
                   lambda export: write(export / path, ledger.checkpoint(root=sha256(b"another"))))
        self.finds({("root", None), ("root", 0)}, ledger,
                   lambda export: (write(export / path, ledger.checkpoint(root=sha256(b"another"))),
                                   write(tile_path(export, 0, 0, len(ledger.entries)), b"")))

    def test_a_false_size_costs_nothing(self):
        ledger = usual(1)
        size = 2**52
        found = self.audit(ledger, lambda export: (
            write(export / "checkpoint", ledger.checkpoint(size, root=sha256(b"vast"))),
            write(tile_path(export, "entries", 0), pack_bundle([b""] * 256))))
        self.assertTrue({("root", 256), ("checkpoint-signature", None)} <= set(found.faults))

    def test_export_names_another_size(self):
        named = {"sijill": "export/1", "origin": ORIGIN, "size": 1, "disclosures": "all", "attachments": "none"}
        self.finds({("checkpoint-signature", None)}, usual(1),
                   lambda export: write(export / "export.json", json.dumps(named)))
        for wrong in ({"attachments": "all"}, {"disclosures": "some"}, {"sijill": "export/2"}, {"more": 1}):
            self.assertRaises(Refused, self.audit, usual(1),
                              lambda export: write(export / "export.json", json.dumps({**named, **wrong})))

    def test_another_genesis_than_trusted(self):
        other = Ledger(founders=("moh",)).ratify()
        trust = read_trust(self.json_file("other.json", other.trust()))
        self.finds({("genesis", 0)}, usual(1), trust=trust)

    def other_trust(self, ledger, **genesis):
        """A trust file that names another origin, and a key of that name."""
        named = {"origin": "other.test/sijill", "log_key": vkey("other.test/sijill", unb64url(STRANGER.x))}
        return read_trust(self.json_file("other.json", {**ledger.trust(), **named, **genesis}))

    def test_the_trust_file_of_another_ledger_is_one_fault(self):
        ledger, foreign = usual(1), {"genesis": b64url(sha256(b"another entry"))}
        self.assertFalse(self.finds({("checkpoint-signature", None)}, ledger,
                                    trust=self.other_trust(ledger, **foreign))["anchored"])
        gone = self.finds({("checkpoint-signature", None), ("root", 0), ("not-authorised", 0)}, ledger,
                          lambda export: tile_path(export, "entries", 0, len(ledger.entries)).unlink(),
                          trust=self.other_trust(ledger))
        self.assertFalse(gone["anchored"])

    def test_a_trust_file_of_this_entry_0_is_believed(self):
        ledger = usual(1)
        found = self.audit(ledger, trust=self.other_trust(ledger))
        self.assertTrue(found.report()["anchored"])
        self.assertEqual(set(found.faults), {("checkpoint-signature", None)} | {
            ("entry-format", index) for index in range(len(ledger.entries))})

    def test_no_checkpoint_is_nothing_to_judge(self):
        self.assertRaises(FileNotFoundError, self.audit, usual(1), lambda export: (export / "checkpoint").unlink())

    def test_several_checkpoints_and_receipts(self):
        ledger, other = usual(2), Ledger(quorum=2, founders=("moh", "mosd", "rop")).ratify()
        self.finds([], ledger, receipts=[ledger.receipt(8), ledger.receipt(9, 11), ledger.receipt(9)],
                   since=[ledger.checkpoint(3), ledger.checkpoint(7)])
        self.finds({("root", 8), ("root", 11)}, ledger, receipts=[
            {**ledger.receipt(8), "received": 1}, ledger.receipt(9), {**ledger.receipt(11), "received": 1}])
        self.finds({("root", None), ("checkpoint-signature", None)}, ledger, since=[
            ledger.checkpoint(3), other.checkpoint(), ledger.checkpoint(9, signer=STRANGER)])

    def test_held_checkpoints(self):
        ledger, other = usual(1), Ledger(quorum=2, founders=("moh", "mosd", "rop")).ratify()
        for officer in "abcdefgh":
            other.enrol("moh", officer, [])
        self.finds({("root", None)}, ledger, since=[other.checkpoint(9)])
        self.finds({("root", None)}, ledger, since=[other.checkpoint()])
        self.finds({("checkpoint-signature", None)}, ledger, since=[ledger.checkpoint(9, signer=STRANGER)])

    def test_receipts(self):
        ledger = usual(1)
        receipt = ledger.receipt(8)
        self.finds({("root", 8)}, ledger, receipts=[{**receipt, "received": 1}])
        self.finds({("root", 9)}, ledger, receipts=[{**receipt, "index": 9}])
        self.finds({("root", 7)}, ledger, receipts=[{**ledger.receipt(7), "proof": receipt["proof"]}])
        longer = usual(2)
        self.finds({("root", None), ("root", 11)}, ledger, receipts=[longer.receipt(11)])

    def test_disclosures(self):
        ledger = usual(1)
        lines = [json.dumps({"index": index, "disclosure": text}) for index, text in ledger.disclosures]
        forged = json.dumps({"index": 8, "disclosure": b64url(b'["AAAAAAAAAAAAAAAAAAAAAA","name","x"]')})
        missing, mismatch = ("disclosure-missing", 8), ("disclosure-mismatch", 8)
        for expected, told in (
            ({missing}, lines[1:]),
            ({missing, mismatch}, [forged] + lines[1:]),
            ({mismatch}, [forged] + lines),
            ({mismatch}, lines[:1] + lines),
            ({mismatch}, lines + lines[:1]),
            ({mismatch, missing}, lines[1:] + lines[:1]),
            ({("disclosure-mismatch", None)}, lines + ["{}"]),
            ({("disclosure-mismatch", None)}, ["", *lines]),
            ({("disclosure-mismatch", 10)}, ['{"index": 10, "disclosure": "AA"}', *lines]),
            ({("disclosure-mismatch", 3)}, ['{"index": 3, "disclosure": 1}', *lines]),
            ({missing, ("disclosure-missing", 9)}, []),
        ):
            with self.subTest(told=told):
                self.finds(expected, ledger, lambda export: write(
                    export / "disclosures.jsonl", "".join(line + "\n" for line in told)))

    def test_two_disclosures_of_one_name(self):
        ledger = usual(0)
        twice = ledger.append(NURSE, "case/x", "case.opened", {},
                              [("casework", "priority", "high"), ("casework", "priority", "low")])
        self.finds({("disclosure-mismatch", twice)}, ledger)

    def test_digest_of_an_earlier_event(self):
        ledger = usual(1)
        _, text = ledger.disclosures[-1]
        data = {"narrative": {"_sd": [b64url(sha256(text.encode()))]}}
        again = ledger.append(WORKER, "case/c0", "case.noted", data)
        ledger.disclosures.append((again, text))
        self.finds({("disclosure-mismatch", again)}, ledger)

    def erased(self, by, stream, digests, gone, rules=2):
        """Of two cases, a ledger from which disclosures are gone, and which says this of them."""
        ledger = usual(2)
        if rules == 2:
            ledger.propose({"do": "rules.set", "version": 2}, "moh", "mosd")
        done = ledger.append(by, stream, "erasure.done", {"digests": digests(ledger)})
        ledger.disclosures = [one for one in ledger.disclosures if one[0] not in gone]
        return ledger, done

    def test_what_an_accepted_erasure_names_is_not_missing(self):
        access, of = key("ledger", "access"), lambda *indexes: lambda ledger: [
            b64url(sha256(text.encode())) for index, text in ledger.disclosures if index in indexes]
        missing = {("disclosure-missing", 8), ("disclosure-missing", 9)}
        for expected, unchecked, by, stream, named in (
            ([], 2, access, "access/c0", of(8, 9)),
            ([], 2, access, "access/c0", lambda ledger: [*of(8, 9)(ledger), 1, None, "x", *of(10)(ledger)]),
            ({("disclosure-missing", 9)}, 1, access, "access/c0", of(8)),
            ({("disclosure-missing", 8)}, 2, access, "access/c0", lambda ledger: of(8, 9)(ledger)[1:]),
            (missing, 0, access, "access/c1", of(8, 9)),
            (missing, 0, NURSE, "access/c0", of(8, 9)),
            (missing, 0, access, "access/c0", lambda ledger: {"8": of(8, 9)(ledger)}),
        ):
            ledger, _ = self.erased(by, stream, named, {8, 9})
            with self.subTest(by=by.officer, stream=stream, named=named(usual(2))):
                report = self.finds(expected, ledger)
                self.assertEqual(report["levels"]["integrity"]["unchecked"], unchecked)
        ledger, _ = self.erased(access, "access/c0", of(8), set())
        self.assertEqual(self.finds([], ledger)["levels"]["integrity"]["unchecked"], 0)
        ledger, done = self.erased(access, "access/c0", of(8, 9), {8, 9}, rules=1)
        self.finds(missing | {("not-authorised", done)}, ledger)

    def test_a_digest_that_two_cases_use_is_missing_in_both(self):
        ledger = usual(2)
        ledger.propose({"do": "rules.set", "version": 2}, "moh", "mosd")
        _, text = ledger.disclosures.pop()
        digest = b64url(sha256(text.encode()))
        again = ledger.append(WORKER, "case/c0", "case.noted", {"narrative": {"_sd": [digest]}})
        twice, first = ("disclosure-mismatch", again), ("disclosure-missing", 11)
        self.finds({twice, first, ("disclosure-missing", again)}, ledger)
        ledger.append(key("ledger", "access"), "access/c0", "erasure.done", {"digests": [digest]})
        self.finds({twice, first}, ledger)
        ledger.append(key("ledger", "access"), "access/c1", "erasure.done", {"digests": [digest]})
        self.finds({twice}, ledger)

    def test_documents(self):
        ledger = usual(1)
        for version, text in enumerate(("one", "two"), 1):
            digest = b64url(sha256(text.encode()))
            action = {"do": "document.publish", "kind": "policy", "id": "p", "version": version, "hash": digest}
            ledger.propose(action, "moh", "mosd")
        ledger.propose({**action, "version": 3, "hash": b64url(sha256(b"three"))}, "moh")  # never enacted
        ledger.documents = ["one", "two"]
        place = lambda text: Path("documents", b64url(sha256(text.encode())))  # noqa: E731
        self.finds([], ledger)
        self.finds([], ledger, lambda export: (export / place("two")).unlink())
        for other in ("", "on", "one\n", "one" + "\0" * (1 << 20)):
            self.finds({("document-mismatch", None)}, ledger, lambda export: write(export / place("one"), other))
        self.finds([], ledger, lambda export: write(export / place("three"), "other"))
        self.finds([], ledger, lambda export: write(export / "documents/readme", "other"))
        done = self.audit(ledger, lambda export: [write(export / place(text), "x") for text in ("one", "two")])
        for text in ("one", "two"):
            self.assertIn(place(text).name, done.faults["document-mismatch", None])


class Authority(Scratch):
    def refused(self, ledger, *indexes, code="not-authorised"):
        return self.finds({(code, index) for index in indexes}, ledger)

    def test_genesis_that_does_not_hold(self):
        for wrong in (dict(quorum=3), dict(quorum=1), dict(rules=3), dict(rules=True), dict(witnesses="quorum w"),
                      dict(founders=[]), dict(origin="other")):
            ledger = Ledger(**wrong) if "quorum" in wrong else Ledger(**{"quorum": 2, **wrong})
            report = self.refused(ledger.ratify(), 0)
            self.assertEqual(report["levels"]["authority"]["checked"], 1)

    def test_nothing_before_all_have_ratified(self):
        ledger = Ledger()
        early = ledger.propose({"do": "quorum.set", "quorum": 2})
        ledger.ratify()
        again = ledger.append(key("moh", "root"), "ledger", "ledger.ratified", {"created": ledger.jwt_hash(0)})
        second = ledger.append(key("ledger", "operator"), "ledger", "ledger.created", {})
        self.refused(ledger, early, again, second)

    def test_revoked_keys(self):
        ledger = usual(1)
        root = key("moh", "root")
        ledger.append(NURSE, "agency/moh", "key.revoked", {"kid": NURSE.kid, "reason": "lost"})
        bad = ledger.append(NURSE, "case/c0", "case.noted", {})
        self.refused(ledger, bad, code="key-not-valid")
        twice = ledger.append(root, "agency/moh", "key.revoked", {"kid": NURSE.kid, "reason": "lost"})
        ledger.append(root, "agency/moh", "key.compromised", {"kid": NURSE.kid, "since": "2026-01-01T00:00:00Z"})
        self.finds({("key-not-valid", bad), ("not-authorised", twice)}, ledger)

    def test_someone_elses_name(self):
        ledger = usual(1)
        self.refused(ledger, ledger.append(WORKER, "case/c0", "case.noted", {}, iss="moh", sub="nurse"),
                     code="key-not-valid")

    def test_registry_of_an_agency(self):
        ledger = usual(1)
        root, clerk = key("moh", "root"), key("moh", "clerk")
        mine = lambda kind, data, by=root, **said: ledger.append(by, "agency/moh", kind, data, **said)  # noqa: E731
        bad = [mine("unit.opened", {"unit": "u1", "name": name("again")}),
               mine("unit.closed", {"unit": "u9"}),
               mine("unit.opened", {"unit": "u2", "name": name("")}),
               mine("unit.opened", {"unit": "u2", "name": name("x")}, v=2),
               mine("unit.opened", {"unit": "u2", "name": name("x")}, by=NURSE),
               mine("unit.opened", {"unit": "u2", "name": name("x")}, by=WORKER),
               mine("roles.set", {"officer": "nurse", "roles": ["auditor"]}),
               mine("roles.set", {"officer": "nurse", "roles": ["registrar", "casework"]}),
               mine("officer.removed", {"officer": "nobody", "reason": "left"}),
               mine("key.added", {"officer": "clerk", "key": NURSE.jwk, "proof": NURSE.possession(ORIGIN)}),
               mine("key.added", {"officer": "clerk", "key": STRANGER.jwk, "proof": NURSE.possession(ORIGIN)}),
               mine("case.opened", {})]
        ledger.enrol("moh", "aide", ["casework"], by=clerk)
        mine("officer.removed", {"officer": "clerk", "reason": "left"}, by=clerk)
        gone = mine("unit.closed", {"unit": "u1"}, by=clerk)
        self.finds({("not-authorised", index) for index in bad} | {("key-not-valid", gone)}, ledger)

    def test_suspended_registrar(self):
        ledger = usual(0)
        clerk = key("moh", "clerk")
        ledger.propose({"do": "registrar.suspend", "agency": "moh", "officer": "clerk"}, "moh", "mosd")
        bad = ledger.append(clerk, "agency/moh", "unit.opened", {"unit": "u2", "name": name("x")})
        ledger.propose({"do": "registrar.reinstate", "agency": "moh", "officer": "clerk"}, "moh", "mosd")
        ledger.append(clerk, "agency/moh", "unit.opened", {"unit": "u2", "name": name("x")})
        self.refused(ledger, bad)

    def test_proposals(self):
        ledger = usual(0)
        root, other, new = key("moh", "root"), key("mosd", "root"), key("rop", "root")
        approve = lambda by, index: ledger.append(  # noqa: E731
            by, "ledger", "proposal.approved", {"proposal": ledger.jwt_hash(index)})
        admit = {"do": "agency.admit", "agency": "rop", "name": name("rop"), "root_key": new.jwk,
                 "proof": new.possession(ORIGIN), "grants": ["audit"], "member": False}
        opened = ledger.propose(admit)
        early = ledger.append(new, "case/early", "case.opened", {})  # introduced, but no one's key yet
        approve(root, opened)
        twice = approve(root, opened)
        approve(other, opened)
        closed = approve(root, opened)
        unknown = approve(root, 0)
        ledger.enrol("rop", "inspector", ["auditor"])
        outsider = ledger.append(new, "ledger", "proposal.opened", {"action": {"do": "quorum.set", "quorum": 2}})
        known = ledger.propose(admit, "moh", "mosd")
        arithmetic = ledger.propose({"do": "quorum.set", "quorum": 1}, "moh", "mosd")
        void = ledger.propose({"do": "document.publish", "kind": "policy", "id": "p", "version": 2,
                               "hash": ledger.jwt_hash(0)}, "moh", "mosd")
        malformed = ledger.propose({"do": "quorum.set", "quorum": "2"})
        self.finds({("key-not-valid", early), *(("not-authorised", index) for index in (
            twice, closed, unknown, outsider, known, arithmetic, void, malformed))}, ledger)

    def test_a_later_effective_time(self):
        ledger = usual(0)
        at = START + 100_000  # 2025-10-09T08:54:...
        effective = "2025-10-09T12:54:20.000000+04:00"
        self.assertEqual(instant_ms(effective), START + 60_000)
        ledger.propose({"do": "grants.set", "agency": "moh", "grants": []}, "moh", "mosd", effective=effective)
        ledger.append(NURSE, "case/x", "case.opened", {}, received=START + 59_999)
        late = ledger.append(NURSE, "case/x", "case.noted", {}, received=at)
        self.refused(ledger, late)

    def test_merge(self):
        ledger = usual(1)
        three = key("rop", "root")
        ledger.propose({"do": "agency.admit", "agency": "rop", "name": name("rop"), "root_key": three.jwk,
                        "proof": three.possession(ORIGIN), "grants": ["casework"], "member": True}, "moh", "mosd")
        ledger.enrol("rop", "officer", ["casework"])
        stranger = ledger.append(key("rop", "officer"), "case/c0", "case.noted", {})
        ledger.propose({"do": "agency.merge", "agency": "mosd", "into": "rop"}, "moh", "mosd")
        ledger.append(WORKER, "case/c0", "case.noted", {})
        ledger.append(key("rop", "officer"), "case/c0", "case.noted", {})
        ledger.append(three, "agency/mosd", "unit.closed", {"unit": "u1"})
        root = ledger.append(key("mosd", "root"), "agency/mosd", "unit.opened", {"unit": "u3", "name": name("x")})
        ledger.append(key("rop", "root"), "ledger", "proposal.opened", {
            "action": {"do": "agency.remove", "agency": "rop", "quorum": 1}})
        opened = len(ledger.entries) - 1
        for one in ("moh", "rop"):
            ledger.append(key(one, "root"), "ledger", "proposal.approved", {"proposal": ledger.jwt_hash(opened)})
        gone = ledger.append(WORKER, "case/c0", "case.noted", {})
        self.finds({("not-authorised", stranger), ("key-not-valid", root), ("key-not-valid", gone)}, ledger)

    def test_keys_of_root_and_service_replaced(self):
        ledger = usual(0)
        new, service = key("moh", "root", "2"), key("ledger", "log", "2")
        possession = ledger.propose({"do": "service_key.replace", "service": "log", "key": service.jwk,
                                     "proof": NURSE.possession(ORIGIN)}, "moh", "mosd")
        ledger.propose({"do": "root_key.replace", "agency": "moh", "key": new.jwk,
                        "proof": new.possession(ORIGIN)}, "moh", "mosd")
        old = ledger.append(key("moh", "root"), "agency/moh", "unit.closed", {"unit": "u1"})
        ledger.append(new, "agency/moh", "unit.closed", {"unit": "u1"})
        reserved = ledger.append(key("ledger", "log"), "log", "heads.committed", {})
        self.finds({("key-not-valid", old), ("not-authorised", reserved), ("not-authorised", possession)}, ledger)

    def test_cases(self):
        ledger = usual(1)
        clerk = key("moh", "clerk")
        ledger.enrol("moh", "robot", ["casework"], kind="service")
        robot = key("moh", "robot")
        bad = [ledger.append(clerk, "case/x", "case.opened", {}),
               ledger.append(key("moh", "root"), "case/x", "case.opened", {}),
               ledger.append(NURSE, "case/x", "unit.opened", {}),
               ledger.append(NURSE, "case/x", "case.opened", {"to": {"agency": "nowhere"}}),
               ledger.append(NURSE, "case/x", "case.opened", {"to": "mosd"}),
               ledger.append(NURSE, "auto/x", "case.opened", {}),
               ledger.append(NURSE, "case/y", "case.opened", {}, act="doctor")]
        ledger.heads.clear()
        ledger.heads["case/c0"] = (2, ledger.jwt_hash(9))
        ledger.append(robot, "case/c0", "case.noted", {}, act="doctor")
        ledger.append(NURSE, "case/z", "case.opened", {})
        bad.append(ledger.append(WORKER, "case/z", "case.noted", {}))
        ledger.append(NURSE, "case/z", "case.referred", {"to": {"agency": "mosd"}})
        ledger.append(WORKER, "case/z", "case.noted", {})
        self.refused(ledger, *bad)

    def test_rule_set_2_comes_and_stays(self):
        for early in (dict(rules=2), {}):
            ledger = Ledger(**early).ratify()
            ledger.enrol("moh", "nurse", ["casework", "specialist", "supervisor"])
            hours = lambda: ledger.append(  # noqa: E731
                key("moh", "root"), "agency/moh", "unit.calendar_set", {"unit": "u1", "calendar": "office"})
            ledger.append(NURSE, "case/x", "case.opened", {})
            bad = [] if early else [hours(), ledger.append(NURSE, "access/x", "access.requested", {})]
            back = ledger.propose({"do": "rules.set", "version": 1}, "moh")
            ledger.propose({"do": "rules.set", "version": 2}, "moh", "mosd")
            hours()
            ledger.append(NURSE, "access/x", "access.requested", {})
            bad += [ledger.propose({"do": "rules.set", "version": version}, "moh", "mosd") for version in (1, 3)]
            bad.append(ledger.append(key("mosd", "root"), "ledger", "proposal.approved",
                                     {"proposal": ledger.jwt_hash(back - 1)}))
            self.refused(ledger, *bad)

    def test_a_case_has_one_set_of_parties(self):
        ledger = Ledger(("moh", "mosd", "rop"), rules=2).ratify()
        for agency, officer in (("moh", "nurse"), ("mosd", "worker"), ("rop", "officer")):
            ledger.enrol(agency, officer, ["casework"])
        police, automation, access = key("rop", "officer"), key("ledger", "automation"), key("ledger", "access")
        say = lambda by, stream, **data: ledger.append(by, stream, "something.done", data)  # noqa: E731
        bad = [say(automation, "auto/x"), say(police, "access/x"), say(key("moh", "root"), "case/x")]
        say(NURSE, "contact/x")
        say(police, "access/x")
        bad += [say(automation, "auto/x"), say(automation, "contact/x")]
        bad.append(say(WORKER, "case/x"))  # the first was refused, and yet it stands there
        say(NURSE, "case/y")
        bad += [say(WORKER, "case/y"), say(NURSE, "auto/y"), say(access, "auto/y", to={"agency": "mosd"}),
                say(automation, "auto/y", to={"agency": "nowhere"}), say(automation, "access/y"),
                say(key("moh", "root"), "access/y")]
        say(automation, "auto/y", to={"agency": "mosd"}, members=7)
        say(WORKER, "case/y")
        say(police, "access/y", to={"agency": "rop"})
        say(access, "access/y", to={"agency": "rop"})
        bad += [say(police, "case/y"), say(WORKER, "case/y", members=["rop", "nowhere"]),
                say(WORKER, "case/y", members="rop"), say(WORKER, "case/y", members=[1]),
                say(police, "case/y")]
        say(WORKER, "case/y", members=["rop"])
        say(police, "case/y")
        bad.append(ledger.append(key("ledger", "log"), "log", "heads.committed", {}))
        say(NURSE, "case/z")
        ledger.propose({"do": "agency.remove", "agency": "rop"}, "moh", "mosd")
        say(automation, "auto/z", to={"agency": "rop"})
        bad += [say(NURSE, "case/z", to={"agency": "rop"}), say(automation, "auto/z", to="rop")]
        self.refused(ledger, *bad)

    def test_recorded_cosignatures(self):
        ledger = Ledger(rules=2).ratify()
        log, line = key("ledger", "log"), f"\u2014 w {b64(bytes(76))}\n"
        say = lambda note, by=log, stream="log", **data: ledger.append(  # noqa: E731
            by, stream, "log.witnessed", {"checkpoint": note, **data})
        say(ledger.checkpoint() + line)  # whose line it is, and whether it holds, is not asked here
        size = len(ledger.entries) - 1
        say(ledger.checkpoint(size) + line + line)
        ledger.append(log, "log", "log.witnessed", {"checkpoint": ledger.checkpoint(3) + line}, seen=ledger.seen(3))
        bad = [size + 1]  # not the checkpoint that was seen
        bad += [say(ledger.checkpoint()), say(ledger.checkpoint() + "x"), say(""), say(7),
                say(ledger.checkpoint() + line, more=1), say(ledger.checkpoint(signer=STRANGER) + line),
                say(ledger.checkpoint(root=bytes(32)) + line),
                say(ledger.checkpoint() + line, key("ledger", "automation")),
                say(ledger.checkpoint().replace(ORIGIN, "other.test", 1) + line),
                say(ledger.checkpoint() + line, key("moh", "root"), "ledger")]
        self.refused(ledger, *bad)

    def test_the_members_decide_who_witnesses(self):
        lines = [f"witness {name} {vkey(name, unb64url(key('witness', name).x), 4)} https://{name}.test\n"
                 for name in ("a", "b", "c")]
        two = "".join(lines) + "group g 2 a b c\nquorum g\n"
        log = f"log {vkey(ORIGIN, unb64url(LOG_KEY.x))}\n"
        chain = "".join(f"group g{at} 1 {f'g{at - 1}' if at else 'a'}\n" for at in range(257))
        propose = lambda ledger, policy, *by: ledger.propose(  # noqa: E731
            {"do": "witnesses.set", "policy": policy}, *by)
        ledger = Ledger(rules=2).ratify()
        propose(ledger, two, "moh", "mosd")
        propose(ledger, "quorum none\n", "moh", "mosd")
        propose(ledger, "".join(lines) + chain.rsplit("group", 1)[0] + "quorum g255\n")
        bad = [propose(ledger, wrong) for wrong in (
            "", "quorum none", 7, None, two.replace("g 2", "g 1"), log + two, two + "# " + "x" * 16_384 + "\n",
            "".join(lines) + chain + "quorum g256\n")]
        self.refused(ledger, *bad)
        ledger = Ledger().ratify()
        self.refused(ledger, propose(ledger, two))

    def test_holidays(self):
        eid = {"calendar": "oman", "from": "2026-03-19", "to": "2026-03-22", "name": name("عيد")}
        ledger = Ledger(rules=2).ratify()
        announce = lambda by="moh", **data: ledger.append(  # noqa: E731
            key(by, "root"), "ledger", "holiday.announced", {**eid, **data})
        bad = [announce()]
        ledger.propose({"do": "grants.set", "agency": "moh", "grants": ["calendar", "casework"]}, "moh", "mosd")
        announce()
        announce(to="2026-03-19")
        bad += [announce("mosd"), announce(to="2026-03-18"), announce(to="2026-02-30"), announce(to="2026-3-22"),
                announce(calendar="Oman"), announce(to="2026-03-22Z"), announce(more=1)]
        self.refused(ledger, *bad)

    def test_imported_ledger(self):
        ledger = Ledger(clock="imported").ratify()
        ledger.enrol("moh", "loader", ["importer"])
        ledger.enrol("moh", "nurse", ["casework"])
        loader = key("moh", "loader")
        ledger.append(loader, "case/x", "case.opened", {}, occurred="2019-05-01T08:00:00+04:00")
        bad = [ledger.append(loader, "case/x", "case.noted", {}),
               ledger.append(NURSE, "case/x", "case.noted", {}, occurred="2019-05-01T08:00:00+04:00")]
        self.refused(ledger, *bad)


class Time(Scratch):
    """Two founders under rule-set 2; records of what witnesses cosigned, and events between."""

    def setUp(self):
        super().setUp()
        self.ledger = usual()
        self.ledger.propose({"do": "rules.set", "version": 2}, "moh", "mosd")

    def now(self):
        return self.ledger.received // 1000

    def event(self, **said):
        return self.ledger.append(NURSE, "case/t", "case.noted", {}, **said)

    def found(self, source=None, threshold=2):
        trust = read_trust(self.json_file("trust.json", self.ledger.trust(policy_of(threshold))))
        done = Audit(source or self.ledger.export(self.dir / "export"), trust).run()
        return done.report(), {fault for fault in done.faults if fault != ("quorum", None)}

    def test_an_event_lies_between_two_records(self):
        before = self.event()
        start = self.now()
        self.ledger.record({"a": start, "b": start + 4, "c": start + 9})
        between, end = self.event(), self.now()
        size = len(self.ledger.entries)
        self.ledger.record({"a": end + 1, "c": end + 7})
        after = self.event()
        report, faults = self.found()
        self.assertEqual(faults, set())
        self.assertEqual(report["intervals"], {"both": 1, "after": 2, "before": size - 1, "outside": []})
        report, faults = self.found(self.ledger.evidence(self.dir / "f", [before, between, after]))
        self.assertEqual(faults, set())
        told = [(one["index"], one["after"], one["before"]) for one in report["exhibits"]]
        self.assertEqual(told, [(before, None, start + 4), (between, start + 4, end + 7), (after, end + 1, None)])

    def test_one_wrong_clock_of_three_moves_nothing(self):
        for wrong in (-864_000, 864_000):
            self.setUp()
            self.ledger.record({"a": self.now(), "b": self.now() + wrong, "c": self.now()})
            index = self.event()
            self.ledger.record({"a": self.now() + wrong, "b": self.now(), "c": self.now()})
            report, faults = self.found()
            self.assertEqual((faults, report["intervals"]["outside"]), (set(), []))
            self.assertIn(("received-time", index), self.found(threshold=1)[1])

    def test_received_moved_by_two_hours(self):
        for moved in (-7_200_000, 7_200_000):
            self.setUp()
            self.ledger.record({"a": self.now(), "b": self.now()})
            honest = self.ledger.received
            index = self.event(received=honest + moved, iat=(honest + min(moved, 0)) // 1000)
            self.ledger.record({"a": honest // 1000 + 1, "b": honest // 1000 + 1}, received=max(honest, honest + moved))
            self.assertIn(("received-time", index), self.found()[1])

    def test_a_claim_outside_is_listed(self):
        self.ledger.record({"a": self.now(), "b": self.now()})
        index = self.event(iat=self.now() - 86_400)
        self.event(iat=self.now() - 290)
        report, faults = self.found()
        self.assertEqual((faults, [one["index"] for one in report["intervals"]["outside"]]), (set(), [index]))

    def test_evidence_that_proves_nothing(self):
        index = self.event()
        self.ledger.record({"a": self.now(), "b": self.now()})
        path = self.ledger.evidence(self.dir / "f", [8, index], packed=False)
        good = json.loads(path.read_bytes())
        self.assertEqual(self.found(path)[1], set())
        def judged(alter):
            file = json.loads(json.dumps(good))
            alter(file)
            return self.found(self.json_file("f", file))[1]
        nothing = {("root", None)}
        self.assertEqual(judged(lambda file: file["between"].pop()), nothing)
        self.assertEqual(judged(lambda file: file["between"].append([0, self.ledger.jwt_hash(0)])), nothing)
        self.assertEqual(judged(lambda file: file["between"][0].__setitem__(1, self.ledger.jwt_hash(0))), nothing)
        self.assertEqual(judged(lambda file: file["between"][0].__setitem__(0, 9)), nothing)
        self.assertEqual(judged(lambda file: file["entries"].pop(-1)), nothing)
        for name, value in (("sijill", "evidence/1"), ("between", [[63, self.ledger.jwt_hash(0)]]), ("entries", [{}]),
                            ("witnessed", ["x"]), ("entries", good["entries"][:1] * 2), ("more", 1)):
            with self.assertRaises(Refused, msg=name):
                judged(lambda file: file.__setitem__(name, value))
        packed = self.ledger.evidence(self.dir / "f", [index]).read_bytes()
        for raw in (packed + b"x", packed[:-1], gzip.compress(b" " * ((64 << 20) + 1))):
            write(self.dir / "f", raw)
            with self.assertRaises(Refused):
                self.found(self.dir / "f")


class Primitives(unittest.TestCase):
    def test_json(self):
        for text in ('{"a":1,"a":2}', '{"a":1,"\\u0061":2}', "1.0", "1e2", "-0", "01", "9007199254740992", "NaN",
                     '"\\ud800"', '"\\u0000"', '{"\\u0000":1}', "[[[[[[[[[]]]]]]]]]", "\ufeff1", "[1,]", "1 2", "'a'"):
            with self.subTest(text=text), self.assertRaises(Refused):
                strict_json(text.encode())
        self.assertRaises(Refused, strict_json, b'"\xed\xa0\x80"')
        self.assertRaises(Refused, strict_json, b"[" * 100_000)
        self.assertEqual(strict_json(b' {"a" : [-1, 9007199254740991, "\\ud83d\\ude00"]}\n'),
                         {"a": [-1, 9007199254740991, "\U0001f600"]})

    def test_base64url(self):
        self.assertEqual(unb64url(""), b"")
        for text in ("A", "AB", "AA==", "A+", "AA\n"):
            self.assertRaises(Refused, unb64url, text)

    def test_times(self):
        self.assertEqual(instant_ms("1970-01-01T00:00:00Z"), 0)
        self.assertEqual(instant_ms("1969-12-31T23:59:59.9999Z"), -1)
        self.assertEqual(instant_ms("0001-01-01T00:00:00+23:59"), -62135683140000)
        for text in ("2026-01-01", "2026-01-01t00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z",
                     "2026-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "2026-01-01T00:00:00.Z",
                     "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00.0000000000Z", "2026-01-01T00:00:00"):
            self.assertIsNone(instant_ms(text), text)

    def test_syntax(self):
        self.assertTrue(fits("jti", uuid7()))
        self.assertTrue(fits("type", "a.b") and fits("type", "a" * 62 + ".b"))
        for text in ("a" * 63 + ".b", "a", "A.b", "a.b\n"):
            self.assertFalse(fits("type", text))

    def test_small_order_keys_and_points(self):
        order_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03"
        small = ["00" * 32, "00" * 31 + "80", "01" + "00" * 31, "01" + "00" * 30 + "80", "ec" + "ff" * 30 + "7f",
                 "ec" + "ff" * 31, order_8 + "7a", order_8 + "fa",
                 "ed" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "7f", "ed" + "ff" * 31, "ee" + "ff" * 31]
        for encoded in map(bytes.fromhex, small):
            # with S = 0 and R = A, R = S·B − h·A holds whenever h·A = −A
            for tried in range(64):
                self.assertFalse(verify(encoded, b"%d" % tried, encoded + bytes(32)))
        self.assertFalse(verify((P + 3).to_bytes(32, "little"), b"", bytes(64)))

    def test_proofs_against_the_recursive_definition(self):
        ledger = Ledger.__new__(Ledger)
        ledger.entries = [b"%d" % number for number in range(20)]
        tree = Tree()
        for entry in ledger.entries:
            tree.append(leaf_hash(entry))

        def subproof(m, low, high, whole):  # RFC 6962 §2.1.2
            if m == high - low:
                return [] if whole else [ledger.subtree(low, high)]
            k = 1 << (high - low - 1).bit_length() - 1
            if m <= k:
                return subproof(m, low, low + k, whole) + [ledger.subtree(low + k, high)]
            return subproof(m - k, low + k, high, False) + [ledger.subtree(low, low + k)]
        for size in range(1, 21):
            for old in range(1, size + 1):
                proof = subproof(old, 0, size, True)
                self.assertTrue(consistent(old, tree.root(old), size, tree.root(size), proof))
                self.assertFalse(consistent(old, tree.root(old), size, node_hash(b"", b""), proof))
                self.assertFalse(consistent(old, tree.root(old), size, tree.root(size), proof + [bytes(32)]))

    def test_posted_events(self):
        ledger = usual(1)
        texts = [text for index, text in ledger.disclosures if index == 8]
        whole = "~".join((ledger.jwts[8], *texts, ""))
        self.assertEqual(parse_sd_jwt(whole.encode())[0].kid, NURSE.kid)
        for wrong in (whole[:-1], ledger.jwts[8] + "~", whole + texts[0] + "~"):
            self.assertRaises(Refused, parse_sd_jwt, wrong.encode())
        self.assertRaises(Refused, parse_entry, b"01 " + ledger.jwts[8].encode())

    def test_receipt(self):
        ledger = usual(1)
        receipt, log_key = ledger.receipt(8), ledger.trust()["log_key"]
        check_receipt(receipt, ledger.jwts[8], log_key)
        for wrong, jwt in (({**receipt, "index": 7}, 8), ({**receipt, "received": 5}, 8), (receipt, 7)):
            self.assertRaises(Refused, check_receipt, wrong, ledger.jwts[jwt], log_key)
        stranger = "x+" + log_key.partition("+")[2]
        self.assertRaises(Refused, check_receipt, receipt, ledger.jwts[8], stranger)


class CommandLine(Scratch):
    def run_audit(self, *args):
        return subprocess.run([sys.executable, str(TOOLS / "verify.py"), "audit", *map(str, args)],
                              capture_output=True, text=True)

    def test_exit_status_and_json(self):
        export = usual(1).export(self.dir / "export")
        clean = self.run_audit(export, "--json")
        self.assertEqual(clean.returncode, 0)
        report = json.loads(clean.stdout)
        self.assertEqual(list(report), ["origin", "size", "root", "entries", "anchored", "levels", "faults", "intervals",
                                        "seconds"])
        self.assertEqual(report["root"], b64url(Tree.root(usual_tree(export), report["size"])))
        self.assertTrue(self.run_audit(export).stdout.startswith("anchored: no"))
        self.assertEqual(self.run_audit(export / "nowhere").returncode, 2)
        self.assertEqual(self.run_audit(export, "--trust", export / "nowhere").returncode, 2)
        write(export / "checkpoint", b"not a checkpoint")
        self.assertEqual(self.run_audit(export, "--json").returncode, 1)
        (export / "checkpoint").unlink()
        gone = self.run_audit(export, "--json")
        self.assertEqual((gone.returncode, gone.stdout), (2, ""))
        self.assertIn("could not be read", gone.stderr)

    def test_people_are_told_whether_it_is_clean_and_not_the_same_thing_a_thousand_times(self):
        ledger = usual(1)
        export = ledger.export(self.dir / "export")
        self.assertIn("\nno faults\n", self.run_audit(export).stdout)
        for late in range(1000):
            ledger.append(NURSE, "case/x", "case.noted", {}, received=START + 10**6, iat=START // 1000 + 1301)
        export = ledger.export(self.dir / "late")
        told = self.run_audit(export).stdout
        last = len(ledger.entries) - 1
        self.assertIn("\n1000 faults:\n", told)
        self.assertEqual(told.count("FAULT received-time"), 10)
        self.assertTrue(told.endswith(f"… 990 more of received-time, the last at entry {last}; all of them with --json\n"))
        self.assertEqual(len(json.loads(self.run_audit(export, "--json").stdout)["faults"]), 1000)

    def test_receipts_and_checkpoints_may_be_given_several_times(self):
        ledger = usual(1)
        export, held = ledger.export(self.dir / "export"), []
        for index, lie in ((8, {}), (9, {"received": 1}), (7, {"received": 1})):
            held += ["--receipt", self.json_file(f"receipt-{index}", {**ledger.receipt(index), **lie})]
        for size, signer in ((5, STRANGER), (6, LOG_KEY)):
            write(self.dir / f"since-{size}", ledger.checkpoint(size, signer=signer))
            held += ["--since", self.dir / f"since-{size}"]
        found = self.run_audit(export, "--trust", self.json_file("trust.json", ledger.trust()), "--json", *held)
        self.assertEqual(found.returncode, 1)
        self.assertEqual([(one["code"], one["index"]) for one in json.loads(found.stdout)["faults"]],
                         [("checkpoint-signature", None), ("root", 7), ("root", 9)])

    def test_keygen_writes_a_key_only_its_owner_reads(self):
        path = self.dir / "key.json"
        done = subprocess.run([sys.executable, str(TOOLS / "client.py"), "keygen", "--agency", "moh",
                               "--officer", "o1", "--out", str(path), "--origin", ORIGIN], capture_output=True, text=True)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(Key.load(path).jwk, json.loads(done.stdout)["key"])


def usual_tree(export):
    tree, raw = Tree(), next((export / "tile" / "0").rglob("000.p/*")).read_bytes()
    for at in range(0, len(raw), 32):
        tree.append(raw[at:at + 32])
    return tree


if __name__ == "__main__":
    unittest.main()
