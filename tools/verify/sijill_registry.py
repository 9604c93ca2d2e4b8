"""Who may sign what: docs/ledger-format.md Annex B, rule-set 1."""
from types import SimpleNamespace

from sijill_format import (RULES, Refused, instant_ms, possession_message, require, shaped, thumbprint,
                           unb64url, verify)

GRANT_OF_ROLE = {"registrar": None, "casework": "casework", "importer": "casework", "auditor": "audit",
                 "oversight": "oversight", "mirror": "mirror"}
NOT_IN_CASES = "ledger proposal agency unit officer key roles certificate log heads".split()

# What `data` holds, by event type, and what an action holds, by `do`: in the notation of `shaped`.
GENESIS = "origin log_key=key operator_key=key services clock founders quorum=count witnesses rules=count"
EVENTS = {
    "ledger": {
        "ledger.ratified": "created=hash", "proposal.opened": "action effective?=time",
        "proposal.approved": "proposal=hash",
    },
    "agency": {
        "unit.opened": "unit=id name", "unit.renamed": "unit=id name", "unit.closed": "unit=id",
        "officer.enrolled": "officer kind unit=id roles key proof", "officer.moved": "officer unit=id",
        "officer.removed": "officer reason=word", "roles.set": "officer roles",
        "certificate.granted": "officer certificate=id expires=time", "key.added": "officer key proof",
        "key.revoked": "kid=hash reason=word", "key.compromised": "kid=hash since=time",
    },
}
ACTIONS = {
    "agency.admit": "agency name root_key=key proof grants member=bool quorum?=count",
    "agency.remove": "agency quorum?=count", "agency.merge": "agency into=agency quorum?=count",
    "agency.rename": "agency name", "grants.set": "agency grants", "root_key.replace": "agency key proof",
    "service_key.replace": "service key proof", "registrar.suspend": "agency officer",
    "registrar.reinstate": "agency officer", "document.publish": "kind=document id version=count hash",
    "quorum.set": "quorum=count", "rules.set": "version=count",
}

def is_action(value):
    do = value.get("do") if isinstance(value, dict) else None
    return isinstance(do, str) and do in ACTIONS and shaped(value, "do=type " + ACTIONS[do])

def each(shape):
    return lambda value: isinstance(value, list) and all(shaped(one, shape) for one in value)

def ascending(words):
    def check(value):
        strings = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return strings and value == sorted({*value} & {*words})
    return check

RULES.update({
    "action": is_action, "bool": lambda value: isinstance(value, bool), "proof": RULES["signature"],
    "name": lambda value: shaped(value, "ar=text en=text"), "text": r"(?s).{1,200}",
    "roles": ascending(GRANT_OF_ROLE), "grants": ascending(GRANT_OF_ROLE.values()),
    "kind": "officer|service", "document": "policy|code_list|manual|calendar",
    "service": "log|automation|access|operator", "services": each("service key proof"),
    "clock": "live|simulated|imported", "founders": each("agency name root_key=key grants"),
    "witnesses": "quorum none",
})


class Registry:
    """What the accepted events so far established. A refused one changes nothing; `Refused` says the code."""

    def __init__(self, origin):
        self.origin, self.created, self.clock, self.quorum = origin, None, None, 0
        self.owners, self.revoked = {}, set()  # kid -> (iss, sub), for good; the kids that sign no more
        self.agencies, self.units, self.officers = {}, {}, {}  # units and officers by (agency, id)
        self.founders, self.unratified, self.documents, self.parties = set(), set(), {}, {}
        self.proposals, self.scheduled = {}, []

    def admit(self, event, index, received):
        self._enact_due(received)
        said, data, kind = event.payload, event.payload["data"], event.payload["type"]
        if self.created is None:
            return self._create(event, said, data)
        iss, sub = signer = said["iss"], said["sub"]
        require(self.owners.get(event.kid) == signer and event.kid not in self.revoked
                and (iss == "ledger" or not self.agencies[self._now(iss)].removed), "key-not-valid")
        officer, (place, _, home) = self.officers.get(signer), said["stream"].partition("/")
        require("act" not in said or officer and officer.kind == "service", "act-not-allowed")
        require(not self.unratified or (place, kind) == ("ledger", "ledger.ratified"), "not-ratified")
        if place in ("case", "contact"):
            return self._work(said, officer)
        require(place in EVENTS, "stream-reserved")
        require(kind in EVENTS[place], "type-not-here")
        require(said["v"] == 1 and shaped(data, EVENTS[place][kind]), "data-malformed")
        if place == "ledger":
            require(sub == "root" and self.agencies[iss].member, "not-a-member")
            return self._govern(event, iss, index, received)
        require(home in self.agencies and not self.agencies[home].removed, "agency-unknown")
        registrar = sub == "root" or officer and "registrar" in officer.roles and not officer.suspended
        own = officer and iss == home and self.owners.get(data.get("kid")) == signer
        require(own or registrar and iss in (home, self._now(home)), "not-registrar")
        self._do(kind, data, home)

    # --- genesis, keys, agencies ---

    def _create(self, event, said, data):
        """If this refuses nothing is ever admitted: what it has changed by then does not matter."""
        place = [said[name] for name in ("type", "stream", "seq", "iss", "sub", "v")]
        require(place == ["ledger.created", "ledger", 0, "ledger", "operator", 1] and "act" not in said
                and shaped(data, GENESIS) and data["origin"] == said["aud"], "data-malformed")
        services, founders = data["services"], data["founders"]
        self.founders = {one["agency"] for one in founders}
        require(len({one["service"] for one in services} - {"operator"}) == len(services), "data-malformed")
        require(len(self.founders) == len(founders) and data["rules"] == 1, "data-malformed")
        self._new_key(None, data["log_key"])
        require(event.kid == self._new_key(("ledger", "operator"), data["operator_key"]), "key-not-valid")
        for one in services:
            self._new_key(("ledger", one["service"]), one["key"], one["proof"])
        for one in founders:
            self._new_key((one["agency"], "root"), one["root_key"])
            self._new_agency(one["agency"], one["grants"], True)
        self.quorum, self.clock = self._checked_quorum(data["quorum"]), data["clock"]
        self.unratified, self.created = set(self.founders), event.hash

    def _new_key(self, owner, jwk, proof=None):
        """Where it is used this is the last check, because it is a change."""
        kid = thumbprint(jwk["x"])
        require(kid not in self.owners, "key-known")
        if proof:
            message = possession_message(self.origin, *owner, kid)
            require(verify(unb64url(jwk["x"]), message, unb64url(proof)), "possession")
        self.owners[kid] = owner
        return kid

    def _revoke(self, owner, but=None):
        self.revoked.update(kid for kid, one in self.owners.items() if one == owner and kid != but)

    def _new_agency(self, name, grants, member):
        self.agencies[name] = SimpleNamespace(grants=grants, member=member, removed=False, into=None)

    def _now(self, name):
        """Whoever the agency is now: the end of the chain of merges."""
        while self.agencies[name].into:
            name = self.agencies[name].into
        return name

    # --- stream `ledger` ---

    def _govern(self, event, iss, index, received):
        kind, data = event.payload["type"], event.payload["data"]
        if kind == "ledger.ratified":
            require(iss in self.founders, "type-not-here")
            require(data["created"] == self.created, "data-malformed")
            require(iss in self.unratified, "already-ratified")
            self.unratified.remove(iss)
        elif kind == "proposal.opened":
            self.proposals.setdefault(event.hash, SimpleNamespace(
                action=data["action"], effective=instant_ms(data.get("effective")), by=set(), open=True))
        else:
            self._approve(self.proposals.get(data["proposal"]), iss, index, received)

    def _approve(self, proposal, agency, index, received):
        require(proposal, "proposal-unknown")
        require(proposal.open, "proposal-closed")
        require(agency not in proposal.by, "already-approved")
        enough = sum(self.agencies[one].member for one in proposal.by | {agency}) >= self.quorum
        if enough and (proposal.effective or 0) > received:
            self.scheduled.append((proposal.effective, index, proposal.action))
        elif enough:
            self._enact(proposal.action)
        proposal.by.add(agency)
        proposal.open = not enough

    def _enact_due(self, received):
        due = sorted((one for one in self.scheduled if one[0] <= received), key=lambda one: one[:2])
        self.scheduled = [one for one in self.scheduled if one[0] > received]
        for _, _, action in due:
            try:
                self._enact(action)
            except Refused:
                pass  # void

    def _checked_quorum(self, quorum, change=0):
        members = sum(agency.member for agency in self.agencies.values()) + change
        require(members < 2 * quorum and quorum <= members, "quorum-arithmetic")
        return quorum

    def _standing(self, name):
        agency = self.agencies.get(name)
        require(agency and not agency.removed and not agency.into, "agency-unknown")
        return agency

    def _enact(self, action):
        do, name, quorum = action["do"], action.get("agency"), action.get("quorum", self.quorum)
        agency = self._standing(name) if name and do != "agency.admit" else None
        if "quorum" in ACTIONS[do]:
            self._checked_quorum(quorum, action.get("member", -agency.member if agency else 0))
        if do == "agency.admit":
            require(name not in self.agencies, "agency-known")
        elif do == "agency.merge":
            require(self._standing(action["into"]) is not agency, "merge-into-itself")
        elif do == "document.publish":
            document = action["kind"], action["id"]
            require(action["version"] == self.documents.get(document, 0) + 1, "version-not-next")
            self.documents[document] = action["version"]
        require(do != "rules.set" or action["version"] == 1, "rules-unknown")
        self._do(do, action, name)

        self.quorum = quorum
        if do == "agency.admit":
            self._new_agency(name, action["grants"], action["member"])
        elif do in ("agency.remove", "agency.merge"):
            agency.member, agency.removed, agency.into = False, do == "agency.remove", action.get("into")
            self._revoke((name, "root"))
        elif do == "grants.set":
            agency.grants = action["grants"]

    # --- events of stream `agency/X`, and actions on agencies: `home` is the agency ---

    def _do(self, kind, data, home):
        """Each check comes before the first change."""
        agency, unit, person = self.agencies.get(home), (home, data.get("unit")), (home, data.get("officer"))
        officer, kid = self.officers.get(person), data.get("kid")
        if kind == "unit.opened":
            require(unit not in self.units, "unit-known")
        elif "unit" in data:
            require(self.units.get(unit), "unit-unknown")
        if kind == "officer.enrolled":
            require(not officer and data["officer"] != "root", "officer-known")
        elif "officer" in data:
            require(officer and not officer.removed, "officer-unknown")
        for role in data.get("roles", ()):
            require(GRANT_OF_ROLE[role] in (None, *agency.grants), "role-not-granted")
        if kid:
            require(self.owners.get(kid) in self.officers and self.owners[kid][0] == home
                    and (kind == "key.compromised" or kid not in self.revoked), "key-unknown")
        if "proof" in data:
            owner = home or "ledger", data.get("officer") or data.get("service", "root")
            new = self._new_key(owner, data.get("key") or data["root_key"], data["proof"])

        if kind.endswith("_key.replace"):
            self._revoke(owner, but=new)
        elif kind.startswith("unit."):
            self.units[unit] = kind != "unit.closed"
        elif kind.startswith("registrar."):
            officer.suspended = kind == "registrar.suspend"
        elif kind == "officer.enrolled":
            self.officers[person] = SimpleNamespace(
                kind=data["kind"], roles=data["roles"], suspended=False, removed=False)
        elif kind == "officer.removed":
            officer.removed = True
            self._revoke(person)
        elif kind == "roles.set":
            officer.roles = data["roles"]
        elif kid:
            self.revoked.add(kid)

    # --- streams `case/…` and `contact/…` ---

    def _work(self, said, officer):
        role = "importer" if self.clock == "imported" else "casework"
        require(officer and role in officer.roles, "role-missing")
        require("casework" in self.agencies[said["iss"]].grants, "role-not-granted")
        require(role == "casework" or "occurred" in said, "occurred-missing")
        require(said["type"].partition(".")[0] not in NOT_IN_CASES, "type-not-here")
        to = said["data"].get("to", {"agency": said["iss"]})
        addressed = to.get("agency") if isinstance(to, dict) else None
        agency = self.agencies.get(addressed) if isinstance(addressed, str) else None
        require(agency and not agency.removed, "agency-unknown")
        parties = self.parties.setdefault(said["stream"], set())
        require(said["seq"] == 0 or self._now(said["iss"]) in map(self._now, parties), "not-a-party")
        parties.update((said["iss"], addressed))
