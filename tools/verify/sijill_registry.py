"""Who may sign what: docs/ledger-format.md Annex B, rule-set 1.

`Registry.admit` judges one event on the state that the events before it left. It raises `Refused`, and then has
changed nothing, except that scheduled proposals which had fallen due are in force.
"""
from dataclasses import dataclass, field
from typing import Optional

from sijill_format import (Refused, instant_ms, is_agency, is_hash, is_int, is_jwk, is_officer, is_time, is_unit,
                           matching, possession_message, thumbprint, unb64url, verify)

GRANT_OF_ROLE = {"registrar": None, "casework": "casework", "importer": "casework", "auditor": "audit",
                 "oversight": "oversight", "mirror": "mirror"}
GRANTS = {grant for grant in GRANT_OF_ROLE.values() if grant}
REGISTRY_LABELS = {"ledger", "proposal", "agency", "unit", "officer", "key", "roles", "certificate", "log", "heads"}


def require(condition, code):
    if not condition:
        raise Refused(code)


# --- shapes of `data` ---

def shaped(value, shape):
    """Whether `value` has exactly the members of `shape`; a name ending in ? is optional."""
    if not isinstance(value, dict):
        return False
    checks = {name.rstrip("?"): check for name, check in shape.items()}
    needed = {name for name in shape if not name.endswith("?")}
    return needed <= set(value) <= set(checks) and all(checks[name](item) for name, item in value.items())


def one_of(*allowed):
    return lambda value: isinstance(value, str) and value in allowed


def ascending(allowed):
    known = one_of(*allowed)
    return lambda value: isinstance(value, list) and all(map(known, value)) and value == sorted(set(value))


def each(shape):
    return lambda value: isinstance(value, list) and all(shaped(one, shape) for one in value)


def is_text(value):
    return isinstance(value, str) and 1 <= len(value) <= 200


def is_name(value):
    return shaped(value, {"ar": is_text, "en": is_text})


def is_bool(value):
    return isinstance(value, bool)


def is_count(value):
    return is_int(value, 1)


def is_proof(value):
    try:
        return len(unb64url(value)) == 64
    except Refused:
        return False


def is_action(value):
    do = value.get("do") if isinstance(value, dict) else None
    return isinstance(do, str) and do in ACTIONS and shaped(value, {"do": one_of(do), **ACTIONS[do]})


is_roles, is_grants = ascending(GRANT_OF_ROLE), ascending(GRANTS)
is_reason = matching(r"[a-z][a-z0-9_]{0,63}")

GENESIS = {
    "origin": lambda value: isinstance(value, str), "log_key": is_jwk, "operator_key": is_jwk,
    "services": each({"service": one_of("log", "automation", "access"), "key": is_jwk, "proof": is_proof}),
    "clock": one_of("live", "simulated", "imported"),
    "founders": each({"agency": is_agency, "name": is_name, "root_key": is_jwk, "grants": is_grants}),
    "quorum": is_count, "witnesses": one_of("quorum none"), "rules": lambda value: is_int(value, 1, 1),
}
ACTIONS = {
    "agency.admit": {"agency": is_agency, "name": is_name, "root_key": is_jwk, "proof": is_proof, "grants": is_grants,
                     "member": is_bool, "quorum?": is_count},
    "agency.remove": {"agency": is_agency, "quorum?": is_count},
    "agency.rename": {"agency": is_agency, "name": is_name},
    "agency.merge": {"agency": is_agency, "into": is_agency, "quorum?": is_count},
    "grants.set": {"agency": is_agency, "grants": is_grants},
    "root_key.replace": {"agency": is_agency, "key": is_jwk, "proof": is_proof},
    "service_key.replace": {"service": one_of("log", "automation", "access", "operator"), "key": is_jwk,
                            "proof": is_proof},
    "registrar.suspend": {"agency": is_agency, "officer": is_officer},
    "registrar.reinstate": {"agency": is_agency, "officer": is_officer},
    "document.publish": {"kind": one_of("policy", "code_list", "manual", "calendar"), "id": is_unit,
                         "version": is_count, "hash": is_hash},
    "quorum.set": {"quorum": is_count},
    "rules.set": {"version": is_count},
}
ON_LEDGER = {
    "ledger.ratified": {"created": is_hash},
    "proposal.opened": {"action": is_action, "effective?": is_time},
    "proposal.approved": {"proposal": is_hash},
}
ON_AGENCY = {
    "unit.opened": {"unit": is_unit, "name": is_name},
    "unit.renamed": {"unit": is_unit, "name": is_name},
    "unit.closed": {"unit": is_unit},
    "officer.enrolled": {"officer": is_officer, "kind": one_of("officer", "service"), "unit": is_unit,
                         "roles": is_roles, "key": is_jwk, "proof": is_proof},
    "officer.moved": {"officer": is_officer, "unit": is_unit},
    "officer.removed": {"officer": is_officer, "reason": is_reason},
    "roles.set": {"officer": is_officer, "roles": is_roles},
    "certificate.granted": {"officer": is_officer, "certificate": is_unit, "expires": is_time},
    "key.added": {"officer": is_officer, "key": is_jwk, "proof": is_proof},
    "key.revoked": {"kid": is_hash, "reason": is_reason},
    "key.compromised": {"kid": is_hash, "since": is_time},
}


# --- state ---

@dataclass
class Officer:
    kind: str
    roles: list
    keys: dict  # kid -> whether it is good still
    removed: bool = False
    suspended: bool = False


@dataclass
class Agency:
    root: str  # kid
    grants: list
    member: bool
    removed: bool = False
    merged_into: Optional[str] = None
    units: dict = field(default_factory=dict)  # unit -> whether it is open
    officers: dict = field(default_factory=dict)


@dataclass
class Proposal:
    action: dict
    effective: Optional[int]
    approvals: set = field(default_factory=set)
    closed: bool = False


class Registry:
    def __init__(self, origin):
        self.origin, self.created, self.quorum, self.clock = origin, None, 0, None
        self.agencies, self.services, self.keys = {}, {}, set()
        self.founders, self.unratified = set(), set()
        self.proposals, self.scheduled, self.documents, self.parties = {}, [], {}, {}

    def admit(self, event, index, received):
        self._enact_due(received)
        said = event.payload
        if self.created is None:
            return self._create(event)
        agency, officer = self._speaker(event)
        require("act" not in said or officer is not None and officer.kind == "service", "act-not-allowed")
        require(not self.unratified or said["type"] == "ledger.ratified", "not-ratified")
        kind, _, name = said["stream"].partition("/")
        if kind == "ledger":
            self._on_ledger(event, agency, index, received)
        elif kind == "agency":
            self._on_agency(event, agency, officer, name)
        elif kind in ("case", "contact"):
            self._on_case(said, officer)
        else:
            raise Refused("stream-reserved")

    # --- keys ---

    def _speaker(self, event):
        """(agency or None, officer or None) for whom the signature speaks: a service is neither, a root no officer."""
        iss, sub = event.payload["iss"], event.payload["sub"]
        if iss == "ledger":
            require(self.services.get(sub) == event.kid, "key-not-valid")
            return None, None
        agency = self.agencies.get(iss)
        require(agency and not agency.removed, "key-not-valid")
        if sub == "root":
            require(agency.root == event.kid and not agency.merged_into, "key-not-valid")
            return agency, None
        officer = agency.officers.get(sub)
        require(officer and not officer.removed and officer.keys.get(event.kid), "key-not-valid")
        return agency, officer

    def _new_key(self, jwk, proof=None, agency=None, officer=None):
        """Takes a key up for good, and returns its kid. The last check before a change: it is one itself."""
        kid = thumbprint(jwk["x"])
        require(kid not in self.keys, "key-known")
        if proof is not None:
            message = possession_message(self.origin, agency, officer, kid)
            require(verify(unb64url(jwk["x"]), message, unb64url(proof)), "possession")
        self.keys.add(kid)
        return kid

    # --- genesis ---

    def _create(self, event):
        said, data = event.payload, event.payload["data"]
        require((said["type"], said["stream"], said["seq"], said["iss"], said["sub"])
                == ("ledger.created", "ledger", 0, "ledger", "operator"), "not-created")
        require("act" not in said, "act-not-allowed")
        require(said["v"] == 1 and shaped(data, GENESIS) and data["origin"] == said["aud"], "data-malformed")
        services, founders = data["services"], data["founders"]
        self.founders = {one["agency"] for one in founders}
        require(len({one["service"] for one in services}) == len(services), "data-malformed")
        require(len(self.founders) == len(founders) >= 1, "data-malformed")
        self.quorum, self.clock = self._new_quorum(data["quorum"], len(founders)), data["clock"]
        self._new_key(data["log_key"])
        self.services["operator"] = self._new_key(data["operator_key"])
        require(event.kid == self.services["operator"], "key-not-valid")
        for one in services:
            self.services[one["service"]] = self._new_key(one["key"], one["proof"], "ledger", one["service"])
        for one in founders:
            self.agencies[one["agency"]] = Agency(self._new_key(one["root_key"]), one["grants"], True)
        self.unratified, self.created = set(self.founders), event.hash

    # --- stream `ledger` ---

    def _on_ledger(self, event, agency, index, received):
        said, data = event.payload, event.payload["data"]
        iss, kind = said["iss"], said["type"]
        require(kind in ON_LEDGER, "type-not-here")
        require(agency and said["sub"] == "root" and agency.member, "not-a-member")
        require(said["v"] == 1 and shaped(data, ON_LEDGER[kind]), "data-malformed")
        if kind == "ledger.ratified":
            require(iss in self.founders and data["created"] == self.created, "not-a-founder")
            require(iss in self.unratified, "already-ratified")
            self.unratified.remove(iss)
        elif kind == "proposal.opened":
            effective = instant_ms(data["effective"]) if "effective" in data else None
            self.proposals.setdefault(event.hash, Proposal(data["action"], effective))
        else:
            self._approve(data["proposal"], iss, index, received)

    def _approve(self, name, agency, index, received):
        proposal = self.proposals.get(name)
        require(proposal, "proposal-unknown")
        require(not proposal.closed, "proposal-closed")
        require(agency not in proposal.approvals, "already-approved")
        approvals = proposal.approvals | {agency}
        if sum(self.agencies[one].member for one in approvals) >= self.quorum:
            if proposal.effective is not None and proposal.effective > received:
                self.scheduled.append((proposal.effective, index, proposal.action))
            else:
                self._enact(proposal.action)
            proposal.closed = True
        proposal.approvals = approvals

    def _enact_due(self, received):
        due = sorted((one for one in self.scheduled if one[0] <= received), key=lambda one: one[:2])
        self.scheduled = [one for one in self.scheduled if one[0] > received]
        for _, _, action in due:
            try:
                self._enact(action)
            except Refused:
                pass  # void

    def _standing(self, name):
        agency = self.agencies.get(name)
        require(agency and not agency.removed and not agency.merged_into, "agency-unknown")
        return agency

    def _new_quorum(self, quorum, members):
        quorum = self.quorum if quorum is None else quorum
        require(members < 2 * quorum and quorum <= members, "quorum-arithmetic")
        return quorum

    def _enact(self, action):
        """Every check of an action comes before its first change."""
        do, name, quorum = action["do"], action.get("agency"), action.get("quorum")
        members = sum(agency.member for agency in self.agencies.values())
        if do == "agency.admit":
            require(name not in self.agencies, "agency-known")
            quorum = self._new_quorum(quorum, members + action["member"])
            kid = self._new_key(action["root_key"], action["proof"], name, "root")
            self.agencies[name], self.quorum = Agency(kid, action["grants"], action["member"]), quorum
        elif do == "quorum.set":
            self.quorum = self._new_quorum(quorum, members)
        elif do == "rules.set":
            require(action["version"] == 1, "rules-unknown")
        elif do == "service_key.replace":
            service = action["service"]
            self.services[service] = self._new_key(action["key"], action["proof"], "ledger", service)
        elif do == "document.publish":
            document = action["kind"], action["id"]
            require(action["version"] == self.documents.get(document, 0) + 1, "version-not-next")
            self.documents[document] = action["version"]
        else:
            self._enact_on(self._standing(name), action, do, name, quorum, members)

    def _enact_on(self, agency, action, do, name, quorum, members):
        if do == "agency.remove":
            self.quorum = self._new_quorum(quorum, members - agency.member)
            agency.member, agency.removed = False, True
        elif do == "agency.merge":
            require(action["into"] != name, "merge-into-itself")
            self._standing(action["into"])
            self.quorum = self._new_quorum(quorum, members - agency.member)
            agency.member, agency.merged_into = False, action["into"]
        elif do == "grants.set":
            agency.grants = action["grants"]
        elif do == "root_key.replace":
            agency.root = self._new_key(action["key"], action["proof"], name, "root")
        elif do in ("registrar.suspend", "registrar.reinstate"):
            self._officer(agency, action["officer"]).suspended = do == "registrar.suspend"
        # agency.rename changes nothing that authority rests on

    # --- streams `agency/X` ---

    def _now(self, name):
        """Whoever the agency is now: the end of the chain of merges."""
        while self.agencies[name].merged_into:
            name = self.agencies[name].merged_into
        return name

    @staticmethod
    def _officer(agency, name):
        officer = agency.officers.get(name)
        require(officer and not officer.removed, "officer-unknown")
        return officer

    def _on_agency(self, event, speaker, officer, name):
        said, data, home = event.payload, event.payload["data"], self.agencies.get(event.payload["stream"][7:])
        require(home and not home.removed, "agency-unknown")
        require(said["type"] in ON_AGENCY, "type-not-here")
        require(said["v"] == 1 and shaped(data, ON_AGENCY[said["type"]]), "data-malformed")
        own = said["type"] in ("key.revoked", "key.compromised") and officer is not None \
            and speaker is home and data["kid"] in officer.keys
        registers = said["iss"] in (name, self._now(name)) and (
            said["sub"] == "root" or officer and "registrar" in officer.roles and not officer.suspended)
        require(own or registers, "not-registrar")
        self._register(home, name, said["type"], data)

    def _register(self, home, name, kind, data):
        subject, _, act = kind.partition(".")
        if kind == "unit.opened":
            require(data["unit"] not in home.units, "unit-known")
        elif "unit" in data:
            require(home.units.get(data["unit"]), "unit-unknown")
        officer = None
        if kind == "officer.enrolled":
            require(data["officer"] not in home.officers and data["officer"] != "root", "officer-known")
        elif "officer" in data:
            officer = self._officer(home, data["officer"])
        for role in data.get("roles", ()):
            require(GRANT_OF_ROLE[role] in (None, *home.grants), "role-not-granted")

        if subject == "unit":
            home.units[data["unit"]] = act != "closed"
        elif kind in ("officer.enrolled", "key.added"):
            kid = self._new_key(data["key"], data["proof"], name, data["officer"])
            officer = officer or home.officers.setdefault(data["officer"], Officer(data["kind"], data["roles"], {}))
            officer.keys[kid] = True
        elif kind == "officer.removed":
            officer.removed = True
            officer.keys = dict.fromkeys(officer.keys, False)
        elif kind == "roles.set":
            officer.roles = data["roles"]
        elif subject == "key":
            owner = next((one for one in home.officers.values() if data["kid"] in one.keys), None)
            require(owner and (owner.keys[data["kid"]] or act == "compromised"), "key-unknown")
            owner.keys[data["kid"]] = False

    # --- streams `case/…` and `contact/…` ---

    def _on_case(self, said, officer):
        role, to = "importer" if self.clock == "imported" else "casework", said["data"].get("to")
        require(officer and role in officer.roles, "role-missing")
        require(GRANT_OF_ROLE[role] in self.agencies[said["iss"]].grants, "role-not-granted")
        require(role == "casework" or "occurred" in said, "occurred-missing")
        require(said["type"].partition(".")[0] not in REGISTRY_LABELS, "type-not-here")
        named = {said["iss"]}
        if "to" in said["data"]:
            addressed = to.get("agency") if isinstance(to, dict) else None
            require(isinstance(addressed, str) and addressed in self.agencies
                    and not self.agencies[addressed].removed, "agency-unknown")
            named.add(addressed)
        parties = self.parties.setdefault(said["stream"], set())
        require(said["seq"] == 0 or self._now(said["iss"]) in map(self._now, parties), "not-a-party")
        parties |= named
