#!/usr/bin/env python3
"""Writes what somebody might bring to the verification page, made by the other verifier's tests.

    made_evidence.py DIR    case.evidence, with a value withheld and one whose author's clock is wrong; altered.evidence, in
                            which a signature was; trust.json, foreign-trust.json; receipt.json and event.jwt of an entry; nothing.bin
"""
import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "verify" / part) for part in ("tests", "")]

from made_ledger import START, Ledger, cosignature, key, policy_of, write  # noqa: E402


def main(directory):
    directory, ledger = Path(directory), Ledger(rules=2).ratify()
    ledger.enrol("moh", "nurse", ["casework"])
    ledger.enrol("mosd", "worker", ["casework"], by=key("mosd", "root"))
    nurse, worker = key("moh", "nurse"), key("mosd", "worker")

    def clocks(wrong=0):
        now = ledger.received // 1000
        return {"a": now + 1, "b": now + 2, "c": now + 3 + wrong}

    ledger.record(clocks())
    first = ledger.append(nurse, "case/a", "case.opened", {"unit": "u1", "to": {"agency": "mosd"}},
                          [("casework", "risk", "high"), ("identity", "summary", "ملخص <b>غير</b> منسق"), ("narrative", "note", None)])
    ledger.record(clocks(864_000))
    wanted = [first,
              ledger.append(worker, "case/a", "referral.accepted", {"by": "worker"}, [("narrative", "note", "seen today")],
                            iat=START // 1000 - 7200),
              ledger.append(nurse, "case/a", "x.unheard_of", {"deep": {"list": [1, True, None]}}, occurred="2025-10-09T12:00:00+04:00")]
    ledger.record(clocks())
    for _ in range(3):
        ledger.append(nurse, "contact/other", "contact.noted", {})
    del ledger.disclosures[-1]
    point = ledger.checkpoint() + "".join(cosignature(ledger.checkpoint(), at, time) for at, time in clocks().items())
    ledger.evidence(directory / "case.evidence", wanted, point)

    trust = ledger.trust(policy_of(2))
    write(directory / "trust.json", json.dumps(trust))
    other = Ledger(founders=("rop",))
    write(directory / "foreign-trust.json", json.dumps({**trust, "genesis": other.trust()["genesis"]}))
    write(directory / "receipt.json", json.dumps(ledger.receipt(first)))
    write(directory / "event.jwt", ledger.jwts[first])
    write(directory / "nothing.bin", b"\0\1\xff")
    raw = ledger.entries[wanted[1]]
    ledger.entries[wanted[1]] = raw[:-6] + (b"A" if raw[-6:-5] != b"A" else b"B") + raw[-5:]
    ledger.evidence(directory / "altered.evidence", wanted, point, packed=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
