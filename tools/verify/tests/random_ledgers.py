#!/usr/bin/env python3
"""Writes random ledgers, lawful in part and then tampered with, and what the verifier here finds in each of them:
another one must find the same.

    random_ledgers.py DIR SEED COUNT    writes DIR/<n>/export, and, of some, trust.json, receipt.json, since;
                                        DIR/<n>/found.json is the verdict, or null where there is nothing to audit;
                                        DIR/<n>/some.evidence and found-evidence.json the same of some entries
"""
import gzip
import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from made_ledger import ORIGIN, Ledger, cosignature, key, name, policy_of, vkey, write
from made_heads import heads_after
from sijill_format import Refused, b64, b64url, hash_of, strict_json, unb64url
from sijill_log import Checkpoint, Receipt
from verify import Audit, read_trust

AGENCIES, PEOPLE, UNITS = ["moh", "moe", "rop", "mosd", "moj"], ["reg", "cw", "svc", "new"], ["u1", "u2"]
ROLES = ["auditor", "casework", "importer", "mirror", "oversight", "registrar", "specialist", "supervisor"]
GRANTS = ["audit", "calendar", "casework", "mirror", "oversight"]
ELSEWHERE = "elsewhere.test/sijill"
ODD = [None, True, 0, 1, 2, -1, "", "x", "ledger", "root", [], ["registrar", "casework"], {}, {"agency": "moh"},
       ["moh", "rop"], {"agency": 1}, 2**53 - 1, "a" * 201, "2026-02-30T00:00:00Z", {"_sd": []}]


class History:
    def __init__(self, chance):
        self.chance = chance
        self.founders, self.focus = chance.sample(AGENCIES, chance.choice((1, 2, 3, 3, 4, 4))), []
        quorum = chance.randint(len(self.founders) // 2 + 1, len(self.founders))
        odd = {"grants": chance.choice(ODD)} if chance.random() < .03 else {"rules": chance.choice((1, 2))}
        self.imported, self.odds = chance.random() < .15, chance.choice((0, 0, 0, 0, 1))
        self.ledger = Ledger(self.founders, "imported" if self.imported else "live", quorum, **odd)
        for founder in self.founders:
            if not self.odds or chance.random() < .8:
                self.say(key(founder, "root"), "ledger", "ledger.ratified", {"created": self.ledger.jwt_hash(0)})
        for agency in self.founders:
            self.say(key(agency, "root"), f"agency/{agency}", "unit.opened", {"unit": "u1", "name": name("u1")})
            for person, role in (("reg", "registrar"), ("cw", "importer" if self.imported else "casework")):
                self.enrol(key(agency, "root"), agency, person, [role], "officer")
        self.proposals, self.odds, self.focus = [], 1, []
        if chance.random() < .3:
            self.decide({"do": "rules.set", "version": 2}, {})
            self.shared_case(*chance.choices(self.founders, k=2))

    # --- who and what ---

    def some(self, *values):
        return self.chance.choice(values)

    def agency(self):
        """Mostly one of those that things happen to just now."""
        if self.focus and self.chance.random() < .6:
            return self.chance.choice(self.focus)
        return self.chance.choice(self.founders * 6 + AGENCIES)

    def key(self, agency, who):
        """Mostly the first key of somebody, now and then the second."""
        return key(agency, who, "2" if self.chance.random() < .04 * self.odds else "")

    def root(self):
        return self.key(self.agency(), "root")

    def subset(self, words):
        return sorted(self.chance.sample(words, self.chance.randint(0, 3)))

    def speaker(self):
        return self.key(self.agency(), self.some("root", "reg", *["cw"] * 8, "svc", "new"))

    def time(self, past):
        """A moment from `past` ms ago to 20 s ahead."""
        ms = self.ledger.received + self.chance.randint(-past, 20_000)
        moment = datetime.fromtimestamp(ms // 1000, timezone(timedelta(hours=self.some(-3, 0, 4), minutes=30)))
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}{moment:%z}"[:-2] + ":30"

    # --- saying it, sometimes wrongly ---

    def spoiled(self, data):
        data, names = dict(data), sorted(data)
        kind = self.chance.random()
        if kind < .3 and names:
            del data[self.chance.choice(names)]
        elif kind < .8 and names:
            data[self.chance.choice(names)] = self.chance.choice(ODD)
        else:
            data[self.some("x", "to", "members", "quorum", "casework")] = self.chance.choice(ODD)
        return data

    def say(self, signer, stream, kind, data, hidden=(), **said):
        chance, ledger = self.chance, self.ledger
        if chance.random() < .05 * self.odds:
            data = self.spoiled(data)
        if self.imported and chance.random() < .9:
            said.setdefault("occurred", "2019-05-01T08:00:00+04:00")
        odd = chance.random()
        if odd < .08 * self.odds:
            said.update(self.some(
                {"iss": self.agency()}, {"sub": self.some(*PEOPLE, "root")}, {"act": "someone"}, {"v": 2}, {"v": 0},
                {"seq": chance.randint(0, 4)}, {"jti": f"01890000-0000-7000-8000-{chance.randint(1, 30):012x}"},
                {"aud": "elsewhere"}, {"iat": ledger.received // 1000 + chance.randint(200, 400)},
                {"seen": ledger.seen(chance.randint(1, len(ledger.entries) + 1) if odd < .02 else 1)},
                {"seen": {"size": chance.randint(1, len(ledger.entries) + 2), "root": ledger.jwt_hash(0)}},
                {"received": ledger.received + chance.randint(-3000, 30_000)}, {"prev": ledger.jwt_hash(0)},
                {"type": self.some("unit.opened", "case.opened", "heads.committed", "ledger.created")},
                {"stream": self.some("log", "auto/x", "access/x", "agency/none", "ledger", "case/new")},
                {"then": lambda jwt: jwt[:-4] + "AAAA"}, {"then": lambda jwt: jwt.replace(".", "A.", 1)},
                {"without": (self.some("seen", "iat", "_sd_alg"),)}))
        if "prev" in said or "seq" in said:
            said.setdefault("prev", ledger.jwt_hash(0))
        if "seen" in said and said["seen"]["size"] > len(ledger.entries):
            said["seen"]["root"] = ledger.jwt_hash(0)
        if said.get("seq") == 0:
            del said["prev"]
        return ledger.append(signer, stream, kind, data, hidden, **said)

    def enrol(self, by, agency, person, roles, kind):
        own = key(agency, person, "2" if self.chance.random() < .3 * self.odds else "")
        self.say(by, f"agency/{agency}", "officer.enrolled", {
            "officer": person, "kind": kind, "unit": self.some(*["u1"] * 9, "u2"), "roles": roles,
            "key": own.jwk, "proof": self.proof(own)})

    def proof(self, own):
        return own.possession(ORIGIN if self.chance.random() > .08 * self.odds else "elsewhere")

    # --- acts ---

    def action(self):
        agency, other, chance = self.agency(), self.agency(), self.chance
        quorum = {"quorum": chance.randint(1, 4)} if chance.random() < .6 else {}
        root, second = self.key(agency, "root"), key(agency, "root", self.some("2", "3"))
        service = key("ledger", self.some("log", "automation", "access", "operator"), self.some("2", "3"))
        return self.some(
            {"do": "agency.admit", "agency": agency, "name": name(agency), "root_key": root.jwk,
             "proof": self.proof(root), "grants": self.subset(GRANTS),
             "member": self.some(True, False), **quorum},
            {"do": "agency.remove", "agency": agency, **quorum},
            {"do": "agency.merge", "agency": agency, "into": other, **quorum},
            {"do": "agency.merge", "agency": agency, "into": other, **quorum},
            {"do": "agency.rename", "agency": agency, "name": name("new")},
            {"do": "grants.set", "agency": agency, "grants": self.subset(GRANTS)},
            {"do": "root_key.replace", "agency": agency, "key": second.jwk, "proof": self.proof(second)},
            {"do": "service_key.replace", "service": service.officer, "key": service.jwk,
             "proof": self.proof(service)},
            {"do": "registrar.suspend", "agency": agency, "officer": self.some("reg", "reg", *PEOPLE)},
            {"do": self.some("registrar.suspend", "registrar.reinstate"), "agency": agency, "officer": "reg"},
            {"do": "document.publish", "kind": self.some("policy", "manual"), "id": "d",
             "version": chance.randint(1, 3), "hash": self.document()},
            {"do": "quorum.set", "quorum": chance.randint(1, 4)}, {"do": "rules.set", "version": self.some(1, 2, 2, 3)})

    def document(self):
        """The hash of one that the export holds, or of one that nobody has."""
        text = f"document {self.chance.randint(1, 4)}"
        if self.chance.random() < .9:
            self.ledger.documents.append(text)
        return hash_of(text)

    def govern(self):
        effective = {"effective": self.time(5000)} if self.chance.random() < .3 else {}
        action = self.action()
        self.decide(self.spoiled(action) if self.chance.random() < .04 else action, effective)

    def decide(self, action, effective):
        opener = key(self.chance.choice(self.founders), "root")
        index = self.say(opener, "ledger", "proposal.opened", {"action": action, **effective})
        self.proposals.append(self.ledger.jwt_hash(index))
        votes = len(self.founders) if self.chance.random() < .7 else self.chance.randint(0, len(self.founders))
        for agency in self.chance.sample(self.founders, votes):
            self.approve(key(agency, "root"), self.proposals[-1])
        self.focus = [action[name] for name in ("agency", "into") if action.get(name) in AGENCIES]

    def approve(self, signer=None, proposal=None):
        proposal = proposal or self.chance.choice([*self.proposals, self.ledger.jwt_hash(0)])
        self.say(signer or self.root(), "ledger", "proposal.approved", {"proposal": proposal})

    def keep(self):
        """Something in an agency's registry."""
        agency, person, unit = self.agency(), self.some(*PEOPLE), self.some(*UNITS)
        by = self.key(agency if self.chance.random() < .8 else self.agency(), self.some("root", "reg", "reg", "cw"))
        own, stream, roles = key(agency, person, self.some("", "2")), f"agency/{agency}", self.subset(ROLES)
        kid = self.key(agency if self.chance.random() < .8 else self.agency(), self.some(*PEOPLE, "root")).kid
        if self.chance.random() < .3:
            return self.enrol(by, agency, person, roles, self.some("officer", "service"))
        kind, data = self.some(
            ("unit.opened", {"unit": unit, "name": name(unit)}), ("unit.renamed", {"unit": unit, "name": name("x")}),
            ("unit.closed", {"unit": unit}), ("officer.moved", {"officer": person, "unit": unit}),
            ("unit.calendar_set", {"unit": unit, "calendar": "office"}),
            ("officer.removed", {"officer": person, "reason": "left"}),
            ("roles.set", {"officer": person, "roles": roles}), ("roles.set", {"officer": person, "roles": roles}),
            ("certificate.granted", {"officer": person, "certificate": "c", "expires": self.time(0)}),
            ("key.added", {"officer": person, "key": own.jwk, "proof": self.proof(own)}),
            ("key.added", {"officer": person, "key": own.jwk, "proof": self.proof(own)}),
            ("key.revoked", {"kid": kid, "reason": "lost"}), ("key.compromised", {"kid": kid, "since": self.time(9999)}))
        self.say(by, stream, kind, data)

    def work(self):
        named = {"to": {"agency": self.agency()}} if self.chance.random() < .5 else {}
        if self.chance.random() < .1:
            named["members"] = [self.agency(), self.agency()]
        hidden = [("casework", "priority", "high"), ("identity", "name", {"ar": "س"})][:self.chance.randint(0, 2)]
        if self.chance.random() < .03:
            hidden += hidden[:1]
        if self.chance.random() < .02 and self.ledger.disclosures:
            named["sensitive"] = {"_sd": [hash_of(self.chance.choice(self.ledger.disclosures)[1])]}
        streams = ["case/a", "case/b", "case/c", "contact/a"] * 3
        stream = self.some(*streams, "auto/a", "access/a", "access/b", "auto/z")
        service = self.key("ledger", self.some("automation", "access", "log"))
        speaker = service if stream[0] == "a" and self.chance.random() < .5 else self.speaker()
        index = self.say(speaker, stream, self.some("case.noted", "referral.sent"), named, hidden)
        if self.chance.random() < .03 and self.ledger.disclosures:
            self.ledger.disclosures.append((index, self.chance.choice(self.ledger.disclosures)[1]))

    def observe(self):
        """What witnesses cosigned is recorded; now and then the clock of one is wrong."""
        now, wrong = self.ledger.received // 1000, self.some(0, 0, 0, 0, 2000, -2000, 90_000)
        clocks = {at: now + self.chance.randint(0, 9) for at in self.chance.sample("abc", self.chance.choice((2, 3, 3)))}
        self.ledger.record({**clocks, **({"a": now + wrong} if "a" in clocks else {})})

    def erase(self):
        """Values go, and the service says so: of the case that had them, or of another, or not of quite all."""
        held, chance = self.ledger.disclosures, self.chance
        gone = chance.sample(held, min(len(held), chance.randint(1, 4)))
        named = [hash_of(text) for _, text in gone] + self.some([], [], [1], ["x", None])
        for one in gone if chance.random() < .9 else ():
            held.remove(one)
        by = self.some(*[key("ledger", "access")] * 6, key("ledger", "automation"), self.speaker())
        self.say(by, f"{self.some(*['access'] * 9, 'auto')}/{self.some(*'aabcd')}", "erasure.done",
                 {"digests": named[self.some(0, 0, 1):]})

    # --- stories, of what chance alone seldom brings together ---

    def story(self):
        one, other = self.chance.sample(self.founders, 2) if len(self.founders) > 1 else self.founders * 2
        self.some(self.merger, self.merger, self.schedule, self.return_of_an_officer, self.vote_and_leave,
                  self.shared_case, self.holiday, self.witnesses, self.witnesses, self.heads, self.heads)(one, other)

    def witnesses(self, one, other):
        """Who witnesses is decided, and what they cosigned recorded: rightly, or nearly so."""
        ledger, lines = self.ledger, [f"witness {at} {vkey(f'w{at}', unb64url(key('witness', at).x), 4)}\n" for at in "abc"]
        names = [self.some(*"abc") if self.chance.random() < .1 else at for at in "abc"]
        policy = "".join(lines) + f"group g {self.chance.randint(1, 3)} {' '.join(names)}\nquorum {self.some('g', 'g', 'none', 'x')}\n"
        wrong = self.some(policy[:-1], policy + "#" * 16_384 + "\n", f"log {ledger.trust()['log_key']}\n" + policy, 7)
        ledger.propose({"do": "witnesses.set", "policy": self.some(policy, policy, wrong)}, one, other)
        size = len(ledger.entries) - (self.chance.random() < .2)
        note = ledger.checkpoint(size, key(one, "root")) if self.chance.random() < .2 else ledger.checkpoint(size)
        line = f"\u2014 w{self.some(*'abc')} {b64(bytes(self.some(76, 76, 76, 5, 4, 3)))}\n"
        clock = ledger.received // 1000 + self.some(0, 0, 0, 1, 7, 290, -290, 4000, -4000, -90_000)
        good = "".join(cosignature(note, at, clock + self.chance.randint(-9, 9)) for at in "abc"[:self.chance.randint(1, 3)])
        note += self.some(good, good, good, good, good + line, line, line + line, "", line[:-1], "x" + line)
        data = {"checkpoint": note, **({"size": size} if self.chance.random() < .05 else {})}
        ledger.append(key("ledger", self.some("log", "log", "log", "access")), "log", "log.witnessed", data,
                      **({"seen": ledger.seen(size)} if self.chance.random() < .7 else {}))

    def heads(self, one, other):
        """Heads are committed, of the whole log or of a little less: rightly, or nearly so."""
        ledger, chance = self.ledger, self.chance
        size = max(1, len(ledger.entries) - self.some(0, 0, 0, 1, 7))
        said = heads_after(ledger, size)
        if chance.random() < .2:
            said[self.some("streams", "keys")] = ledger.jwt_hash(0)
        if chance.random() < .05:
            said = self.spoiled(said)
        ledger.append(key("ledger", self.some(*["log"] * 5, "access")), "log", "heads.committed", said,
                      seen=ledger.seen(self.some(*[size] * 9, 1)))

    def merger(self, one, other):
        quorum = {"quorum": self.chance.randint(1, 3)}
        self.decide({"do": "agency.merge", "agency": one, "into": other, **quorum}, {})
        for removed in (False, True):
            for _ in range(self.chance.randint(2, 6)):
                by, to = key(self.some(one, other), self.some("root", "reg", "cw", "cw")), self.some(one, other)
                if by.officer == "cw":
                    self.say(by, self.some("case/a", "case/b"), "case.noted", {"to": {"agency": to}})
                else:
                    unit = f"u{self.chance.randint(1, 99)}"
                    self.say(by, f"agency/{to}", "unit.opened", {"unit": unit, "name": name(unit)})
            if not removed:
                self.decide({"do": "agency.remove", "agency": self.some(one, other, other), **quorum}, {})

    def vote_and_leave(self, one, other):
        """A vote does not count once its agency is no member."""
        action = {"do": "document.publish", "kind": "policy", "id": "v", "version": 1, "hash": self.document()}
        opened = self.say(key(other, "root"), "ledger", "proposal.opened", {"action": action})
        self.approve(key(one, "root"), self.ledger.jwt_hash(opened))
        quorum = {"quorum": self.chance.randint(1, 3)}
        self.decide({"do": "agency.remove", "agency": one, **quorum}, {})
        for agency in self.founders:
            self.approve(key(agency, "root"), self.ledger.jwt_hash(opened))

    def shared_case(self, one, other):
        """Whom the automation addresses, or a conference calls, works in the case; who asks for something does not."""
        called, third = self.some("d", "e", "f"), self.chance.choice(self.founders)
        for _ in range(self.chance.randint(4, 9)):
            by, to = key(self.some(one, one, other, third), "cw"), {"to": {"agency": self.some(one, other, third)}}
            self.say(*self.some(
                (by, f"case/{called}", "case.noted", {}), (by, f"case/{called}", "case.noted", to),
                (by, f"contact/{called}", "case.noted", to), (by, f"access/{called}", "access.requested", to),
                (key("ledger", "access"), f"access/{called}", "access.released", to),
                (key("ledger", "automation"), f"auto/{called}", "notice.given", to),
                (by, f"case/{called}", "conference.scheduled", {"members": [other, third]})))
            if self.chance.random() < .1:
                self.decide({"do": "agency.remove", "agency": other, "quorum": self.chance.randint(1, 3)}, {})

    def holiday(self, one, _):
        if self.chance.random() < .7:
            self.decide({"do": "grants.set", "agency": one, "grants": ["calendar", "casework"]}, {})
        for who in ("root", "root", "reg"):
            self.say(key(one, who), "ledger", "holiday.announced", {
                "calendar": "oman", "from": self.some("2026-03-19", "2026-03-19", "2026-03-29", "2026-02-30"),
                "to": self.some("2026-03-19", "2026-03-22"), "name": name("عيد")})

    def schedule(self, one, _):
        """The grant is lost some seconds from now, or seconds ago."""
        self.decide({"do": "grants.set", "agency": one, "grants": []}, {"effective": self.time(3000)})
        for _ in range(8):
            self.say(key(one, "cw"), "case/a", "case.noted", {"to": {"agency": one}})

    def return_of_an_officer(self, one, other):
        root, stream, lost = key(one, "root"), f"agency/{one}", key(one, "cw")
        kinds = ["key.revoked", "key.compromised", "officer.removed", "officer.enrolled", "key.added", "unit.closed"]
        for kind in self.chance.sample(kinds, 4) + self.chance.sample(kinds, 3):
            own = key(one, "cw", self.some("2", "3"))
            data = {"kid": lost.kid, "reason": "lost"} if kind == "key.revoked" else {
                "kid": lost.kid, "since": self.time(9999)} if kind == "key.compromised" else {
                "officer": "cw", "reason": "left"} if kind == "officer.removed" else {
                "officer": "cw", "kind": "officer", "unit": "u1", "roles": ["casework"], "key": own.jwk,
                "proof": self.proof(own)} if kind == "officer.enrolled" else {
                "officer": "cw", "key": own.jwk, "proof": self.proof(own)} if kind == "key.added" else {"unit": "u1"}
            self.say(self.some(root, root, lost), stream, kind, data)
            self.say(key(one, "cw", self.some("", "2", "3")), "case/a", "case.noted", {"to": {"agency": other}})

    def go_on(self, acts):
        for _ in range(acts):
            if self.chance.random() < .15:
                self.focus = []
            acts_of = (self.govern, self.approve, self.keep, self.work, self.story, self.erase, self.observe)
            act, = self.chance.choices(acts_of, (6, 2, 12, 12, 3, 1, 2))
            act()
        if self.chance.random() < .1:
            self.ledger.add_entry(self.some(b"not an entry", b"1 a.b.c", self.ledger.entries[-1] + b"A"))


def tamper(chance, export):
    """Alters a file of an export."""
    path = chance.choice(sorted(path for path in export.rglob("*") if path.is_file()))
    raw = bytearray(path.read_bytes())
    kind = chance.randint(0, 5)
    if kind == 0:
        return path.unlink()
    if kind == 1:
        raw = raw[:chance.randint(0, len(raw))]
    elif kind == 2:
        raw += chance.randbytes(3)
    elif kind == 3 and path.name == "disclosures.jsonl":
        lines = raw.splitlines(keepends=True)
        chance.shuffle(lines)
        raw = b"".join(lines[1:])
    elif raw:
        raw[chance.randrange(len(raw))] = chance.choice(b"A0\n{}\x00\xff")
    path.write_bytes(raw)


def make(directory, seed):
    chance = random.Random(seed)
    history = History(chance)
    history.go_on(chance.randint(5, 60))
    ledger, size = history.ledger, len(history.ledger.entries)
    export = ledger.export(directory / "export", chance.choice(("all", "all", "all", "none")))
    held = {}
    if chance.random() < .5:
        other = {"origin": ELSEWHERE, "log_key": vkey(ELSEWHERE, unb64url(key("elsewhere", "log").x)),
                 "genesis": ledger.jwt_hash(0)}  # the trust file of another ledger; now and then of the same entry 0
        if chance.random() < .3:
            del other["genesis"]
        policy = "quorum none\n" if chance.random() < .3 else policy_of(chance.randint(1, 3))
        held["trust.json"] = json.dumps({**ledger.trust(policy), **(other if chance.random() < .1 else {})})
    if chance.random() < .3:
        receipt = ledger.receipt(chance.randrange(size - 1), size)
        held["receipt.json"] = json.dumps({**receipt, "received": receipt["received"] + (chance.random() < .2)})
    if chance.random() < .3:
        held["since"] = ledger.checkpoint(chance.randint(1, size))
    for name, text in held.items():
        if chance.random() < .1:
            at = chance.randrange(len(text))
            text = text[:at] + chance.choice("A0+{\n") + text[at + 1:]
        write(directory / name, text)
    for _ in range(chance.choice((0, 0, 1, 2))):
        tamper(chance, export)
    write(directory / "found.json", json.dumps(judge(directory, "export")))
    evidence(chance, ledger, directory / "some.evidence")
    write(directory / "found-evidence.json", json.dumps(judge(directory, "some.evidence")))


def evidence(chance, ledger, path):
    """Of some entries, under a checkpoint that some witnesses cosigned, and with others that they cosigned before."""
    size = len(ledger.entries)
    wanted = chance.sample([index for index in range(size) if ledger.said[index]], min(size // 2, chance.randint(1, 12)))
    def cosigned(size):
        note, time = ledger.checkpoint(size), ledger.received // 1000 + chance.choice((0, 0, 3, -400, 400))
        return note + "".join(cosignature(note, at, time + chance.randint(0, 9)) for at in "abc" if chance.random() < .8)
    witnessed = [cosigned(chance.randint(1, size)) for _ in range(chance.choice((0, 0, 1, 2, 3)))]
    ledger.evidence(path, wanted, cosigned(size), witnessed, chance.random() < .7, packed=False)
    file = json.loads(path.read_bytes())
    kind = chance.randint(0, 19)
    if kind == 0:
        del file["entries"][chance.randrange(len(file["entries"]))]
    elif kind == 1 and file["between"]:
        del file["between"][chance.randrange(len(file["between"]))]
    elif kind == 2 and file["between"]:
        chance.choice(file["between"])[0] += chance.choice((1, -1, 61))
    elif kind == 3 and file["between"]:
        chance.choice(file["between"])[1] = ledger.jwt_hash(0)
    elif kind == 4:
        one = chance.choice(file["entries"])
        one["disclosures"] = one["disclosures"][1:] or ["x"]
    elif kind == 5:
        chance.choice(file["entries"])["index"] += chance.choice((1, 2, -1))
    elif kind == 6:
        file["origin"] = ELSEWHERE
    elif kind == 7 and file["witnessed"]:
        file["witnessed"][0] = file["witnessed"][0].replace("\n2", "\n3", 1)
    elif kind == 8:
        file["checkpoint"] = ledger.checkpoint(size - 1)
    raw = bytearray(json.dumps(file).encode())
    if chance.random() < .1:
        raw[chance.randrange(len(raw))] = chance.choice(b"A0[{,")
    path.write_bytes(gzip.compress(raw) if chance.random() < .5 else raw)


def judge(directory, of):
    def held(name, read):
        return [read(directory / name)] if (directory / name).exists() else []
    try:
        return Audit(directory / of, next(iter(held("trust.json", read_trust)), None),
                     held("receipt.json", lambda path: Receipt(strict_json(path.read_bytes()))),
                     held("since", lambda path: Checkpoint(path.read_bytes()))).run().report()
    except (Refused, OSError):
        return None


def main(directory, seed, count):
    for number in range(int(count)):
        make(Path(directory, str(number)), f"{seed}/{number}")


if __name__ == "__main__":
    main(*sys.argv[1:])
