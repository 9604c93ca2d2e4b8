"""Who may sign what: docs/ledger-format.md Annex B, and docs/casework.md §1 for rule-set 2."""
from contextlib import suppress
from heapq import heappop, heappush
from types import SimpleNamespace

from sijill_format import (RULES, Refused, fits, instant_ms, possession_message, require, shaped, thumbprint,
                           unb64url, verify)
from sijill_heads import REACH
from sijill_log import ED25519, Checkpoint
from sijill_policy import Policy

GRANT_OF_ROLE = {"registrar": None, "casework": "casework", "importer": "casework", "specialist": "casework",
                 "supervisor": "casework", "auditor": "audit", "oversight": "oversight", "mirror": "mirror"}
NOT_IN_CASES = "ledger proposal agency unit officer key roles certificate log heads".split()

# What `data` holds, by stream and event type, and what an action holds, by `do`: in the notation of `shaped`.
GENESIS = "origin log_key=key operator_key=key services clock founders quorum=count witnesses rules=released"
EVENTS = {
    "ledger": {"ledger.ratified": "created=hash", "proposal.opened": "action effective?=time",
               "proposal.approved": "proposal=hash", "holiday.announced": "calendar=id from=day to=day name"},
    "agency": {"unit.opened": "unit=id name", "unit.renamed": "unit=id name", "unit.closed": "unit=id",
               "unit.calendar_set": "unit=id calendar=id",
               "officer.enrolled": "officer kind unit=id roles key proof", "officer.moved": "officer unit=id",
               "officer.removed": "officer reason=word", "roles.set": "officer roles",
               "certificate.granted": "officer certificate=id expires=time", "key.added": "officer key proof",
               "key.revoked": "kid=hash reason=word", "key.compromised": "kid=hash since=time"},
    "log": {"projection.attested": "size=count models buckets", "log.witnessed": "checkpoint=string",
            "audit.recorded": "size=count root=hash entries?=count anchored=bool levels faults tool=id version=officer "
                              "started=time ended=time",
            "heads.committed": "size=count streams=hash keys=hash",
            "figures.published": "month=count size=count version=count figures stocks"},
}
SECOND = "holiday.announced", "unit.calendar_set"  # from rule-set 2 on
ACTIONS = {
    "agency.admit": "agency name root_key=key proof grants member=bool quorum?=count",
    "agency.remove": "agency quorum?=count", "agency.merge": "agency into=agency quorum?=count",
    "agency.rename": "agency name", "grants.set": "agency grants", "root_key.replace": "agency key proof",
    "service_key.replace": "service key proof", "registrar.suspend": "agency officer",
    "registrar.reinstate": "agency officer", "document.publish": "kind=document id version=count hash",
    "quorum.set": "quorum=count", "rules.set": "version=count", "witnesses.set": "policy=witness_rule",
}

def is_action(value):
    return isinstance(value, dict) and any(
        value.get("do") == do and shaped(value, "do=string " + shape) for do, shape in ACTIONS.items())

def is_witness_rule(value):
    with suppress(Refused):
        policy = Policy(value)
        return (len(value.encode()) <= 16_384 and not policy.logs and len(policy.groups) <= 256
                and (policy.quorum == "none" or policy.quorums_intersect()))
    return False

def each(shape):
    return lambda value: isinstance(value, list) and all(shaped(one, shape) for one in value)

def ascending(*words):
    return lambda value: isinstance(value, list) and value == sorted(word for word in {*words} if word in value)

RULES.update({
    "action": is_action, "bool": lambda value: isinstance(value, bool), "proof": RULES["signature"],
    "released": lambda value: fits("count", value) and value <= 2,
    "day": lambda value: isinstance(value, str) and len(value) == 10 and fits("time", value + "T00:00:00Z"),
    "name": lambda value: shaped(value, "ar=text en=text"), "text": r"(?s).{1,200}",
    "roles": ascending(*GRANT_OF_ROLE), "grants": ascending("audit", "calendar", "casework", "mirror", "oversight"),
    "kind": "officer|service", "document": "policy|code_list|manual|calendar",
    "service": "log|automation|access|operator", "services": each("service key proof"),
    "clock": "live|simulated|imported", "founders": each("agency name root_key=key grants"),
    "witnesses": "quorum none",
    "witness_rule": lambda value: isinstance(value, str) and is_witness_rule(value),
    "models": lambda value: each("name=id version=count root=hash gaps?=count")(value)
    and 0 < len(value) == len({one["name"] for one in value}),
    "verdict": "clean|faults|not_run|partial",
    "level": lambda value: shaped(value, "status=verdict checked?=count unchecked?=count"),
    "levels": lambda value: shaped(value, "integrity=level authority=level rules=level figures=level"),
    "faults": each("code=id count"),
    "buckets": lambda value: isinstance(value, list) and len(value) == 256 and all(fits("hash", one) for one in value),
    "figures": each("indicator=id total?=count tables"), "tables": each("by=id cells?"),
    "cells": each("value=text n?=count"), "stocks": each("indicator=id least?=count"),
})

def month_over(month, received):
    """Whether it is a month, such as 202611, that was over in Oman (UTC+4) at this time."""
    (year, month), zone = divmod(month, 100), "+04:00"
    first = f"{year + month // 12:04}-{month % 12 + 1:02}-01T00:00:00{zone}"  # of the next month
    return 1970 <= year <= 9998 and 1 <= month <= 12 and instant_ms(first) <= received

class Registry:
    """What the accepted events so far established. A refused one changes nothing; `Refused` says the code.
    An agency or officer is all that was said of it, the last of each member. An agency is removed if its `do` is that,
    and merged if it has `into`; an officer is removed if it has a `reason`, and suspended if its `do` is that.
    """

    def __init__(self, origin):
        self.origin, self.created, self.clock, self.quorum, self.rules = origin, None, None, 0, 1
        self.log_key = None
        self.owners, self.added = {}, {}  # kid -> (iss, sub), for good; -> index, after which it is good
        self.revoked, self.since = {}, {}  # kid -> index, after which it signs no more; -> milliseconds, disputed since then
        self.turn, self.touched = 0, []  # the index that what happens now counts for; the kids that something became of
        self.agencies, self.units, self.officers = {}, {}, {}  # units (whether open) and officers by (agency, id)
        self.founders, self.unratified, self.documents, self.parties = set(), set(), {}, {}
        self.published = set()  # hashes of documents
        self.proposals, self.scheduled = {}, []

    def admit(self, event, index, received):
        while self.scheduled and self.scheduled[0][0] <= received:
            self.turn, (_, _, action) = index - 1, heappop(self.scheduled)
            with suppress(Refused):  # then it is void
                self._do(action["do"], action, action.get("agency"))
        self.turn, said, data, kind = index, event.payload, event.payload["data"], event.payload["type"]
        if self.created is None:
            return self._create(event, said, data)
        iss, sub = signer = said["iss"], said["sub"]
        require(self.owners.get(event.kid) == signer and event.kid not in self.revoked
                and (iss == "ledger" or self._stands(self._now(iss))), "key-not-valid")
        officer, (place, _, home) = self.officers.get(signer), said["stream"].partition("/")
        require("act" not in said or officer and officer["kind"] == "service", "act-not-allowed")
        require(not self.unratified or (place, kind) == ("ledger", "ledger.ratified"), "not-ratified")
        if place in ("case", "contact"):
            return self._work(said, officer)
        if place in ("auto", "access") and self.rules == 2:
            return self._serve(said, officer, place, home)
        require(place in EVENTS and (place != "log" or self.rules == 2), "stream-reserved")
        if kind == "audit.recorded" and place == "log":
            audits = officer and "auditor" in officer["roles"] and "audit" in self.agencies[iss]["grants"]
            require(audits, "role-missing")
        else:
            require(place != "log" or signer == ("ledger", "log"), "not-the-service")
        require(kind in EVENTS[place] and (kind not in SECOND or self.rules == 2), "type-not-here")
        require(said["v"] == 1 and shaped(data, EVENTS[place][kind]), "data-malformed")
        if kind == "log.witnessed":
            note, seen = Checkpoint(data["checkpoint"].encode()), said["seen"]
            return require(note.is_signed_by(self.log_key) and len(note.signatures) > 1
                           and (note.size, note.root) == (seen["size"], unb64url(seen["root"])), "data-malformed")
        if kind == "heads.committed":
            return require(data["size"] == said["seen"]["size"] >= index - REACH, "data-malformed")
        if kind == "audit.recorded":
            codes = [fault["code"] for fault in data["faults"]]
            at_fault = any(level["status"] == "faults" for level in data["levels"].values())
            require(data.get("entries", 0) <= data["size"] and codes == sorted({*codes}) and at_fault == bool(codes)
                    and instant_ms(data["started"]) <= instant_ms(data["ended"]), "data-malformed")
        if kind == "figures.published":
            require(month_over(data["month"], received), "data-malformed")
        if place == "log":
            return require(data["size"] <= index, "data-malformed")
        if kind == "holiday.announced":
            require(sub == "root" and "calendar" in self.agencies[iss]["grants"], "grant-missing")
            return require(data["from"] <= data["to"], "data-malformed")
        if place == "ledger":
            require(sub == "root" and self.agencies[iss]["member"], "not-a-member")
            return self._govern(event, iss, index, received)
        require(self._stands(home), "agency-unknown")
        suspended = officer and officer.get("do") == "registrar.suspend"
        registrar = sub == "root" or officer and "registrar" in officer["roles"] and not suspended
        own = officer and iss == home and self.owners.get(data.get("kid")) == signer
        require(own or registrar and iss in (home, self._now(home)), "not-registrar")
        self._do(kind, data, home)

    def status(self, kid):
        """Whose a key is, and where in the log it is good, as heads have it; None of the checkpoint key."""
        if self.owners[kid]:
            return (*self.owners[kid], self.added[kid], self.revoked.get(kid), self.since.get(kid))

    def _stands(self, name):
        """Known and not removed; it may be merged."""
        return name in self.agencies and self.agencies[name]["do"] != "agency.remove"

    def _now(self, name):
        """Whoever the agency is now: the end of the chain of merges."""
        while "into" in self.agencies[name]:
            name = self.agencies[name]["into"]
        return name

    def _create(self, event, said, data):
        """If this refuses nothing is ever admitted: what it has changed by then does not matter."""
        place = [said[name] for name in ("type", "stream", "seq", "iss", "sub", "v")]
        require(place == ["ledger.created", "ledger", 0, "ledger", "operator", 1] and "act" not in said
                and shaped(data, GENESIS) and data["origin"] == said["aud"], "data-malformed")
        self._new_key(None, data["log_key"])
        self.log_key = self.origin, ED25519, unb64url(data["log_key"]["x"])
        require(event.kid == self._new_key(("ledger", "operator"), data["operator_key"]), "key-not-valid")
        for one in data["services"]:
            self._new_key(("ledger", one["service"]), one["key"], one["proof"])
        for one in data["founders"]:
            self._new_key((one["agency"], "root"), one["root_key"])
            self.agencies[one["agency"]] = {**one, "do": "agency.admit", "member": True}
        require(len({*self.owners.values()}) == len(self.owners), "data-malformed")  # somebody stands twice
        self.quorum, self.clock, self.rules = self._checked_quorum(data["quorum"]), data["clock"], data["rules"]
        self.founders, self.unratified, self.created = {*self.agencies}, {*self.agencies}, event.hash

    def _new_key(self, owner, jwk, proof=None):
        """Where it is used this is the last check, because it is a change."""
        kid = thumbprint(jwk["x"])
        require(kid not in self.owners, "key-known")
        if proof:
            message = possession_message(self.origin, *owner, kid)
            require(verify(unb64url(jwk["x"]), message, unb64url(proof)), "possession")
        self.owners[kid], self.added[kid] = owner, self.turn
        self.touched.append(kid)
        return kid

    def _revoke(self, signs, but=None):
        """Ends every key whose owner's `iss` and `sub` are as wanted, if it has not ended before."""
        known = {kid for kid, one in self.owners.items() if one and signs(*one)}
        for kid in sorted(known - self.revoked.keys() - {but}):
            self.revoked[kid] = self.turn
            self.touched.append(kid)

    def _checked_quorum(self, quorum, change=0):
        members = sum(agency["member"] for agency in self.agencies.values()) + change
        require(members < 2 * quorum and quorum <= members, "quorum-arithmetic")
        return quorum

    def _govern(self, event, iss, index, received):
        """Stream `ledger`."""
        kind, data = event.payload["type"], event.payload["data"]
        if kind == "ledger.ratified":
            require(iss in self.founders, "type-not-here")
            require(data["created"] == self.created, "data-malformed")
            require(iss in self.unratified, "already-ratified")
            return self.unratified.remove(iss)
        if kind == "proposal.opened":
            require(data["action"]["do"] != "witnesses.set" or self.rules == 2, "data-malformed")
            effective = instant_ms(data.get("effective")) or 0
            return self.proposals.setdefault(event.hash, SimpleNamespace(
                action=data["action"], effective=effective, by=set(), open=True))
        proposal = self.proposals.get(data["proposal"])
        require(proposal, "proposal-unknown")
        require(proposal.open, "proposal-closed")
        require(iss not in proposal.by, "already-approved")
        enough = sum(self.agencies[one]["member"] for one in proposal.by | {iss}) >= self.quorum
        if enough and proposal.effective > received:
            heappush(self.scheduled, (proposal.effective, index, proposal.action))
        elif enough:
            self._do(proposal.action["do"], proposal.action, proposal.action.get("agency"))
        proposal.by.add(iss)
        proposal.open = not enough

    def _do(self, kind, data, home):
        """An action, or an event of stream `agency/X`: `home` is the agency. Every check comes before any change."""
        agency, unit, person = self.agencies.get(home), (home, data.get("unit")), (home, data.get("officer"))
        officer, document, version = self.officers.get(person), (data.get("kind"), data.get("id")), data.get("version")
        leaves, kid = kind in ("agency.remove", "agency.merge"), data.get("kid")
        for name in () if kind == "agency.admit" else (data[one] for one in ("agency", "into") if one in data):
            require(self._stands(name) and self._now(name) == name, "agency-unknown")
        require(kind != "agency.admit" or not agency, "agency-known")
        require(kind != "agency.merge" or data["into"] != home, "merge-into-itself")
        require(kind != "document.publish" or version == self.documents.get(document, 0) + 1, "version-not-next")
        require(kind != "rules.set" or self.rules <= version <= 2, "rules-unknown")
        joining = -agency["member"] if leaves else data.get("member", 0)
        quorum = self._checked_quorum(data.get("quorum", self.quorum), joining)  # it is right if nothing changes
        if kind == "unit.opened":
            require(unit not in self.units, "unit-known")
        elif "unit" in data:
            require(self.units.get(unit), "unit-unknown")
        if kind == "officer.enrolled":
            require(not officer and data["officer"] != "root", "officer-known")
        elif "officer" in data:
            require(officer and "reason" not in officer, "officer-unknown")
        for role in data.get("roles", ()):
            require(GRANT_OF_ROLE[role] in (None, *agency["grants"]), "role-not-granted")
        if kid:
            require(self.owners.get(kid) in self.officers and self.owners[kid][0] == home
                    and (kind == "key.compromised" or kid not in self.revoked), "key-unknown")
        if "proof" in data:
            owner = home or "ledger", data.get("officer") or data.get("service", "root")
            new = self._new_key(owner, data.get("key") or data["root_key"], data["proof"])

        self.quorum, self.rules = quorum, version if kind == "rules.set" else self.rules
        if "agency" in data:
            self.agencies.setdefault(home, {}).update(data)
        if "officer" in data:
            self.officers.setdefault(person, {}).update(data)
        if "unit" in data:
            self.units[unit] = kind != "unit.closed"
        if kind == "document.publish":
            self.documents[document] = version
            self.published.add(data["hash"])
        if leaves:
            agency["member"] = False
            self._revoke(lambda iss, sub: iss in self.agencies and (
                self._now(iss) == home if kind == "agency.remove" else (iss, sub) == (home, "root")))
        elif kind == "officer.removed":
            self._revoke(lambda *one: one == person)
        elif kind.endswith("_key.replace"):
            self._revoke(lambda *one: one == owner, but=new)
        elif kid:
            self.revoked.setdefault(kid, self.turn)
            self.touched.append(kid)
            if kind == "key.compromised":
                since = max(instant_ms(data["since"]), 0)
                self.since[kid] = min(since, self.since.get(kid, since))

    def _work(self, said, officer):
        """Streams `case/…` and `contact/…`."""
        role = "importer" if self.clock == "imported" else "casework"
        require(officer and role in officer["roles"], "role-missing")
        require("casework" in self.agencies[said["iss"]]["grants"], "role-not-granted")
        require(role == "casework" or "occurred" in said, "occurred-missing")
        require(said["type"].partition(".")[0] not in NOT_IN_CASES, "type-not-here")
        members = said["data"].get("members", []) if self.rules == 2 else []
        named = self._named(said["data"])
        parties = self.parties.setdefault(said["stream"], set())
        require(said["seq"] == 0 or self._now(said["iss"]) in map(self._now, parties), "not-a-party")
        called = self._named({}, members)
        parties.update((said["iss"], *named, *called))

    def _named(self, data, members=(), known=None):
        """The agencies that an event is addressed to or calls together, if each of them is `known`."""
        known = known or self._stands
        to = [data["to"].get("agency") if isinstance(data["to"], dict) else None] if "to" in data else []
        require(isinstance(members, (list, tuple)), "agency-unknown")
        require(all(isinstance(one, str) and known(one) for one in (*to, *members)), "agency-unknown")
        return *to, *members

    def _serve(self, said, officer, place, home):
        """Streams `auto/…` and `access/…`: the parties are those of the case."""
        signer, parties = (said["iss"], said["sub"]), self.parties.get(f"case/{home}")
        if place == "auto":
            require(signer == ("ledger", "automation"), "not-the-service")
            require(parties, "case-unknown")
            named = self._named(said["data"], known=self.agencies.__contains__)  # what is owed outlives an agency
            return parties.update(filter(self._stands, named))
        asks = officer and any(role in officer["roles"] and grant in self.agencies[said["iss"]]["grants"]
                               for role, grant in (("casework", "casework"), ("auditor", "audit")))
        require(asks or signer == ("ledger", "access"), "role-missing")
        require(parties or self.parties.get(f"contact/{home}"), "case-unknown")
